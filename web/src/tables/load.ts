import { ServerError } from '../server/connection.ts';
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
  readonly raft_leader: string | null;
  /** null when no replica is within reach. */
  readonly shards: readonly { readonly primary_replicas: readonly string[]; readonly replicas: readonly Replica[] }[] | null;
  readonly status: {
    readonly all_replicas_ready: boolean;
    readonly ready_for_outdated_reads: boolean;
    readonly ready_for_reads: boolean;
    readonly ready_for_writes: boolean;
  };
}

export interface TableRow {
  readonly id: string;
  readonly db: string;
  readonly name: string;
  readonly shards: number;
  readonly replicas: number;
  readonly ready: number;
  readonly writable: boolean;
}

export interface Database {
  readonly name: string;
  readonly tables: readonly TableRow[];
}

export interface Databases {
  readonly databases: readonly Database[];
  /** The user may not read the system tables: this is what everybody may know. */
  readonly restricted: boolean;
}

const rowOfStatus = `status => ({
  id: status("id"), db: status("db"), name: status("name"),
  shards: status("shards").count().default(0),
  replicas: status("shards").concatMap(shard => shard("replicas")).count().default(0),
  ready: status("shards").concatMap(shard => shard("replicas")).filter({state: "ready"}).count().default(0),
  writable: status("status")("ready_for_writes").default(false),
})`;

/** All databases with their tables, both by name. */
export async function loadDatabases(): Promise<Databases> {
  try {
    const [names, tables] = await Promise.all([
      run<string[]>('r.db("rethinkdb").table("db_config").orderBy("name")("name")'),
      run<TableRow[]>(`r.db("rethinkdb").table("table_status").orderBy("db", "name").map(${rowOfStatus})`),
    ]);
    const byDatabase = new Map<string, TableRow[]>(names.map(name => [name, []]));
    tables.forEach(table => byDatabase.get(table.db)?.push(table));
    return { databases: [...byDatabase].map(([name, tables]) => ({ name, tables })), restricted: false };
  } catch (error) {
    if (!isForbidden(error)) {
      throw error;
    }
    const databases = await run<Database[]>(`
      r.dbList().setDifference(["rethinkdb"]).map(db => ({
        name: db, tables: r.db(db).tableList().map(table => r.db(db).table(table).status()).map(${rowOfStatus}),
      }))`);
    return { databases, restricted: true };
  }
}

export const isForbidden = (error: unknown): boolean => error instanceof ServerError && error.kind === 'ReqlPermissionError';

/**
 * About how many documents each table has, by its id. A table that cannot be asked is missing in the answer, and others do not
 * suffer by it.
 */
export async function countDocuments(tables: readonly TableRow[]): Promise<ReadonlyMap<string, number>> {
  const asked = tables.map(({ db, name }) => `r.db(${JSON.stringify(db)}).table(${JSON.stringify(name)}).info()("doc_count_estimates").sum()`);
  if (asked.length === 0) {
    return new Map();
  }
  try {
    const counts = await run<number[]>(`r.expr([${asked.join(',')}])`);
    return new Map(tables.map((table, i) => [table.id, counts[i] ?? 0]));
  } catch (error) {
    if (!(error instanceof ServerError)) {
      throw error;
    }
    if (tables.length === 1) {
      return new Map();
    }
    const half = Math.ceil(tables.length / 2);
    const parts = await Promise.all([countDocuments(tables.slice(0, half)), countDocuments(tables.slice(half))]);
    return new Map(parts.flatMap(part => [...part]));
  }
}
