import { StreamLanguage, type StringStream } from '@codemirror/language';

interface State {
  /** What a string or a comment ends with, while it is open over lines. */
  within: '`' | '*/' | undefined;
  /** How many brackets are open, for the indentation. */
  depth: number;
}

const keywords = /^(?:const|let|var|function|return|new|async|await)$/;
const atoms = /^(?:true|false|null|undefined|NaN|Infinity)$/;

/** Reads to the end of a string or of the line; tells whether the string has ended. */
function finish(stream: StringStream, mark: string): boolean {
  for (let c = stream.next(); c !== undefined; c = stream.next()) {
    if (c === '\\' && mark !== '*/') {
      stream.next();
    } else if (mark === '*/' ? c === '*' && stream.eat('/') : c === mark) {
      return true;
    }
  }
  return false;
}

function token(stream: StringStream, state: State): string | null {
  if (state.within) {
    const mark = state.within;
    if (finish(stream, mark)) {
      state.within = undefined;
    }
    return mark === '`' ? 'string' : 'comment';
  }
  if (stream.eatSpace()) {
    return null;
  }
  if (stream.match('//')) {
    stream.skipToEnd();
    return 'comment';
  }
  if (stream.match('/*')) {
    state.within = finish(stream, '*/') ? undefined : '*/';
    return 'comment';
  }
  if (stream.match(/^(?:0[xX][\da-fA-F]+|\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)/)) {
    return 'number';
  }
  const word = stream.match(/^[\p{L}_$][\p{L}\p{N}_$]*/u) as RegExpMatchArray | null;
  if (word) {
    return wordStyle(word[0], stream);
  }
  const c = stream.next()!;
  if (c === '"' || c === "'" || c === '`') {
    const ended = finish(stream, c);
    if (c === '`' && !ended) {
      state.within = '`';
    }
    return /^\s*:/.test(stream.string.slice(stream.pos)) ? 'propertyName' : 'string';
  }
  if ('([{'.includes(c)) {
    state.depth++;
  } else if (')]}'.includes(c)) {
    state.depth = Math.max(state.depth - 1, 0);
  }
  return 'punctuation';
}

function wordStyle(word: string, stream: StringStream): string {
  const after = stream.string.slice(stream.pos);
  if (stream.string.slice(0, stream.pos - word.length).trimEnd().endsWith('.')) {
    return /^\s*\(/.test(after) ? 'propertyName.function' : 'propertyName';
  }
  return keywords.test(word) ? 'keyword' : atoms.test(word) ? 'atom' : /^\s*:/.test(after) ? 'propertyName' : 'variableName';
}

/** JavaScript, as far as colours and indentation need it; parse.ts is who understands it. */
export const queryLanguage = StreamLanguage.define<State>({
  name: 'reql',
  startState: () => ({ within: undefined, depth: 0 }),
  token,
  indent: (state, after, { unit }) => state.within ? null : (state.depth - (/^[)\]}]/.test(after) ? 1 : 0) + (state.depth === 0 && after.startsWith('.') ? 1 : 0)) * unit,
  languageData: { commentTokens: { line: '//', block: { open: '/*', close: '*/' } }, closeBrackets: { brackets: ['(', '[', '{', '"', "'", '`'] }, indentOnInput: /^\s*[)\]}.]$/ },
});
