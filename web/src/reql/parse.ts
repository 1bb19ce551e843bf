// Reads queries in the syntax of the published JavaScript driver. The text is parsed and never run: what it may say is what
// this file knows, so that a query can neither reach the page nor keep it busy.

import type { AnyNode, CallExpression, Expression, MemberExpression, ObjectExpression, Pattern, SpreadElement, Statement, VariableDeclaration } from 'acorn';

import { Builder, memberHint } from './build.ts';
import { evaluateBinary, evaluateNew, evaluateUnary, operatorHint } from './literal.ts';
import { syntaxTree } from './syntax.ts';
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
      if (statement.type === 'VariableDeclaration') {
        reader.declare(statement, scope);
      } else if (statement.type === 'ExpressionStatement') {
        const query = reader.query(statement.expression, scope);
        if (query !== undefined) {
          queries.push(query);
        } else if (statement === program.at(-1)) {
          throw new QueryError('Last query was not a RethinkDB query.', spanOf(statement));
        }
      } else if (statement.type !== 'EmptyStatement') {
        throw new QueryError('Queries are expressions: there is nothing here that could run statements of JavaScript.', spanOf(statement));
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

  declare(node: VariableDeclaration, scope: Scope): void {
    for (const { id, init } of node.declarations) {
      scope.declare(nameOf(id), init ? this.evaluate(init, scope) : undefined);
    }
  }

  private sourced(node: Expression, scope: Scope): Sourced {
    return { value: this.evaluate(node, scope), ...spanOf(node) };
  }

  private evaluate(node: Expression, scope: Scope): Value {
    switch (node.type) {
      case 'Literal':
        if (node.regex) {
          throw new QueryError('Regular expressions are strings in ReQL: .match("…").', spanOf(node));
        }
        if (typeof node.value === 'bigint') {
          throw new QueryError('Numbers in ReQL have 64 bits of floating point: leave out the n.', spanOf(node));
        }
        return node.value as string | number | boolean | null;
      case 'TemplateLiteral':
        return node.quasis.map((part, i) => {
          const hole = node.expressions[i];
          return (part.value.cooked ?? '') + (hole ? textOf(this.sourced(hole, scope)) : '');
        }).join('');
      case 'Identifier':
        return this.name(node.name, scope, spanOf(node));
      case 'ArrayExpression':
        return new List(node.elements.flatMap(element => {
          if (element === null) {
            throw new QueryError('An element of the array is missing.', spanOf(node));
          }
          return this.elements(element, scope);
        }));
      case 'ObjectExpression':
        return this.object(node, scope);
      case 'ArrowFunctionExpression':
      case 'FunctionExpression':
        if (node.async || node.generator) {
          throw new QueryError('A function of a query is called once, to see what it makes of its arguments: it can be neither async nor a generator.', spanOf(node));
        }
        return new Closure(node.params, node.body, scope, spanOf(node));
      case 'MemberExpression':
        return this.member(node, scope);
      case 'CallExpression':
        return this.call(node, scope);
      case 'NewExpression':
        return evaluateNew(node, node.arguments.flatMap(arg => this.elements(arg, scope)));
      case 'UnaryExpression':
        return evaluateUnary(node.operator, this.sourced(node.argument, scope), spanOf(node));
      case 'BinaryExpression':
        if (node.left.type === 'PrivateIdentifier') {
          throw new QueryError('There are no classes in queries.', spanOf(node));
        }
        return evaluateBinary(node.operator, this.sourced(node.left, scope), this.sourced(node.right, scope), spanOf(node));
      case 'LogicalExpression':
      case 'ConditionalExpression':
        throw new QueryError(operatorHint(node.type === 'ConditionalExpression' ? '?:' : node.operator), spanOf(node));
      case 'ParenthesizedExpression':
        return this.evaluate(node.expression, scope);
      case 'AwaitExpression':
        throw new QueryError('There is nothing to wait for: leave out await.', spanOf(node));
      default:
        throw new QueryError('This is JavaScript, but not of the kind that queries are made of.', spanOf(node));
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
  private elements(node: Expression | SpreadElement, scope: Scope): readonly Sourced[] {
    if (node.type !== 'SpreadElement') {
      return [this.sourced(node, scope)];
    }
    const value = this.evaluate(node.argument, scope);
    if (!(value instanceof List)) {
      throw new QueryError('Only an array that is written out can be spread. For one of the server there is r.args(…).', spanOf(node));
    }
    return value.items;
  }

  private object(node: ObjectExpression, scope: Scope): Fields {
    const entries = new Map<string, Sourced>();
    for (const property of node.properties) {
      if (property.type === 'SpreadElement') {
        const value = this.evaluate(property.argument, scope);
        if (!(value instanceof Fields)) {
          throw new QueryError('Only an object that is written out can be spread. For one of the server there is .merge(…).', spanOf(property));
        }
        value.entries.forEach((field, name) => entries.set(name, field));
        continue;
      }
      if (property.kind !== 'init') {
        throw new QueryError('Fields have values, not getters and setters.', spanOf(property));
      }
      const { key } = property;
      const name = property.computed ? textOf(this.sourced(key, scope)) : key.type === 'Identifier' ? key.name : key.type === 'Literal' ? String(key.value) : '';
      entries.set(name, this.sourced(property.value, scope));
    }
    return new Fields(entries);
  }

  private member(node: MemberExpression, scope: Scope): Value {
    if (node.object.type === 'Super' || node.property.type === 'PrivateIdentifier') {
      throw new QueryError('There are no classes in queries.', spanOf(node));
    }
    if (node.optional) {
      throw new QueryError('Instead of ?. there is .default(…).', spanOf(node));
    }
    const name = node.computed ? textOf(this.sourced(node.property, scope)) : node.property.type === 'Identifier' ? node.property.name : '';
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
    if (node.callee.type === 'Super') {
      throw new QueryError('There are no classes in queries.', spanOf(node));
    }
    const bytes = this.bufferFrom(node, scope);
    if (bytes !== undefined) {
      return bytes;
    }
    const callee = this.evaluate(node.callee, scope);
    if (callee instanceof Member && callee.name === 'run') { // whatever its arguments are
      throw new QueryError(memberHint(callee), callee.nameSpan);
    }
    const args = node.arguments.flatMap(arg => this.elements(arg, scope));
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
    if (callee.type !== 'MemberExpression' || callee.object.type !== 'Identifier' || callee.object.name !== 'Buffer' || scope.has('Buffer')) {
      return undefined;
    }
    const [text, encoding] = node.arguments.flatMap(arg => this.elements(arg, scope)).map(arg => arg.value);
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
    closure.params.forEach((param, i) => scope.declare(nameOf(param), args[i]));
    const value = closure.body.type === 'BlockStatement' ? this.block(closure.body.body, scope) : this.evaluate(closure.body, scope);
    this.depth--;
    return value;
  }

  private block(statements: readonly Statement[], scope: Scope): Value {
    for (const statement of statements) {
      switch (statement.type) {
        case 'VariableDeclaration':
          this.declare(statement, scope);
          break;
        case 'ReturnStatement':
          return statement.argument ? this.evaluate(statement.argument, scope) : undefined;
        case 'EmptyStatement':
          break;
        case 'IfStatement':
          throw new QueryError('A function of a query is called once, before there are rows: instead of if, use r.branch(test, then, otherwise).', spanOf(statement));
        default:
          throw new QueryError('A function of a query has declarations and a return, nothing else.', spanOf(statement));
      }
    }
    return undefined;
  }
}

function nameOf(pattern: Pattern | AnyNode): string {
  if (pattern.type !== 'Identifier') {
    throw new QueryError('Only a plain name can stand here.', spanOf(pattern));
  }
  return pattern.name;
}

function textOf({ value, ...span }: Sourced): string {
  if (typeof value === 'string' || typeof value === 'number') {
    return String(value);
  }
  throw new QueryError('This has to be a string or a number of JavaScript. Terms are joined with .add(…) and .coerceTo("string").', span);
}
