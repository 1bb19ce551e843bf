import { useMemo } from 'preact/hooks';

import { isForbidden } from '../../components/failure.tsx';
import { usePoll } from '../../components/poll.ts';
import { useLive } from '../../server/live.ts';
import { run } from '../../server/query.ts';
import type { TableStatus } from '../load.ts';
import type { ConfiguredShard } from '../placement/placement.ts';

/** A row of table_config. */
export interface TableConfig {
  readonly id: string;
  readonly shards: readonly ConfiguredShard[];
  readonly write_acks: 'majority' | 'single';
  readonly durability: 'hard' | 'soft';
  readonly write_hook: { readonly query: string } | null;
  readonly ttl?: { readonly field: string } | { readonly index: string; readonly seconds: number };
  readonly changefeed_history?: false | { readonly size_mb: number; readonly age_seconds: number };
}

/** What info tells of a table. */
export interface Info {
  readonly primary_key: string;
  readonly indexes: readonly string[];
  /** About how many documents each shard has. */
  readonly doc_count_estimates: readonly number[];
}

/** What is known of a table. What the user may not know is missing. */
export interface Table extends TableStatus {
  readonly config?: TableConfig;
  readonly info?: Info;
  /** Why one of these is missing. */
  readonly configProblem?: unknown;
  readonly infoProblem?: unknown;
}

export interface Looked {
  /** Undefined until it is known, null when there is none of this id. */
  readonly table?: Table | null;
  readonly error?: unknown;
}

export interface TableName {
  readonly db: string;
  readonly name: string;
}

/** The names that stand for the table in queries. */
export const named = ({ db, name }: TableName): { db: string; name: string } => ({ db, name });

/** Documents of the whole table, or undefined when nobody can say. */
export const documentsOf = ({ info }: Table): number | undefined => info?.doc_count_estimates.reduce((sum, n) => sum + n, 0);

const pollTime = 5000; // milliseconds, for what has no feed

/** Finds a table by its id, and keeps it up to date: by feeds of the system tables where the user may read them. */
export function useTable(id: string): Looked {
  const status = useLive<TableStatus>(feedOf('table_status', id)).value;
  const config = useLive<TableConfig>(feedOf('table_config', id)).value;
  const restricted = isForbidden(status.error) || isForbidden(config.error);
  const row = status.rows && (status.rows.values().next().value ?? null);
  const rest = usePoll<Looked>(async () => restricted ? { table: await load(id) } : row ? { table: { ...row, ...await loadInfo(row) } } : {}, pollTime, `${restricted} ${row?.db} ${row?.name}`);
  return useMemo(() => {
    if (restricted) {
      return { ...rest.value, error: rest.error };
    }
    const configured = config.rows?.values().next().value;
    if (row === undefined || (row !== null && configured === undefined && config.error === undefined)) {
      return { error: status.error };
    }
    const { info, infoProblem } = rest.value?.table ?? {};
    return {
      table: row && { ...row, ...(configured ? { config: configured } : {}), configProblem: config.error, ...(info ? { info } : {}), infoProblem },
      error: status.error ?? rest.error,
    };
  }, [status, config, restricted, rest.value, rest.error]);
}

const feedOf = (table: string, id: string) => `r.db("rethinkdb").table("${table}").getAll(${JSON.stringify(id)}).changes({includeInitial: true, includeStates: true})`;

async function loadInfo(table: TableName): Promise<Pick<Table, 'info' | 'infoProblem'>> {
  try {
    return { info: await run<Info>('r.db(db).table(name).info()', named(table)) };
  } catch (infoProblem) {
    if (isForbidden(infoProblem)) {
      return { infoProblem };
    }
    throw infoProblem;
  }
}

/** The same for a user who may not read the system tables: names and states are for everybody, the rest needs permissions for the table. */
async function load(id: string): Promise<Table | null> {
  const [status] = await run<TableStatus[]>(`
    r.dbList().setDifference(["rethinkdb"])
      .concatMap(db => r.db(db).tableList().map(table => r.db(db).table(table).status()))
      .filter({id: id}).limit(1)`, { id });
  if (status === undefined) {
    return null;
  }
  const info = await loadInfo(status);
  try {
    return { ...status, ...info, config: await run<TableConfig>('r.db(db).table(name).config()', named(status)) };
  } catch (configProblem) {
    if (isForbidden(configProblem)) {
      return { ...status, ...info, configProblem };
    }
    throw configProblem;
  }
}
