import { data } from '../../reql/data.ts';
import type { Value } from '../../reql/value.ts';
import type { Datum } from '../../server/connection.ts';
import { write } from '../../server/write.ts';
import { named } from '../view/table.ts';
import type { TableConfig, Table } from '../view/table.ts';

export interface SettingsProps {
  readonly table: Table;
  readonly config: TableConfig;
  readonly onChange: (notice: string) => void;
}

/** Sets fields of the table's row of table_config; what is an object replaces what was there. */
export async function configure(table: Table, fields: { readonly [name: string]: Datum }): Promise<void> {
  const names = Object.keys(fields);
  const values: Record<string, Value> = Object.fromEntries(names.map(name => [`value_${name}`, data(fields[name]!)]));
  const text = names.map(name => `${name}: r.literal(value_${name})`).join(', ');
  await write(`r.db(db).table(name).config().update({${text}})`, { ...named(table), ...values });
}
