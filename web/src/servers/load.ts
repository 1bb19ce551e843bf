import { useLive } from '../server/live.ts';
import { serverConfigFeed, serverStatsFeed, serverStatusFeed, serverUsageFeed, tablePlacesFeed, type ServerConfig, type ServerStats, type ServerStatus, type ServerUsage, type TablePlaces } from '../server/rows.ts';

/** What is known of a server; what the user may not read is missing. */
export interface Server {
  readonly status: ServerStatus;
  readonly config?: ServerConfig;
  readonly stats?: ServerStats;
  readonly usage?: ServerUsage;
}

export interface Servers {
  /** By name. Undefined until they are known. */
  readonly servers?: readonly Server[];
  /** Undefined until they are known, and for who may not know them. */
  readonly tables?: readonly TablePlaces[];
  readonly error?: unknown;
}

/** The connected servers, live. */
export function useServers(): Servers {
  const status = useLive<ServerStatus>(serverStatusFeed).value;
  const config = useLive<ServerConfig>(serverConfigFeed).value;
  const stats = useLive<ServerStats>(serverStatsFeed).value;
  const usage = useLive<ServerUsage>(serverUsageFeed).value;
  const tables = useLive<TablePlaces>(tablePlacesFeed).value;
  const configOf = new Map([...config.rows?.values() ?? []].map(row => [row.id, row]));
  const statsOf = new Map([...stats.rows?.values() ?? []].map(row => [row.id[1], row]));
  const usageOf = new Map([...usage.rows?.values() ?? []].map(row => [row.id, row]));
  const servers = status.rows && [...status.rows.values()].map((row): Server => ({
    status: row, ...one('config', configOf.get(row.id)), ...one('stats', statsOf.get(row.id)), ...one('usage', usageOf.get(row.id)),
  })).sort((a, b) => a.status.name.localeCompare(b.status.name, 'en', { numeric: true }));
  return { ...one('servers', servers), ...one('tables', tables.rows && [...tables.rows.values()]), ...one('error', status.error) };
}

/** An object with the field, if there is a value for it. */
const one = <Key extends string, T>(key: Key, value: T | undefined): { readonly [k in Key]?: T } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [k in Key]?: T };
