import { Type } from './terms.ts';

/** A place in the text of a query: from inclusive, to exclusive. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A mistake in a query that shows before it is sent, and where it is. */
export class QueryError extends Error {
  readonly span: Span;

  constructor(message: string, span: Span) {
    super(message);
    this.span = { from: span.from, to: Math.max(span.to, span.from + 1) };
  }
}

/** JSON as it goes over the wire. */
export type Wire = null | boolean | number | string | Wire[] | { [key: string]: Wire };

/** A node of a query, which remembers the text that it was made of. */
export class Term {
  readonly type: number;
  readonly args: readonly Term[];
  readonly options: ReadonlyMap<string, Term>;
  readonly span: Span;
  /** Of a datum: what it is. */
  readonly data: Wire;

  constructor(type: number, span: Span, args: readonly Term[] = [], options: ReadonlyMap<string, Term> = new Map(), data: Wire = null) {
    this.type = type;
    this.span = span;
    this.args = args;
    this.options = options;
    this.data = data;
  }

  static datum(data: Wire, span: Span): Term {
    return new Term(Type.datum, span, [], new Map(), data);
  }

  /** The JSON that the server understands, as the published driver writes it. */
  wire(): Wire {
    // Object.fromEntries defines fields: a field named __proto__ is one like any other.
    const options = () => Object.fromEntries([...this.options].map(([name, value]) => [name, value.wire()]));
    switch (this.type) {
      case Type.datum:
        return this.data;
      case Type.makeObject:
        return options();
    }
    const wire: Wire[] = [this.type, this.args.map(arg => arg.wire())];
    if (this.options.size > 0) {
      wire.push(options());
    }
    return wire;
  }

  /** The term that a backtrace of the server names, or the last one on the way to it that is known. */
  find(backtrace: readonly (number | string)[]): Term {
    let at: Term = this;
    for (const step of backtrace) {
      const next = typeof step === 'number' ? at.args[step] : at.options.get(step);
      if (next === undefined) {
        break;
      }
      at = next;
    }
    return at;
  }

  /** Whether r.row is in it. */
  get hasRow(): boolean {
    return this.type === Type.implicitVariable || this.args.some(arg => arg.hasRow) || [...this.options.values()].some(o => o.hasRow);
  }
}
