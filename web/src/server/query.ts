import { parse } from '../reql/parse.ts';
import { Connection, type Datum } from './connection.ts';
import type { Value } from '../reql/value.ts';

/** The connection of the page's own queries. */
export const connection = new Connection();

/** Runs a query of the page itself to its end. Parameters are names in the text that stand for values. */
export async function run<T = Datum>(text: string, parameters: Readonly<Record<string, Value>> = {}): Promise<T> {
  const cursor = await connection.start(parse(text, parameters)[0]!);
  if (cursor.first.atom) {
    return cursor.first.rows[0] as T;
  }
  const rows = [...cursor.first.rows];
  while (cursor.open) {
    rows.push(...(await cursor.next()).rows);
  }
  return rows as T;
}
