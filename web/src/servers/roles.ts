import type { TablePlaces } from '../server/rows.ts';

/** What a server is for one shard of a table. */
export interface Role {
  readonly table: TablePlaces;
  readonly shard: number; // from 1
  readonly shards: number;
  readonly role: 'Primary replica' | 'Secondary replica' | 'Non-voting replica';
}

/** The shards that a server has replicas of, by the configuration of the tables. */
export function rolesOf(server: string, tables: Iterable<TablePlaces>): readonly Role[] {
  const roles: Role[] = [];
  for (const table of tables) {
    const shards = table.shards ?? [];
    shards.forEach(({ primary_replica: primary, replicas, nonvoting_replicas: nonvoting = [] }, i) => {
      if (replicas.includes(server)) {
        roles.push({ table, shard: i + 1, shards: shards.length, role: primary === server ? 'Primary replica' : nonvoting.includes(server) ? 'Non-voting replica' : 'Secondary replica' });
      }
    });
  }
  return roles;
}

/** Servers that tables have replicas on, and that are not connected. */
export function missingServers(tables: Iterable<TablePlaces>, connected: ReadonlySet<string>): readonly string[] {
  const missing = new Set<string>();
  for (const { shards = [] } of tables) {
    shards.flatMap(shard => shard.replicas).filter(id => !connected.has(id)).forEach(id => missing.add(id));
  }
  return [...missing].sort();
}
