import { run } from '../server/query.ts';

export interface Overview {
  readonly servers: readonly { readonly id: string; readonly name: string; readonly hostname: string; readonly version: string; readonly uptime: number; readonly port: number; readonly clients: number }[];
  readonly tables: number;
  readonly ready: number;
  readonly indexes: number;
  readonly building: number;
  readonly cacheBytes: number;
  readonly cacheLimit: number;
  readonly diskBytes: number;
  readonly issues: readonly { readonly id: string; readonly type: string; readonly critical: boolean; readonly description: string }[];
}

/** What the dashboard shows beside the plot, in one query. */
export const loadOverview = (): Promise<Overview> => run<Overview>(`
  const system = r.db("rethinkdb");
  r.do(
    system.table("stats").filter(row => row("id")(0).eq("table_server")).coerceTo("array"),
    system.table("stats").filter(row => row("id")(0).eq("server")).coerceTo("array"),
    system.table("server_status").coerceTo("array"),
    system.table("table_status").coerceTo("array"),
    (onTables, onServers, servers, tables) => ({
      servers: servers.map(server => ({
        id: server("id"), name: server("name"), hostname: server("network")("hostname"),
        version: server("process")("version"), port: server("network")("reql_port"),
        uptime: r.now().sub(server("process")("time_started")),
        clients: onServers.filter(row => row("id")(1).eq(server("id"))).map(row => row("query_engine")("client_connections")).sum(),
      })),
      tables: tables.count(),
      ready: tables.filter(table => table("status")("all_replicas_ready")).count(),
      indexes: system.table("table_config").map(table => table("indexes").count()).sum(),
      building: system.table("jobs").filter({type: "index_construction"}).count(),
      cacheBytes: onTables.map(row => row("storage_engine")("cache")("in_use_bytes").default(0)).sum(),
      cacheLimit: servers.map(server => server("process")("cache_size_mb").mul(1024 * 1024)).sum(),
      diskBytes: onTables.map(row => row("storage_engine")("disk")("space_usage")("data_bytes").default(0)).sum(),
      issues: system.table("current_issues").pluck("id", "type", "critical", "description").coerceTo("array"),
    }))`);
