import { QueryError } from './term.ts';

/** What is no JavaScript at all. Its message is the end of a sentence. */
export class SyntaxProblem extends QueryError {}

interface Base {
  readonly start: number;
  readonly end: number;
  /** A line ends before it, where a semicolon may be left out. */
  readonly newLine: boolean;
}

export type Token = Base & (
  | { readonly kind: 'name' | 'punctuator'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'template'; readonly parts: readonly string[]; readonly holes: readonly (readonly Token[])[] }
  | { readonly kind: 'end' });

const space = /(?:[^\S\n\r\u2028\u2029]|\/\/[^\n\r\u2028\u2029]*|[\n\r\u2028\u2029]|\/\*[^]*?\*\/)*/y;
const name = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const number = /0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y;
const punctuator = /\.\.\.|=>|===|!==|\*\*|==|!=|<=|>=|&&|\|\||\?\?|\?\.(?!\d)|<<|>>>|>>|\+\+|--|[-+*/%&|^]=|[{}()[\];,<>+\-*/%&|^!~?:=.]/y;
const regularExpression = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;

/** The words and signs of a text. Throws QueryError. */
export const tokensOf = (text: string): readonly Token[] => new Lexer(text).tokens(undefined).tokens;

class Lexer {
  private readonly text: string;
  private at = 0;

  constructor(text: string) { this.text = text; }

  /** Reads to the end, or to the bracket that closes the hole of a template which begins at `hole`. */
  tokens(hole: number | undefined): { tokens: readonly Token[]; end: number } {
    const tokens: Token[] = [];
    for (let depth = 0; ;) {
      const before = this.at;
      this.match(space);
      const newLine = /[\n\r\u2028\u2029]/.test(this.text.slice(before, this.at));
      const start = this.at;
      if (start >= this.text.length) {
        if (hole !== undefined) {
          throw new SyntaxProblem('missing closing bracket for ${', { from: hole, to: hole + 2 });
        }
        tokens.push({ kind: 'end', start, end: start, newLine });
        return { tokens, end: start };
      }
      const token = this.token(start, newLine, tokens.at(-1));
      if (token.kind === 'punctuator') {
        depth += token.text === '{' ? 1 : token.text === '}' ? -1 : 0;
        if (depth < 0 && hole !== undefined) {
          tokens.push({ kind: 'end', start, end: start, newLine });
          return { tokens, end: this.at };
        }
      }
      tokens.push(token);
    }
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  private token(start: number, newLine: boolean, before: Token | undefined): Token {
    const c = this.text[start]!;
    const made = () => ({ start, end: this.at, newLine });
    if (c === '"' || c === "'") {
      const value = this.string(c);
      return { kind: 'string', value, ...made() };
    }
    if (c === '`') {
      const { parts, holes } = this.template();
      return { kind: 'template', parts, holes, ...made() };
    }
    const word = this.match(name);
    if (word !== undefined) {
      return { kind: 'name', text: word, ...made() };
    }
    if (/^\.?\d/.test(this.text.slice(start, start + 2))) {
      return { kind: 'number', value: this.number(start), ...made() };
    }
    if (c === '/' && !endsValue(before) && this.match(regularExpression) !== undefined) {
      throw new QueryError('Regular expressions are strings in ReQL: .match("…").', { from: start, to: this.at });
    }
    const sign = this.match(punctuator);
    if (sign === undefined) {
      throw new SyntaxProblem(`unexpected character ${String.fromCodePoint(this.text.codePointAt(start)!)}`, { from: start, to: start + 1 });
    }
    return { kind: 'punctuator', text: sign, ...made() };
  }

  private number(start: number): number {
    const digits = this.match(number)!;
    const after = this.match(name);
    const span = { from: start, to: this.at };
    if (after === 'n') {
      throw new QueryError('Numbers in ReQL have 64 bits of floating point: leave out the n.', span);
    }
    if (after !== undefined || /^0[\d_]/.test(digits) || /_(?!\d)/.test(digits)) {
      throw new SyntaxProblem('invalid number', span);
    }
    return Number(digits.replaceAll('_', ''));
  }

  private string(quote: string): string {
    const start = this.at++;
    let value = '';
    for (;;) {
      const c = this.text[this.at++];
      if (c === quote) {
        return value;
      }
      if (c === undefined || c === '\n' || c === '\r') {
        throw new SyntaxProblem(`missing the ${quote} that ends the string`, { from: start, to: start + 1 });
      }
      value += c === '\\' ? this.escape() : c;
    }
  }

  private template(): { parts: readonly string[]; holes: readonly (readonly Token[])[] } {
    const start = this.at++;
    const parts: string[] = [], holes: (readonly Token[])[] = [];
    let value = '';
    for (;;) {
      const c = this.text[this.at++];
      if (c === undefined) {
        throw new SyntaxProblem('missing the ` that ends the string', { from: start, to: start + 1 });
      }
      if (c === '`') {
        return { parts: [...parts, value], holes };
      }
      if (c === '$' && this.text[this.at] === '{') {
        this.at++;
        parts.push(value);
        value = '';
        holes.push(this.tokens(this.at - 2).tokens);
      } else {
        value += c === '\\' ? this.escape() : c;
      }
    }
  }

  /** What stands after a backslash. */
  private escape(): string {
    const start = this.at - 1;
    const c = this.text[this.at++];
    switch (c) {
      case 'n': return '\n';
      case 't': return '\t';
      case 'r': return '\r';
      case 'b': return '\b';
      case 'f': return '\f';
      case 'v': return '\v';
      case '\r':
        this.at += this.text[this.at] === '\n' ? 1 : 0;
        return '';
      case '\n': case undefined: return '';
      case '0': return '\0';
      case 'x': case 'u': {
        const pattern = c === 'x' ? /[\da-fA-F]{2}/y : /[\da-fA-F]{4}|\{[\da-fA-F]+\}/y;
        const code = parseInt(this.match(pattern)?.replace('{', '') ?? '', 16);
        if (Number.isNaN(code) || code > 0x10ffff) {
          throw new SyntaxProblem('bad character escape sequence', { from: start, to: this.at });
        }
        return String.fromCodePoint(code);
      }
    }
    return c;
  }
}

/** Whether a token may be the last of a value, so that a slash after it divides. */
function endsValue(token: Token | undefined): boolean {
  return token !== undefined && (token.kind !== 'punctuator' || ')]}'.includes(token.text));
}
