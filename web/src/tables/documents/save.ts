import { data } from '../../reql/data.ts';
import type { Datum } from '../../server/connection.ts';
import { write } from '../../server/write.ts';
import { named, type Table } from '../view/table.ts';
import { keyOf } from './keys.ts';

/** The outcome of a save: somebody else has changed the document since it was loaded, and nothing was written. */
export interface Conflict {
  /** The document as it is now; null when it was deleted. */
  readonly now: Datum;
}

/** What the row is compared by: the text of a datum has everything that is in it, such as the zone of a time. */
const unchanged = 'row.toJsonString().eq(r.expr(loaded).toJsonString())';

/** Writes a document in place of the one that was loaded, or, with null, deletes it; but only if that one is still there. */
export async function save(table: Table, primaryKey: string, loaded: Datum, fresh: Datum): Promise<Conflict | undefined> {
  const parameters = { ...named(table), key: data(keyOf(loaded, primaryKey)), loaded: data(loaded), fresh: data(fresh) };
  const { changes } = await write(`
    r.db(db).table(name).get(key).replace(row => r.branch(${unchanged}, fresh, row), {returnChanges: "always"})`, parameters);
  const before = changes?.[0]?.old_val ?? null;
  return JSON.stringify(before) === JSON.stringify(loaded) ? undefined : { now: before };
}

/** Adds a document, and gives its primary key. One that is there already is an error. */
export async function insert(table: Table, primaryKey: string, document: Datum): Promise<Datum> {
  const { generated_keys: keys } = await write('r.db(db).table(name).insert(document)', { ...named(table), document: data(document) });
  return keys?.[0] ?? keyOf(document, primaryKey);
}

/** The fields at the top that differ between two documents. */
export function differingFields(a: Datum, b: Datum): readonly string[] {
  const of = (value: Datum) => value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};
  const x = of(a), y = of(b);
  return [...new Set([...Object.keys(x), ...Object.keys(y)])].filter(name => JSON.stringify(x[name]) !== JSON.stringify(y[name]));
}
