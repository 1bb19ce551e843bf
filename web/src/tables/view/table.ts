import type { Datum } from '../../server/connection.ts';
import { run } from '../../server/query.ts';
import { isForbidden, type TableStatus } from '../load.ts';
import type { ConfiguredShard } from '../placement/placement.ts';

/** A row of table_config. */
export interface TableConfig {
  readonly shards: readonly ConfiguredShard[];
  readonly write_acks: 'majority' | 'single';
  readonly durability: 'hard' | 'soft';
  readonly write_hook: { readonly query: string } | null;
  readonly ttl?: { readonly field: string } | { readonly index: string; readonly seconds: number };
  readonly changefeed_history?: false | { readonly size_mb: number; readonly age_seconds: number };
}

interface Info {
  readonly primary_key: string;
  readonly indexes: readonly string[];
  /** About how many documents each shard has. */
  readonly doc_count_estimates: readonly number[];
}

/** What is known of a table. What the user may not know is missing. */
export interface Table extends TableStatus {
  readonly config?: TableConfig;
  readonly info?: Info;
  /** Why something is missing. */
  readonly problem?: unknown;
}

/** The names that stand for the table in queries. */
export const named = ({ db, name }: { readonly db: string; readonly name: string }): { db: string; name: string } => ({ db, name });

/** Finds a table by its id, or gives null. */
export async function loadTable(id: string): Promise<Table | null> {
  const status = await findStatus(id);
  if (status === null) {
    return null;
  }
  const [config, info] = await Promise.allSettled([
    run<TableConfig & Datum>('r.db(db).table(name).config()', named(status)),
    run<Info & Datum>('r.db(db).table(name).info()', named(status)),
  ]);
  return {
    ...status,
    ...(config.status === 'fulfilled' ? { config: config.value } : { problem: config.reason as unknown }),
    ...(info.status === 'fulfilled' ? { info: info.value } : { problem: info.reason as unknown }),
  };
}

async function findStatus(id: string): Promise<TableStatus | null> {
  try {
    return await run<TableStatus | null>('r.db("rethinkdb").table("table_status").get(id)', { id });
  } catch (error) {
    if (!isForbidden(error)) {
      throw error;
    }
    const [status] = await run<TableStatus[]>(`
      r.dbList().setDifference(["rethinkdb"])
        .concatMap(db => r.db(db).tableList().map(table => r.db(db).table(table).status()))
        .filter({id: id}).limit(1)`, { id });
    return status ?? null;
  }
}

/** Documents of the whole table, or undefined when nobody can say. */
export const documentsOf = ({ info }: Table): number | undefined => info?.doc_count_estimates.reduce((sum, n) => sum + n, 0);
