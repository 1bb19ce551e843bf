/** A bracket, or the mark of a string, that is open at a place of a text. */
export interface Open {
  readonly mark: string;
  readonly at: number;
}

export interface Place {
  /** What is open, the outermost first. */
  readonly open: readonly Open[];
  /** The string that the place is in. */
  readonly string: Open | undefined;
  readonly comment: boolean;
  /** The first closing bracket that closes nothing. */
  readonly unmatched: number | undefined;
  /** Where brackets that are closed begin, by where they end. */
  readonly pairs: ReadonlyMap<number, number>;
}

const closes: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** What is open at the place `end` of a text of JavaScript, which need not be complete. Regular expressions are not known. */
export function placeAt(text: string, end: number): Place {
  const open: Open[] = [];
  const pairs = new Map<number, number>();
  let unmatched: number | undefined;
  let comment = false;
  for (let i = 0; i < end; i++) {
    const c = text[i]!;
    const string = stringOf(open);
    if (string !== undefined) {
      if (c === '\\') {
        i++;
      } else if (c === string.mark || (c === '\n' && string.mark !== '`')) {
        open.pop();
      } else if (c === '$' && string.mark === '`' && text[i + 1] === '{') {
        open.push({ mark: '${', at: i++ });
      }
    } else if (c === '/' && (text[i + 1] === '/' || text[i + 1] === '*')) {
      const close = text[i + 1] === '/' ? '\n' : '*/';
      const found = text.indexOf(close, i + 2);
      const after = found < 0 ? Infinity : found + close.length;
      comment = after > end;
      i = after - 1;
    } else if (c === '"' || c === "'" || c === '`' || c === '(' || c === '[' || c === '{') {
      open.push({ mark: c, at: i });
    } else if (closes[c] !== undefined) {
      const last = open.at(-1);
      if (last?.mark === closes[c] || (c === '}' && last?.mark === '${')) {
        pairs.set(i, last.at);
        open.pop();
      } else {
        unmatched ??= i;
      }
    }
  }
  return { open, string: stringOf(open), comment, unmatched, pairs };
}

function stringOf(open: readonly Open[]): Open | undefined {
  const last = open.at(-1);
  return last !== undefined && '"\'`'.includes(last.mark) ? last : undefined;
}

/** A place for people: both numbers begin at 1. */
export function lineAndPosition(text: string, at: number): { line: number; position: number } {
  const before = text.slice(0, at);
  return { line: before.split('\n').length, position: at - before.lastIndexOf('\n') };
}
