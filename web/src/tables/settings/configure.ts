import { data } from '../../reql/data.ts';
import type { Value } from '../../reql/value.ts';
import type { Datum } from '../../server/connection.ts';
import { write } from '../../server/write.ts';
import { named, type Table, type TableConfig, type TableName } from '../view/table.ts';

export interface SettingsProps {
  readonly table: Table;
  readonly config: TableConfig;
}

export const durabilities = [['hard', 'when written to disk (hard)'], ['soft', 'when in memory (soft: faster, may be lost in a crash)']] as const;
export const acknowledgements = [['majority', 'of the majority of replicas'], ['single', 'of a single replica']] as const;

/** Sets fields of the table's row of table_config; what is an object replaces what was there. */
export async function configure(table: TableName, fields: { readonly [name: string]: Datum }): Promise<void> {
  const names = Object.keys(fields);
  if (names.length === 0) {
    return;
  }
  const values: Record<string, Value> = Object.fromEntries(names.map(name => [`value_${name}`, data(fields[name]!)]));
  const text = names.map(name => `${name}: r.literal(value_${name})`).join(', ');
  await write(`r.db(db).table(name).config().update({${text}})`, { ...named(table), ...values });
}
