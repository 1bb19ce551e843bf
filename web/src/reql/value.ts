import type { Block, Expression, Param } from './syntax.ts';
import type { Span, Term } from './term.ts';

/** What an expression of the query's text stands for, before it becomes a term. */
export type Value = undefined | null | boolean | number | string | List | Fields | Closure | Bytes | Moment | Term | Namespace | Member;

/** A value and the text that it was written as. */
export interface Sourced extends Span {
  readonly value: Value;
}

/** An array of JavaScript. */
export class List {
  readonly items: readonly Sourced[];
  constructor(items: readonly Sourced[]) { this.items = items; }
}

/** An object of JavaScript. */
export class Fields {
  readonly entries: ReadonlyMap<string, Sourced>;
  constructor(entries: ReadonlyMap<string, Sourced>) { this.entries = entries; }
}

/** A Date. */
export class Moment {
  readonly date: Date;
  constructor(date: Date) { this.date = date; }
}

/** A Buffer. */
export class Bytes {
  readonly base64: string;
  constructor(base64: string) { this.base64 = base64; }
}

/** The names that are known at a place. */
export class Scope {
  private readonly names = new Map<string, Value>();
  private readonly outer: Scope | undefined;

  constructor(outer?: Scope) { this.outer = outer; }

  declare(name: string, value: Value): void { this.names.set(name, value); }

  has(name: string): boolean { return this.names.has(name) || (this.outer?.has(name) ?? false); }

  get(name: string): Value { return this.names.has(name) ? this.names.get(name) : this.outer?.get(name); }
}

/** A function of the query's text. */
export class Closure {
  readonly params: readonly Param[];
  readonly body: Expression | Block;
  readonly scope: Scope;
  readonly span: Span;

  constructor(params: readonly Param[], body: Expression | Block, scope: Scope, span: Span) {
    this.params = params;
    this.body = body;
    this.scope = scope;
    this.span = span;
  }
}

/** r itself. */
export class Namespace {}

/** r.name or term.name that is not called yet. */
export class Member {
  readonly receiver: Term | Namespace;
  readonly name: string;
  readonly nameSpan: Span;

  constructor(receiver: Term | Namespace, name: string, nameSpan: Span) {
    this.receiver = receiver;
    this.name = name;
    this.nameSpan = nameSpan;
  }
}
