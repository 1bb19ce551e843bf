import { run } from '../server/query.ts';

export interface TableRow {
  readonly id: string;
  readonly db: string;
  readonly name: string;
  readonly shards: number;
  readonly replicas: number;
  readonly ready: boolean;
  /** null when it is not known. */
  readonly documents: number | null;
  readonly bytes: number | null;
}

export interface Database {
  readonly id: string;
  readonly name: string;
  readonly tables: readonly TableRow[];
}

/** All databases with their tables, both by name. Documents are counted by the tables' own estimates, which cost nothing. */
export async function loadDatabases(): Promise<readonly Database[]> {
  const [databases, tables] = await Promise.all([
    run<{ id: string; name: string }[]>('r.db("rethinkdb").table("db_config").orderBy("name").pluck("id", "name")'),
    run<TableRow[]>(`
      const sizes = r.db("rethinkdb").table("stats")
        .filter(row => row("id")(0).eq("table_server"))
        .map(row => [row("id")(1), row("storage_engine")("disk")("space_usage")("data_bytes").default(0)]);
      r.do(sizes.coerceTo("array"), all =>
        r.db("rethinkdb").table("table_status").orderBy("db", "name").map(status => ({
          id: status("id"), db: status("db"), name: status("name"),
          shards: status("shards").count().default(0),
          replicas: status("shards")(0)("replicas").count().default(0),
          ready: status("status")("all_replicas_ready").default(false),
          documents: r.branch(status("status")("ready_for_outdated_reads").default(false),
            r.db(status("db")).table(status("name")).info()("doc_count_estimates").sum(), null),
          bytes: all.filter(size => size(0).eq(status("id"))).map(size => size(1)).sum(),
        })))`),
  ]);
  return databases.map(db => ({ ...db, tables: tables.filter(table => table.db === db.name) }));
}
