import assert from 'node:assert/strict';
import { test } from 'node:test';

import { filterEntries, isFiltering, noFilter } from '../src/logs/filter.ts';
import type { LogEntry, TablePlaces } from '../src/server/rows.ts';
import { missingServers, rolesOf } from '../src/servers/roles.ts';

const tables: readonly TablePlaces[] = [
  { id: 't1', db: 'd', name: 'heroes', indexes: [], shards: [
    { primary_replica: 'a', replicas: ['a', 'b', 'c'], nonvoting_replicas: ['c'] },
    { primary_replica: 'b', replicas: ['a', 'b'] },
  ] },
  { id: 't2', db: 'd', name: 'unreachable', indexes: [] },
];

test('what a server is for each shard', () => {
  const said = (server: string) => rolesOf(server, tables).map(({ table, shard, shards, role }) => `${table.name} ${shard}/${shards} ${role}`);
  assert.deepEqual(said('a'), ['heroes 1/2 Primary replica', 'heroes 2/2 Secondary replica']);
  assert.deepEqual(said('b'), ['heroes 1/2 Secondary replica', 'heroes 2/2 Primary replica']);
  assert.deepEqual(said('c'), ['heroes 1/2 Non-voting replica']);
  assert.deepEqual(said('d'), []);
});

test('servers that tables miss', () => {
  assert.deepEqual(missingServers(tables, new Set(['a', 'b', 'c'])), []);
  assert.deepEqual(missingServers(tables, new Set(['b'])), ['a', 'c']);
});

test('entries of the log by text, level and server', () => {
  const entry = (level: string, server: string, message: string): LogEntry => ({ id: [message, server], server, level, message, uptime: 1, timestamp: { $reql_type$: 'TIME', epoch_time: 1 } });
  const entries = [entry('error', 'a', 'Disk full'), entry('warn', 'b', 'disk slow'), entry('info', 'a', 'slow query'), entry('notice', 'b', 'Server ready')];
  const found = (filter: Partial<typeof noFilter>) => filterEntries(entries, { ...noFilter, ...filter }).map(({ message }) => message);
  assert.equal(isFiltering(noFilter), false);
  assert.equal(found({}).length, 4);
  assert.deepEqual(found({ text: ' DISK ' }), ['Disk full', 'disk slow']);
  assert.deepEqual(found({ level: 'warn' }), ['Disk full', 'disk slow']);
  assert.deepEqual(found({ level: 'notice' }), ['Disk full', 'disk slow', 'Server ready']);
  assert.deepEqual(found({ server: 'a', text: 'slow' }), ['slow query']);
});
