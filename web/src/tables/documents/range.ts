// Which documents of a table are shown, and in what order.

import { data } from '../../reql/data.ts';
import { parse } from '../../reql/parse.ts';
import type { Term } from '../../reql/term.ts';
import type { Value } from '../../reql/value.ts';
import type { Datum } from '../../server/connection.ts';
import { named, type TableName } from '../view/table.ts';
import { candidates, typedValue } from './keys.ts';

export type Kind = 'all' | 'equal' | 'between' | 'prefix';

/** A choice of documents, with values as they were typed. */
export interface Range {
  /** An index, or the primary key when it is ''. */
  readonly index: string;
  readonly kind: Kind;
  /** The value, the lower bound, or the beginning. */
  readonly from: string;
  readonly to: string;
  readonly descending: boolean;
}

export const everything: Range = { index: '', kind: 'all', from: '', to: '', descending: false };

/** Bounds of an index, both of them included. */
export interface Bounds {
  readonly lower: Term;
  readonly upper: Term;
}

const minval = parse('r.minval')[0]!, maxval = parse('r.maxval')[0]!;
/** Sorts after every text that begins with the same. */
const lastCharacter = '\u{10ffff}';

/** The bounds of a range that is not one of single values. A bound that is left empty is none. */
export function boundsOf({ kind, from, to }: Range): Bounds {
  switch (kind) {
    case 'between':
      return { lower: from === '' ? minval : data(typedValue(from)), upper: to === '' ? maxval : data(typedValue(to)) };
    case 'prefix':
      return prefixBounds(typedValue(from), from);
    default:
      return { lower: minval, upper: maxval };
  }
}

/** A compound index is searched by the first of its values, anything else by how its text begins. */
function prefixBounds(value: Datum, text: string): Bounds {
  if (Array.isArray(value)) {
    return { lower: data(value), upper: parse('value.add([r.maxval])', { value: data(value) })[0]! };
  }
  const beginning = typeof value === 'string' ? value : text;
  return { lower: data(beginning), upper: data(beginning + lastCharacter) };
}

export interface Query {
  readonly text: string;
  readonly parameters: Readonly<Record<string, Value>>;
}

/** All documents of a range, in order where it has one. */
export function queryOf(table: TableName, primaryKey: string, range: Range): Query {
  const parameters = { ...named(table), index: range.index === '' ? primaryKey : range.index };
  const base = 'r.db(db).table(name)';
  if (range.kind === 'equal') {
    return { text: `${base}.getAll(r.args(values), {index: index})`, parameters: { ...parameters, values: data([...candidates(range.from)]) } };
  }
  const order = `.orderBy({index: ${range.descending ? 'r.desc(index)' : 'index'}})`;
  if (range.kind === 'all') {
    return { text: base + order, parameters };
  }
  return { text: `${base}.between(lower, upper, {index: index, rightBound: "closed"})${order}`, parameters: { ...parameters, ...boundsOf(range) } };
}
