import assert from 'node:assert/strict';
import { test } from 'node:test';

import { comparePlacement, placedReplicas } from '../src/tables/placement/placement.ts';

const shard = (primary_replica: string, ...others: string[]) => ({ primary_replica, replicas: [primary_replica, ...others], nonvoting_replicas: [] });

test('a plan tells what is added, removed and changed', () => {
  const plan = comparePlacement([shard('a', 'b'), shard('b', 'c')], [shard('b', 'a'), shard('b', 'c'), shard('d')]);
  assert.deepEqual(plan, [
    { change: 'changed', replicas: [
      { server: 'b', change: 'changed', role: 'primary replica', before: 'secondary replica' },
      { server: 'a', change: 'changed', role: 'secondary replica', before: 'primary replica' },
    ] },
    { change: 'same', replicas: [{ server: 'b', change: 'same', role: 'primary replica' }, { server: 'c', change: 'same', role: 'secondary replica' }] },
    { change: 'added', replicas: [{ server: 'd', change: 'added', role: 'primary replica' }] },
  ]);
  assert.deepEqual(comparePlacement([shard('a'), shard('b')], [shard('a')])[1], { change: 'removed', replicas: [{ server: 'b', change: 'removed', role: 'primary replica' }] });
});

test('roles are those of the original', () => {
  const status = (primary_replicas: string[]) => ({ primary_replicas, replicas: ['a', 'b', 'c'].map(server => ({ server, state: 'ready' })) });
  const roles = (...of: Parameters<typeof placedReplicas>) => placedReplicas(...of).map(({ server, role }) => `${server}: ${role}`);
  const configured = { primary_replica: 'a', replicas: ['a', 'b', 'c'], nonvoting_replicas: ['c'] };
  assert.deepEqual(roles(status(['a']), configured), ['a: Primary replica', 'b: Secondary replica', 'c: Non-voting secondary replica']);
  assert.deepEqual(roles(status(['b']), configured), ['b: Acting primary replica', 'a: Goal primary replica', 'c: Non-voting secondary replica']);
  assert.deepEqual(roles(status([]), configured), ['a: Goal primary replica', 'b: Secondary replica', 'c: Non-voting secondary replica']);
  assert.deepEqual(roles(status(['a']), undefined), ['a: Primary replica', 'b: Secondary replica', 'c: Secondary replica']);
});
