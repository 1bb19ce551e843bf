// Where the replicas of a table are, and what a change of that does.

import type { Replica, TableStatus } from '../load.ts';

/** RethinkDB's limit. */
export const maxShards = 64;

/** A shard as table_config has it. */
export interface ConfiguredShard {
  readonly primary_replica: string;
  readonly replicas: readonly string[];
  readonly nonvoting_replicas?: readonly string[];
}

export type Role = 'Primary replica' | 'Goal primary replica' | 'Acting primary replica' | 'Secondary replica' | 'Non-voting secondary replica';

export interface Placed extends Replica {
  readonly role: Role;
}

/** The replicas of a shard with their roles, the primary one first. Without a configuration the acting primary is the primary. */
export function placedReplicas(shard: NonNullable<TableStatus['shards']>[number], configured: ConfiguredShard | undefined): readonly Placed[] {
  const goal = configured?.primary_replica;
  const roleOf = (server: string): Role => {
    const acting = shard.primary_replicas.includes(server);
    if (acting) {
      return goal === undefined || goal === server ? 'Primary replica' : 'Acting primary replica';
    }
    if (server === goal) {
      return 'Goal primary replica';
    }
    return configured?.nonvoting_replicas?.includes(server) ? 'Non-voting secondary replica' : 'Secondary replica';
  };
  const order: readonly Role[] = ['Primary replica', 'Acting primary replica', 'Goal primary replica', 'Secondary replica', 'Non-voting secondary replica'];
  return shard.replicas.map(replica => ({ ...replica, role: roleOf(replica.server) }))
    .sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role) || (a.server < b.server ? -1 : 1));
}

export type Change = 'same' | 'added' | 'removed' | 'changed';
type PlannedRole = 'primary replica' | 'secondary replica' | 'non-voting replica';

export interface PlannedReplica {
  readonly server: string;
  readonly change: Change;
  /** What it will be, or of one that is removed, what it was. */
  readonly role: PlannedRole;
  /** What it was, when that changes. */
  readonly before?: PlannedRole;
}

export interface PlannedShard {
  readonly change: Change;
  readonly replicas: readonly PlannedReplica[];
}

/** What is different between two configurations, shard by shard. */
export function comparePlacement(before: readonly ConfiguredShard[], after: readonly ConfiguredShard[]): readonly PlannedShard[] {
  return Array.from({ length: Math.max(before.length, after.length) }, (_, i) => {
    const was = rolesOf(before[i]), willBe = rolesOf(after[i]);
    const replicas = [...new Set([...willBe.keys(), ...was.keys()])].map((server): PlannedReplica => {
      const old = was.get(server), role = willBe.get(server);
      if (role === undefined) {
        return { server, change: 'removed', role: old! };
      }
      return old === undefined ? { server, change: 'added', role } : old === role ? { server, change: 'same', role } : { server, change: 'changed', role, before: old };
    });
    const change = before[i] === undefined ? 'added' : after[i] === undefined ? 'removed' : replicas.every(replica => replica.change === 'same') ? 'same' : 'changed';
    return { change, replicas };
  });
}

function rolesOf(shard: ConfiguredShard | undefined): ReadonlyMap<string, PlannedRole> {
  return new Map(shard === undefined ? [] : shard.replicas.map(server =>
    [server, server === shard.primary_replica ? 'primary replica' : shard.nonvoting_replicas?.includes(server) ? 'non-voting replica' : 'secondary replica']));
}
