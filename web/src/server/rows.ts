// Rows of system tables as several screens read them, and the feeds that they come from. Whoever names the same feed shares it.

import type { Time } from '../components/moment.tsx';
import type { Wire } from '../reql/term.ts';

const whole = '.changes({includeInitial: true, includeStates: true})';

/** server_status. */
export interface ServerStatus {
  readonly id: string;
  readonly name: string;
  readonly network: {
    readonly hostname: string;
    readonly cluster_port: number;
    readonly reql_port: number;
    readonly http_admin_port: number | string; // words when there is none
    readonly canonical_addresses: readonly { readonly host: string; readonly port: number }[];
    readonly connected_to: Readonly<Record<string, boolean>>;
  };
  readonly process: {
    readonly argv: readonly string[];
    readonly cache_size_mb: number;
    readonly pid: number;
    readonly time_started: Time;
    readonly version: string;
  };
}
export const serverStatusFeed = `r.db("rethinkdb").table("server_status")${whole}`;

/** server_config. */
export interface ServerConfig {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly cache_size_mb: number | 'auto';
}
export const serverConfigFeed = `r.db("rethinkdb").table("server_config")${whole}`;

/** The servers' rows of stats. */
export interface ServerStats {
  readonly id: readonly ['server', string];
  readonly query_engine: {
    readonly client_connections: number;
    readonly clients_active: number;
    readonly queries_per_sec: number;
    readonly read_docs_per_sec: number;
    readonly written_docs_per_sec: number;
  };
}
export const serverStatsFeed = `r.db("rethinkdb").table("stats").filter(row => row("id")(0).eq("server"))${whole}`;

/** server_usage: what servers take of their machines. */
export interface ServerUsage {
  readonly id: string;
  readonly process: { readonly memory_bytes: number; readonly memory_total_bytes: number };
  readonly storage_engine: {
    readonly cache: { readonly in_use_bytes: number; readonly size_bytes: number };
    readonly disk: { readonly used_bytes: number; readonly free_bytes: number; readonly total_bytes: number };
  };
}
export const serverUsageFeed = `r.db("rethinkdb").table("server_usage")${whole}`;

/** What table_config says of where tables are; servers by their identifiers. */
export interface TablePlaces {
  readonly id: string;
  readonly db: string;
  readonly name: string;
  readonly indexes: readonly string[];
  readonly shards?: readonly { readonly primary_replica: string; readonly replicas: readonly string[]; readonly nonvoting_replicas?: readonly string[] }[];
}
export const tablePlacesFeed = `r.db("rethinkdb").table("table_config", {identifierFormat: "uuid"})
  .pluck("id", "db", "name", "indexes", {shards: ["primary_replica", "replicas", "nonvoting_replicas"]})${whole}`;

/** jobs. What a row has in info depends on its type. */
export interface Job {
  readonly id: readonly [type: string, id: string];
  readonly type: string;
  /** As of when the row came; a query's is not sent again and again. */
  readonly duration_sec: number;
  readonly servers: readonly string[];
  readonly info: {
    readonly query?: string;
    readonly user?: string;
    readonly client_address?: string | null;
    readonly client_port?: number | null;
    readonly db?: string;
    readonly table?: string;
    readonly index?: string;
    readonly progress?: number;
  };
}
/** Of queries only their beginning and their end: their durations grow all the time, and the page can count by itself. */
export const jobsFeed = `r.db("rethinkdb").table("jobs")${whole}
  .filter(change => change("old_val").default(null).eq(null).or(change("new_val").eq(null)).or(change("new_val")("type").ne("query")))`;
/** The same for builds of indexes and whatever else is not a query. */
export const workFeed = `r.db("rethinkdb").table("jobs").filter(job => job("type").ne("query"))${whole}`;

/** slow_queries. */
export interface SlowQuery {
  readonly id: readonly [time: string, server: string];
  readonly server: string;
  readonly timestamp: Time;
  readonly query: string;
  readonly work_sec: number;
  readonly outcome: string;
  readonly read: number;
  readonly returned: number;
  readonly written: number;
  readonly batches: number;
  readonly user: string;
  readonly client_address: string | null;
  readonly client_port: number | null;
}
export const slowQueriesFeed = `r.db("rethinkdb").table("slow_queries")${whole}`;

/** logs. */
export interface LogEntry {
  readonly id: readonly [time: string, server: string];
  readonly server: string;
  readonly timestamp: Time;
  readonly uptime: number;
  readonly level: string;
  readonly message: string;
}
/** What is written from now on. */
export const newLogsFeed = 'r.db("rethinkdb").table("logs").changes({includeStates: true})';

/** current_issues. What a row has in info depends on its type. */
export interface Issue {
  readonly id: string;
  readonly type: string;
  readonly critical: boolean;
  readonly description: string;
  readonly info: Readonly<Record<string, Wire>>;
}
export const issuesFeed = `r.db("rethinkdb").table("current_issues")${whole}`;
