import { QueryError, Term, type Span } from './term.ts';
import { Type, terms, type Rule } from './terms.ts';
import { Bytes, Closure, Fields, List, Member, Moment, Namespace, type Sourced, type Value } from './value.ts';

/** Calls a function of the query's text with values; parse.ts has it. */
export type Apply = (closure: Closure, args: readonly Value[]) => Value;

/** Makes terms of values, as the published driver does, one query at a time. */
export class Builder {
  private variables = 0;
  private readonly apply: Apply;

  constructor(apply: Apply) { this.apply = apply; }

  /** The term of a value: what r.expr does. */
  expr({ value, from, to }: Sourced): Term {
    const span = { from, to };
    if (value instanceof Term) {
      return value;
    }
    if (value instanceof List) {
      return new Term(Type.makeArray, span, value.items.map(item => this.expr(item)));
    }
    if (value instanceof Fields) {
      return new Term(Type.makeObject, span, [], this.fields(value, name => name));
    }
    if (value instanceof Closure) {
      return this.function(value);
    }
    if (value instanceof Moment) {
      return new Term(Type.iso8601, span, [Term.datum(value.date.toISOString(), span)]);
    }
    if (value instanceof Bytes) {
      return Term.datum({ $reql_type$: 'BINARY', data: value.base64 }, span);
    }
    if (value instanceof Member) {
      throw new QueryError(memberHint(value), span);
    }
    if (value instanceof Namespace) {
      throw new QueryError('r is no value: write a term after it, such as r.table("name").', span);
    }
    if (value === undefined) {
      throw new QueryError('Cannot wrap undefined with r.expr().', span);
    }
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new QueryError(`Cannot convert \`${value}\` to JSON.`, span);
    }
    return Term.datum(value, span);
  }

  /** A function: its arguments become variables, and what it makes of them its body. */
  private function(closure: Closure): Term {
    const numbers = closure.params.map(() => ++this.variables);
    const { span } = closure;
    const variables = closure.params.map((param, i) =>
      new Term(Type.variable, { from: param.start, to: param.end }, [Term.datum(numbers[i]!, span)]));
    const value = this.apply(closure, variables);
    if (value === undefined) {
      throw new QueryError('Anonymous function returned `undefined`. Did you forget a `return`?', span);
    }
    const body = this.expr({ value, from: closure.body.start, to: closure.body.end });
    const parameters = new Term(Type.makeArray, span, numbers.map(n => Term.datum(n, span)));
    return new Term(Type.function, span, [parameters, body]);
  }

  /** An argument that may be a function: with r.row in it, it is one that was not written. */
  private functionOf(argument: Sourced): Term {
    const body = this.expr(argument);
    if (!body.hasRow) {
      return body;
    }
    const parameters = new Term(Type.makeArray, body.span, [Term.datum(++this.variables, body.span)]);
    return new Term(Type.function, body.span, [parameters, body]);
  }

  private fields(object: Fields, rename: (name: string) => string): Map<string, Term> {
    const fields = new Map<string, Term>();
    for (const [name, value] of object.entries) {
      if (value.value === undefined) {
        throw new QueryError(`Object field '${name}' may not be undefined`, value);
      }
      fields.set(rename(name), this.expr(value));
    }
    return fields;
  }

  /** value(field) is the term bracket. */
  bracket(receiver: Term, args: readonly Sourced[], span: Span): Term {
    if (args.length !== 1) {
      throw new QueryError(`Expected 1 argument but found ${args.length}.`, span);
    }
    return new Term(Type.bracket, span, [receiver, this.expr(args[0]!)]);
  }

  /** r.name(...) or term.name(...). */
  call(member: Member, args: readonly Sourced[], span: Span): Term {
    const { receiver, name } = member;
    if (receiver instanceof Namespace) {
      switch (name) {
        case 'expr':
          if (args.length < 1 || args.length > 2) {
            throw new QueryError(`Expected between 1 and 2 arguments but found ${args.length}.`, span);
          }
          return this.expr(args[0]!);
        case 'binary':
          return this.binary(args, span);
      }
    }
    const rule = ruleOf(member);
    if (rule === undefined) {
      throw new QueryError(unknownHint(member), member.nameSpan);
    }
    const before = receiver instanceof Term ? [receiver] : [];
    const { positional, options } = split(rule, args, before.length === 0, span);
    const built = positional.map((argument, i) => mayBeFunction(rule, i, positional.length, argument.value) ? this.functionOf(argument) : this.expr(argument));
    const optional = options === undefined ? new Map<string, Term>() : this.fields(options, snakeCase);
    if (name === 'do') { // the function comes last in the text and first on the wire
      const last = built.pop();
      if (last === undefined) {
        throw new QueryError('Expected 1 or more arguments but found 0.', span);
      }
      return new Term(rule.type, span, [last, ...before, ...built], optional);
    }
    return new Term(rule.type, span, [...before, ...built], optional);
  }

  private binary(args: readonly Sourced[], span: Span): Term {
    const [data] = args;
    if (data === undefined || args.length !== 1) {
      throw new QueryError(`Expected 1 argument but found ${args.length}.`, span);
    }
    if (data.value instanceof Bytes) {
      return this.expr({ ...data, ...span });
    }
    if (typeof data.value !== 'string' && !(data.value instanceof Term)) {
      throw new QueryError('Parameter to `r.binary` must be a string, a Buffer object or RQL query.', data);
    }
    return new Term(Type.binary, span, [this.expr(data)]);
  }
}

/** The rule of a term that may be written where it is. */
function ruleOf({ receiver, name }: Member): Rule | undefined {
  const rule = Object.hasOwn(terms, name) ? terms[name] : undefined;
  const elsewhere = receiver instanceof Term ? 'r' : 'term';
  return rule?.after === elsewhere ? undefined : rule;
}

/** Tells the arguments of a term from its options. */
function split(rule: Rule, args: readonly Sourced[], afterR: boolean, span: Span): { positional: readonly Sourced[]; options?: Fields } {
  const last = args.at(-1)?.value;
  const fixed = afterR ? rule.fixedAfterR ?? rule.fixed : rule.fixed;
  if (fixed !== undefined) {
    const given = args[fixed]?.value;
    const count = args.length - (given instanceof Fields ? 1 : 0);
    if (count !== fixed) {
      throw new QueryError(`Expected ${fixed} argument${fixed === 1 ? '' : 's'} (not including options) but found ${count}.`, span);
    }
    return given instanceof Fields ? { positional: args.slice(0, fixed), options: given } : { positional: args };
  }
  if (last instanceof Fields && rule.trailing?.(args.length)) {
    return { positional: args.slice(0, -1), options: last };
  }
  return { positional: args };
}

function mayBeFunction(rule: Rule, i: number, count: number, value: Value): boolean {
  if (value instanceof Term && (value.type === Type.asc || value.type === Type.desc)) {
    return false; // has wrapped its own
  }
  return rule.functions === 'all' || (rule.functions === 'last' && i === count - 1) || (Array.isArray(rule.functions) && rule.functions.includes(i));
}

/** JavaScript's names of options are camelCase, the server's are not. */
const snakeCase = (name: string): string => name.replace(/[A-Z]/g, letter => '_' + letter.toLowerCase());

/** What to say of a member that is not called: is it a field of a document? */
export function memberHint(member: Member): string {
  if (ruleOf(member) !== undefined) {
    return `${member.name} is a term: write .${member.name}(…).`;
  }
  return member.receiver instanceof Namespace || member.name === 'run' ? unknownHint(member) : `A field is written in brackets: ("${member.name}").`;
}

function unknownHint({ receiver, name }: Member): string {
  if (name === 'run') {
    return 'You should remove .run() from your queries when using the Data Explorer (as of RethinkDB 1.4). The query will be built and sent by the Data Explorer itself.';
  }
  const rule = Object.hasOwn(terms, name) ? terms[name] : undefined;
  if (rule === undefined) {
    return `There is no term ${receiver instanceof Namespace ? 'r' : ''}.${name}.`;
  }
  return rule.after === 'r' ? `${name} is written after r: r.${name}(…).` : `${name} is written after a value: r.expr(…).${name}(…).`;
}
