import { isForbidden } from '../components/failure.tsx';
import { useMemo } from 'preact/hooks';

import { usePoll } from '../components/poll.ts';
import { useLive } from '../server/live.ts';
import { run } from '../server/query.ts';

export interface Replica {
  readonly server: string;
  /** ready, transitioning, backfilling, disconnected, waiting_for_primary, waiting_for_quorum */
  readonly state: string;
}

/** A row of table_status. */
export interface TableStatus {
  readonly id: string;
  readonly db: string;
  readonly name: string;
  /** null when no replica is within reach. */
  readonly shards: readonly { readonly primary_replicas: readonly string[]; readonly replicas: readonly Replica[] }[] | null;
  readonly status: {
    readonly all_replicas_ready: boolean;
    readonly ready_for_outdated_reads: boolean;
    readonly ready_for_reads: boolean;
    readonly ready_for_writes: boolean;
  };
}

export interface Database {
  readonly name: string;
  readonly tables: readonly TableStatus[];
}

export interface Databases {
  /** By name, as their tables are. Undefined until they are known. */
  readonly databases?: readonly Database[];
  /** The user may not read the system tables: this is what everybody may know. */
  readonly restricted: boolean;
  readonly error?: unknown;
}

const changes = '.changes({includeInitial: true, includeStates: true})';
const databaseFeed = `r.db("rethinkdb").table("db_config")${changes}`;
const tableFeed = `r.db("rethinkdb").table("table_status").without("raft_leader")${changes}`;
const pollTime = 5000; // milliseconds, where feeds are not allowed

/** All databases and tables. */
export function useDatabases(): Databases {
  const names = useLive<{ id: string; name: string }>(databaseFeed).value;
  const tables = useLive<TableStatus>(tableFeed).value;
  const restricted = isForbidden(names.error) || isForbidden(tables.error);
  const everybodys = usePoll(async () => restricted ? loadWhatEverybodyMayKnow() : undefined, pollTime, String(restricted));
  return useMemo(() => {
    if (restricted) {
      return { restricted, ...(everybodys.value ? { databases: everybodys.value } : {}), error: everybodys.error };
    }
    const known = names.rows && tables.rows && group([...names.rows.values()].map(({ name }) => name), [...tables.rows.values()]);
    return { restricted, ...(known ? { databases: known } : {}), error: names.error ?? tables.error };
  }, [names, tables, restricted, everybodys.value, everybodys.error]);
}

function group(names: readonly string[], tables: readonly TableStatus[]): readonly Database[] {
  const databases = new Map<string, TableStatus[]>([...names].sort(byName).map(name => [name, []]));
  [...tables].sort((a, b) => byName(a.name, b.name)).forEach(table => databases.get(table.db)?.push(table));
  return [...databases].map(([name, own]) => ({ name, tables: own }));
}

const byName = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0;

/** Names and states, which need no permission. */
const loadWhatEverybodyMayKnow = (): Promise<readonly Database[]> => run<Database[]>(`
  r.dbList().setDifference(["rethinkdb"]).map(db => ({
    name: db, tables: r.db(db).tableList().map(table => r.db(db).table(table).status()),
  }))`);
