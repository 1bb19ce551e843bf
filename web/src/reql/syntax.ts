// The syntax of JavaScript, as far as queries need it: expressions, functions, declarations. What else there is in JavaScript is
// recognized where people may try it, and refused in words.

import { SyntaxProblem, tokensOf, type Token } from './lexer.ts';
import { lineAndPosition, placeAt } from './place.ts';
import { QueryError, type Span } from './term.ts';

interface Node {
  readonly start: number;
  readonly end: number;
}

export type Expression = Node & (
  | { readonly type: 'Literal'; readonly value: null | boolean | number | string }
  | { readonly type: 'Template'; readonly parts: readonly string[]; readonly holes: readonly Expression[] }
  | { readonly type: 'Name'; readonly name: string }
  | { readonly type: 'Array'; readonly elements: readonly Element[] }
  | ObjectExpression | FunctionExpression | MemberExpression | CallExpression | NewExpression
  | { readonly type: 'Unary'; readonly operator: string; readonly argument: Expression }
  | { readonly type: 'Binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly type: 'Conditional' });

/** An element or an argument; with `spread` it stands for several. */
export interface Element extends Node {
  readonly spread: boolean;
  readonly value: Expression;
}

/** A field; without a key, those of the object that is spread. */
export interface Field extends Node {
  readonly key: Expression | string | undefined;
  readonly value: Expression;
}

export type ObjectExpression = Node & { readonly type: 'Object'; readonly fields: readonly Field[] };
export type FunctionExpression = Node & { readonly type: 'Function'; readonly params: readonly Param[]; readonly body: Expression | Block };
export type MemberExpression = Node & { readonly type: 'Member'; readonly object: Expression; readonly property: Expression | Param };
export type CallExpression = Node & { readonly type: 'Call'; readonly callee: Expression; readonly args: readonly Element[] };
export type NewExpression = Node & { readonly type: 'New'; readonly callee: Expression; readonly args: readonly Element[] };

/** A name by itself: of a parameter, or after a dot. */
export type Param = Node & { readonly type: 'Param'; readonly name: string };
export type Block = Node & { readonly type: 'Block'; readonly statements: readonly Statement[] };
export type Declaration = Node & { readonly type: 'Declaration'; readonly names: readonly { readonly name: string; readonly value: Expression | undefined }[] };
export type Statement = Declaration
  | (Node & { readonly type: 'Expression'; readonly expression: Expression })
  | (Node & { readonly type: 'Return'; readonly value: Expression | undefined });

/** How tight operators of two values bind. */
const precedence: Readonly<Record<string, number>> = {
  '??': 1, '||': 2, '&&': 3, '|': 4, '^': 5, '&': 6, '==': 7, '!=': 7, '===': 7, '!==': 7, '<': 8, '>': 8, '<=': 8, '>=': 8, in: 8, instanceof: 8,
  '<<': 9, '>>': 9, '>>>': 9, '+': 10, '-': 10, '*': 11, '/': 11, '%': 11, '**': 12,
};
const unary = new Set(['-', '+', '!', '~', 'typeof', 'void', 'delete']);
const assignments = new Set(['=', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '++', '--']);
const statementWords = new Set(['if', 'for', 'while', 'do', 'switch', 'try', 'throw', 'break', 'continue', 'with', 'debugger', 'export', 'class']);
const otherWords = new Set(['import', 'class', 'this', 'super', 'yield', ...statementWords]);

/** The statements of a text in JavaScript's syntax. Throws QueryError. */
export function syntaxTree(text: string): readonly Statement[] {
  try {
    return new Parser(tokensOf(text)).program();
  } catch (error) {
    if (error instanceof RangeError) { // of the engine: its stack is full
      throw new QueryError('The query is nested too deeply.', { from: 0, to: text.length });
    }
    throw error instanceof SyntaxProblem ? syntaxError(text, error) : error;
  }
}

/** Says what is wrong in words, and where in numbers that begin at 1. Brackets without a partner are to blame before anything else. */
function syntaxError(text: string, { message, span }: SyntaxProblem): QueryError {
  const { open, unmatched } = placeAt(text, text.length);
  const last = open.at(-1);
  let { from, to } = span;
  let what = message;
  if (unmatched !== undefined) {
    from = unmatched;
    what = `missing opening bracket for ${text[unmatched]}`;
  } else if (last !== undefined && from >= text.length && !'"\'`'.includes(last.mark)) {
    from = last.at;
    what = `missing closing bracket for ${last.mark}`;
  }
  from = Math.min(from, Math.max(text.length - 1, 0));
  to = from === span.from ? to : from + 1;
  const { line, position } = lineAndPosition(text, from);
  return new QueryError(`Syntax error, ${what} (line ${line}, position ${position}).`, { from, to });
}

const spanOf = ({ start, end }: Node): Span => ({ from: start, to: end });
const notOfTheKind = 'This is JavaScript, but not of the kind that queries are made of.';

class Parser {
  private readonly tokens: readonly Token[];
  /** Where brackets close, by where they open. */
  private readonly closing = new Map<number, number>();
  private at = 0;
  private functions = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
    const open: number[] = [];
    tokens.forEach((token, i) => {
      if (token.kind === 'punctuator' && '([{'.includes(token.text)) {
        open.push(i);
      } else if (token.kind === 'punctuator' && ')]}'.includes(token.text) && open.length > 0) {
        this.closing.set(open.pop()!, i);
      }
    });
  }

  program(): readonly Statement[] {
    const statements: Statement[] = [];
    while (this.next.kind !== 'end') {
      this.statement(statements);
    }
    return statements;
  }

  /** The expression that is all there is. */
  whole(): Expression {
    const value = this.expression();
    if (this.next.kind !== 'end') {
      throw this.unexpected();
    }
    return value;
  }

  private get next(): Token { return this.tokens[this.at]!; }

  private textAt(at: number): string | undefined {
    const token = this.tokens[at];
    return token?.kind === 'punctuator' || token?.kind === 'name' ? token.text : undefined;
  }

  private is(text: string): boolean { return this.textAt(this.at) === text; }

  private take(text: string): boolean {
    const found = this.is(text);
    this.at += found ? 1 : 0;
    return found;
  }

  private expect(text: string): Token {
    const token = this.next;
    if (!this.take(text)) {
      throw this.unexpected();
    }
    return token;
  }

  private unexpected(): SyntaxProblem { return new SyntaxProblem(this.next.kind === 'end' ? 'unexpected end' : 'unexpected token', spanOf(this.next)); }

  private get last(): Token { return this.tokens[this.at - 1]!; }

  private statement(into: Statement[]): void {
    if (this.take(';')) {
      return;
    }
    const { start } = this.next;
    const word = this.next.kind === 'name' ? this.next.text : '';
    const declares = /^(?:let|const|var)$/.test(word) && (this.tokens[this.at + 1]?.kind === 'name' || /^[[{]$/.test(this.textAt(this.at + 1) ?? ''));
    if (statementWords.has(word) || (word === 'function' && this.tokens[this.at + 1]?.kind === 'name') || (word === 'return' && this.functions === 0)) {
      throw new QueryError(this.functions === 0 ? 'Queries are expressions: there is nothing here that could run statements of JavaScript.'
        : word === 'if' ? 'A function of a query is called once, before there are rows: instead of if, use r.branch(test, then, otherwise).'
        : 'A function of a query has declarations and a return, nothing else.', spanOf(this.next));
    }
    if (declares) {
      this.at++;
      const names: Declaration['names'][number][] = [];
      do {
        const { name } = this.param();
        names.push({ name, value: this.take('=') ? this.expression() : undefined });
      } while (this.take(','));
      into.push({ type: 'Declaration', names, start, end: this.last.end });
    } else if (word === 'return') {
      this.at++;
      const value = this.is(';') || this.is('}') || this.next.newLine || this.next.kind === 'end' ? undefined : this.expression();
      into.push({ type: 'Return', value, start, end: this.last.end });
    } else {
      const expression = this.expression();
      into.push({ type: 'Expression', expression, start, end: this.last.end });
    }
    if (!this.take(';') && !this.is('}') && !this.next.newLine && this.next.kind !== 'end') {
      throw this.is(',') ? new QueryError(notOfTheKind, spanOf(this.next)) : this.unexpected();
    }
  }

  private param(): Param {
    const token = this.next;
    if (token.kind !== 'name') {
      throw this.is('{') || this.is('[') || this.is('...') ? new QueryError('Only a plain name can stand here.', spanOf(token)) : this.unexpected();
    }
    this.at++;
    return { type: 'Param', name: token.text, start: token.start, end: token.end };
  }

  private expression(): Expression {
    const { start } = this.next;
    if (this.is('async') && (this.textAt(this.at + 1) === 'function' || this.arrowAt(this.at + 1))) {
      throw new QueryError('A function of a query is called once, to see what it makes of its arguments: it can be neither async nor a generator.', spanOf(this.next));
    }
    if (this.arrowAt(this.at)) {
      return this.arrow();
    }
    const value = this.binary(0);
    if (this.take('?')) {
      this.expression();
      this.expect(':');
      this.expression();
      return { type: 'Conditional', start, end: this.last.end };
    }
    if (assignments.has(this.textAt(this.at) ?? '') && !(this.next.newLine && (this.is('++') || this.is('--')))) {
      throw new QueryError(notOfTheKind, spanOf(this.next));
    }
    return value;
  }

  /** Whether a function with => begins at a token: its parameters are a name, or stand in brackets. */
  private arrowAt(at: number): boolean {
    if (this.tokens[at]?.kind === 'name') {
      return this.textAt(at + 1) === '=>';
    }
    const close = this.textAt(at) === '(' ? this.closing.get(at) : undefined;
    return close !== undefined && this.textAt(close + 1) === '=>';
  }

  private arrow(): Expression {
    const { start } = this.next;
    const params = this.is('(') ? this.params() : [this.param()];
    this.expect('=>');
    this.functions++;
    const body = this.is('{') ? this.block() : this.expression();
    this.functions--;
    return { type: 'Function', params, body, start, end: body.end };
  }

  private params(): readonly Param[] {
    this.expect('(');
    const params: Param[] = [];
    while (!this.take(')')) {
      params.push(this.param());
      if (this.is('=')) {
        throw new QueryError('Only a plain name can stand here.', spanOf(this.next));
      }
      if (!this.is(')')) {
        this.expect(',');
      }
    }
    return params;
  }

  private block(): Block {
    const { start } = this.expect('{');
    const statements: Statement[] = [];
    while (!this.take('}')) {
      this.statement(statements);
    }
    return { type: 'Block', statements, start, end: this.last.end };
  }

  private binary(tighterThan: number): Expression {
    let left = this.unary();
    for (;;) {
      const operator = this.textAt(this.at) ?? '';
      const binds = Object.hasOwn(precedence, operator) ? precedence[operator]! : 0;
      if (binds <= tighterThan) {
        return left;
      }
      this.at++;
      const right = this.binary(operator === '**' ? binds - 1 : binds);
      left = { type: 'Binary', operator, left, right, start: left.start, end: right.end };
    }
  }

  private unary(): Expression {
    const token = this.next;
    const operator = this.textAt(this.at) ?? '';
    if (operator === 'await' && this.tokens[this.at + 1]?.kind === 'name') {
      throw new QueryError('There is nothing to wait for: leave out await.', spanOf(token));
    }
    if (operator === '++' || operator === '--') {
      throw new QueryError(notOfTheKind, spanOf(token));
    }
    if (!unary.has(operator)) {
      return this.postfix(this.primary());
    }
    this.at++;
    const argument = this.unary();
    return { type: 'Unary', operator, argument, start: token.start, end: argument.end };
  }

  /** What follows a value: calls, members, fields in brackets. */
  private postfix(value: Expression): Expression {
    const { start } = value;
    if (this.is('.') || this.is('[')) {
      return this.postfix({ type: 'Member', object: value, property: this.property(), start, end: this.last.end });
    }
    if (this.is('(')) {
      return this.postfix({ type: 'Call', callee: value, args: this.elements('(', ')'), start, end: this.last.end });
    }
    if (this.is('?.')) {
      throw new QueryError('Instead of ?. there is .default(…).', spanOf(this.next));
    }
    if (this.next.kind === 'template') {
      throw new QueryError(notOfTheKind, spanOf(this.next));
    }
    return value;
  }

  private property(): Expression | Param {
    if (this.take('[')) {
      const property = this.expression();
      this.expect(']');
      return property;
    }
    this.expect('.');
    return this.param();
  }

  /** Arguments, or the elements of an array. */
  private elements(left: string, right: string): readonly Element[] {
    this.expect(left);
    const elements: Element[] = [];
    while (!this.take(right)) {
      if (left === '[' && this.is(',')) {
        throw new QueryError('An element of the array is missing.', spanOf(this.next));
      }
      const { start } = this.next;
      const spread = this.take('...');
      const value = this.expression();
      elements.push({ spread, value, start, end: value.end });
      if (!this.is(right)) {
        this.expect(',');
      }
    }
    return elements;
  }

  private primary(): Expression {
    const token = this.next;
    const { start, end } = token;
    switch (token.kind) {
      case 'number':
      case 'string':
        this.at++;
        return { type: 'Literal', value: token.value, start, end };
      case 'template':
        this.at++;
        return { type: 'Template', parts: token.parts, holes: token.holes.map(hole => new Parser(hole).whole()), start, end };
      case 'name':
        return this.word(token.text, token);
      case 'end':
        throw this.unexpected();
    }
    switch (token.text) {
      case '(': {
        this.at++;
        const value = this.expression();
        if (this.is(',')) {
          throw new QueryError(notOfTheKind, spanOf(this.next));
        }
        this.expect(')');
        return value;
      }
      case '[':
        return { type: 'Array', elements: this.elements('[', ']'), start, end: this.last.end };
      case '{':
        return this.object();
    }
    throw this.unexpected();
  }

  private word(text: string, { start, end }: Token): Expression {
    this.at++;
    switch (text) {
      case 'true':
      case 'false':
        return { type: 'Literal', value: text === 'true', start, end };
      case 'null':
        return { type: 'Literal', value: null, start, end };
      case 'function':
        return this.function(start);
      case 'new': {
        let callee = this.primary();
        while (this.is('.') || this.is('[')) {
          callee = { type: 'Member', object: callee, property: this.property(), start: callee.start, end: this.last.end };
        }
        return { type: 'New', callee, args: this.is('(') ? this.elements('(', ')') : [], start, end: this.last.end };
      }
    }
    if (otherWords.has(text)) {
      throw new QueryError(notOfTheKind, { from: start, to: end });
    }
    return { type: 'Name', name: text, start, end };
  }

  private function(start: number): FunctionExpression {
    if (this.is('*')) {
      throw new QueryError('A function of a query is called once, to see what it makes of its arguments: it can be neither async nor a generator.', { from: start, to: this.next.end });
    }
    if (this.next.kind === 'name') {
      this.at++; // its own name, which nobody needs
    }
    return this.rest(start);
  }

  /** The parameters and the body of a function. */
  private rest(start: number): FunctionExpression {
    const params = this.params();
    this.functions++;
    const body = this.block();
    this.functions--;
    return { type: 'Function', params, body, start, end: body.end };
  }

  private object(): Expression {
    const { start } = this.expect('{');
    const fields: Field[] = [];
    while (!this.take('}')) {
      fields.push(this.field());
      if (!this.is('}')) {
        this.expect(',');
      }
    }
    return { type: 'Object', fields, start, end: this.last.end };
  }

  private field(): Field {
    const token = this.next;
    const { start } = token;
    if (this.take('...')) {
      const value = this.expression();
      return { key: undefined, value, start, end: value.end };
    }
    const key = this.fieldName();
    if (token.kind === 'name' && (token.text === 'get' || token.text === 'set') && !this.is(':') && !this.is(',') && !this.is('}') && !this.is('(')) {
      throw new QueryError('Fields have values, not getters and setters.', spanOf(token));
    }
    if (this.is('(')) {
      const value = this.rest(start);
      return { key, value, start, end: value.end };
    }
    if (token.kind === 'name' && !this.is(':')) { // the name stands for its value, too
      return { key, value: { type: 'Name', name: token.text, start, end: token.end }, start, end: token.end };
    }
    this.expect(':');
    const value = this.expression();
    return { key, value, start, end: value.end };
  }

  private fieldName(): Expression | string {
    const token = this.next;
    if (this.take('[')) {
      const key = this.expression();
      this.expect(']');
      return key;
    }
    switch (token.kind) {
      case 'name':
        this.at++;
        return token.text;
      case 'string':
      case 'number':
        this.at++;
        return String(token.value);
    }
    throw this.unexpected();
  }
}
