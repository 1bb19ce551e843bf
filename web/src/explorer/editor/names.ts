// The names that completion offers: of databases, tables and indexes, by asking the server, and of fields, by looking at results.

import { run } from '../../server/query.ts';
import { tables } from '../../server/cluster.ts';
import type { Datum } from '../../server/connection.ts';
import { fieldsOf } from '../../components/pseudotype.ts';

/** How long an answer is good for, in milliseconds. */
const answersLast = 10_000;

const answers = new Map<string, { readonly asked: number; readonly names: Promise<readonly string[]> }>();

/** Names of the server. Whoever may not see them gets none: this is a help, not a way in. */
function ask(query: string, parameters: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const key = JSON.stringify([query, parameters]);
  const known = answers.get(key);
  if (known && performance.now() - known.asked < answersLast) {
    return known.names;
  }
  const names = run<string[]>(query, parameters).catch(() => []);
  answers.set(key, { asked: performance.now(), names });
  return names;
}

export const databaseNames = (): Promise<readonly string[]> => ask('r.dbList()');

export async function tableNames(db: string): Promise<readonly string[]> {
  const known = tables.value?.filter(table => table.db === db).map(table => table.name);
  return known && known.length > 0 ? known : ask('r.db(db).tableList()', { db });
}

export const indexNames = (db: string, table: string): Promise<readonly string[]> => ask('r.db(db).table(table).indexList()', { db, table });

const maxFields = 1000, maxRows = 200, maxDepth = 4;
const fields = new Set<string>();

/** The names of fields that were seen in results, of all queries. */
export const fieldNames = (): readonly string[] => [...fields];

/** Remembers the fields of some rows. */
export function noteFields(rows: readonly Datum[]): void {
  rows.slice(0, maxRows).forEach(row => note(row, 0));
}

function note(value: Datum, depth: number): void {
  const named = fieldsOf(value);
  if (named) {
    for (const [name, inner] of Object.entries(named)) {
      if (fields.size < maxFields) {
        fields.add(name);
      }
      if (depth < maxDepth) {
        note(inner, depth + 1);
      }
    }
  } else if (Array.isArray(value) && depth < maxDepth) {
    value.slice(0, 3).forEach(inner => note(inner, depth + 1));
  }
}
