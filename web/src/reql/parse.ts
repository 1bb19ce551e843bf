// Reads queries in the syntax of the published JavaScript driver. The text is parsed and never run: what it may say is what
// this file knows, so that a query can neither reach the page nor keep it busy.

import { Builder, memberHint } from './build.ts';
import { evaluateBinary, evaluateNew, evaluateUnary, operatorHint } from './literal.ts';
import { syntaxTree, type CallExpression, type Declaration, type Element, type Expression, type MemberExpression, type ObjectExpression, type Statement } from './syntax.ts';
import { QueryError, Term, type Span } from './term.ts';
import { constants } from './terms.ts';
import { Bytes, Closure, Fields, List, Member, Namespace, Scope, type Sourced, type Value } from './value.ts';

/** Calls of the text's own functions within each other; more is a function that calls itself. */
const maxDepth = 100;

/**
 * The queries of a text, which are separated by semicolons or lines. Parameters are names that the text may use; they stand
 * for values, so that nothing has to be quoted. Throws QueryError.
 */
export function parse(text: string, parameters: Readonly<Record<string, Value>> = {}): Term[] {
  const program = syntaxTree(text);
  const reader = new Reader();
  const scope = new Scope();
  Object.entries(parameters).forEach(([name, value]) => scope.declare(name, value));
  const queries: Term[] = [];
  try {
    for (const statement of program) {
      if (statement.type === 'Declaration') {
        reader.declare(statement, scope);
      } else if (statement.type === 'Expression') {
        const query = reader.query(statement.expression, scope);
        if (query !== undefined) {
          queries.push(query);
        } else if (statement === program.at(-1)) {
          throw new QueryError('Last query was not a RethinkDB query.', spanOf(statement));
        }
      }
    }
  } catch (error) {
    if (error instanceof RangeError) { // of the engine: its stack is full
      throw new QueryError('The query is nested too deeply.', { from: 0, to: text.length });
    }
    throw error;
  }
  if (queries.length === 0) {
    throw new QueryError('No query found', { from: 0, to: text.length });
  }
  return queries;
}

const spanOf = (node: { start: number; end: number }): Span => ({ from: node.start, to: node.end });

class Reader {
  private depth = 0;
  private readonly builder = new Builder((closure, args) => this.apply(closure, args));

  /** The query that an expression is; undefined for a value of JavaScript. */
  query(node: Expression, scope: Scope): Term | undefined {
    const value = this.evaluate(node, scope);
    const complete = value instanceof Term || value instanceof Member || value instanceof Namespace; // expr tells what the latter two lack
    return complete ? this.builder.expr({ value, ...spanOf(node) }) : undefined;
  }

  declare({ names }: Declaration, scope: Scope): void {
    for (const { name, value } of names) {
      scope.declare(name, value ? this.evaluate(value, scope) : undefined);
    }
  }

  private sourced(node: Expression, scope: Scope): Sourced {
    return { value: this.evaluate(node, scope), ...spanOf(node) };
  }

  private evaluate(node: Expression, scope: Scope): Value {
    switch (node.type) {
      case 'Literal':
        return node.value;
      case 'Template':
        return node.parts.map((part, i) => {
          const hole = node.holes[i];
          return part + (hole ? textOf(this.sourced(hole, scope)) : '');
        }).join('');
      case 'Name':
        return this.name(node.name, scope, spanOf(node));
      case 'Array':
        return new List(node.elements.flatMap(element => this.elements(element, scope)));
      case 'Object':
        return this.object(node, scope);
      case 'Function':
        return new Closure(node.params, node.body, scope, spanOf(node));
      case 'Member':
        return this.member(node, scope);
      case 'Call':
        return this.call(node, scope);
      case 'New':
        return evaluateNew(node, node.args.flatMap(arg => this.elements(arg, scope)));
      case 'Unary':
        return evaluateUnary(node.operator, this.sourced(node.argument, scope), spanOf(node));
      case 'Binary':
        return evaluateBinary(node.operator, this.sourced(node.left, scope), this.sourced(node.right, scope), spanOf(node));
      case 'Conditional':
        throw new QueryError(operatorHint('?:'), spanOf(node));
    }
  }

  private name(name: string, scope: Scope, span: Span): Value {
    if (scope.has(name)) {
      return scope.get(name);
    }
    switch (name) {
      case 'r':
        return new Namespace();
      case 'undefined':
        return undefined;
      case 'NaN':
        return NaN;
      case 'Infinity':
        return Infinity;
    }
    throw new QueryError(`${name} is not defined.`, span);
  }

  /** An argument or an element; with ... it is several. */
  private elements(element: Element, scope: Scope): readonly Sourced[] {
    if (!element.spread) {
      return [this.sourced(element.value, scope)];
    }
    const value = this.evaluate(element.value, scope);
    if (!(value instanceof List)) {
      throw new QueryError('Only an array that is written out can be spread. For one of the server there is r.args(…).', spanOf(element));
    }
    return value.items;
  }

  private object(node: ObjectExpression, scope: Scope): Fields {
    const entries = new Map<string, Sourced>();
    for (const field of node.fields) {
      if (field.key !== undefined) {
        const name = typeof field.key === 'string' ? field.key : textOf(this.sourced(field.key, scope));
        entries.set(name, this.sourced(field.value, scope));
        continue;
      }
      const value = this.evaluate(field.value, scope);
      if (!(value instanceof Fields)) {
        throw new QueryError('Only an object that is written out can be spread. For one of the server there is .merge(…).', spanOf(field));
      }
      value.entries.forEach((inner, name) => entries.set(name, inner));
    }
    return new Fields(entries);
  }

  private member(node: MemberExpression, scope: Scope): Value {
    const { property } = node;
    const name = property.type === 'Param' ? property.name : textOf(this.sourced(property, scope));
    const object = this.evaluate(node.object, scope);
    if (object instanceof Namespace) {
      const type = Object.hasOwn(constants, name) ? constants[name] : undefined;
      return type === undefined ? new Member(object, name, spanOf(node.property)) : new Term(type, spanOf(node));
    }
    if (object instanceof Term) {
      return new Member(object, name, spanOf(node.property));
    }
    if (object instanceof Fields) {
      return object.entries.get(name)?.value;
    }
    if (object instanceof List && /^\d+$/.test(name)) {
      return object.items[Number(name)]?.value;
    }
    if (object instanceof Member) {
      throw new QueryError(memberHint(object), spanOf(node.object));
    }
    throw new QueryError(`A value of JavaScript has no terms: write r.expr(…).${name}.`, spanOf(node.object));
  }

  private call(node: CallExpression, scope: Scope): Value {
    const bytes = this.bufferFrom(node, scope);
    if (bytes !== undefined) {
      return bytes;
    }
    const callee = this.evaluate(node.callee, scope);
    if (callee instanceof Member && callee.name === 'run') { // whatever its arguments are
      throw new QueryError(memberHint(callee), callee.nameSpan);
    }
    const args = node.args.flatMap(arg => this.elements(arg, scope));
    const span = spanOf(node);
    if (callee instanceof Member) {
      return this.builder.call(callee, args, span);
    }
    if (callee instanceof Term) {
      return this.builder.bracket(callee, args, span);
    }
    if (callee instanceof Namespace) {
      return this.builder.call(new Member(callee, 'expr', spanOf(node.callee)), args, span);
    }
    if (callee instanceof Closure) {
      return this.apply(callee, args.map(arg => arg.value));
    }
    throw new QueryError('This is no function.', spanOf(node.callee));
  }

  /** Buffer.from(text[, encoding]), as examples for the driver have it. */
  private bufferFrom(node: CallExpression, scope: Scope): Bytes | undefined {
    const { callee } = node;
    if (callee.type !== 'Member' || callee.object.type !== 'Name' || callee.object.name !== 'Buffer' || scope.has('Buffer')) {
      return undefined;
    }
    const [text, encoding] = node.args.flatMap(arg => this.elements(arg, scope)).map(arg => arg.value);
    if (typeof text === 'string' && (encoding === undefined || encoding === 'utf8')) {
      return new Bytes(btoa(Array.from(new TextEncoder().encode(text), byte => String.fromCharCode(byte)).join('')));
    }
    if (typeof text === 'string' && encoding === 'base64' && /^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
      return new Bytes(text);
    }
    throw new QueryError('Binary data is written as Buffer.from("text") or Buffer.from("…", "base64").', spanOf(node));
  }

  /** What a function of the text makes of its arguments. */
  private apply(closure: Closure, args: readonly Value[]): Value {
    if (++this.depth > maxDepth) {
      throw new QueryError('The function calls itself without end.', closure.span);
    }
    const scope = new Scope(closure.scope);
    closure.params.forEach(({ name }, i) => scope.declare(name, args[i]));
    const value = closure.body.type === 'Block' ? this.block(closure.body.statements, scope) : this.evaluate(closure.body, scope);
    this.depth--;
    return value;
  }

  private block(statements: readonly Statement[], scope: Scope): Value {
    for (const statement of statements) {
      switch (statement.type) {
        case 'Declaration':
          this.declare(statement, scope);
          break;
        case 'Return':
          return statement.value ? this.evaluate(statement.value, scope) : undefined;
        default:
          throw new QueryError('A function of a query has declarations and a return, nothing else.', spanOf(statement));
      }
    }
    return undefined;
  }
}

function textOf({ value, ...span }: Sourced): string {
  if (typeof value === 'string' || typeof value === 'number') {
    return String(value);
  }
  throw new QueryError('This has to be a string or a number of JavaScript. Terms are joined with .add(…) and .coerceTo("string").', span);
}
