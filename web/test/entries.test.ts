import assert from 'node:assert/strict';
import { test } from 'node:test';

import { changesOf, describe, hostOf, refusalsOf, type Entry } from '../src/security/entries.ts';

let last = 0;
const entry = (event: string, more: Partial<Entry> = {}): Entry => ({ id: [++last, 'server'], timestamp: { $reql_type$: 'TIME', epoch_time: last }, event, ...more });

test('an address without its port', () => {
  assert.equal(hostOf('192.168.1.7:41264'), '192.168.1.7');
  assert.equal(hostOf('[fd00::1]:41264'), 'fd00::1');
  assert.equal(hostOf(''), '');
});

test('refusals are counted by who, from where and at which port', () => {
  const refused = (user: string, peer: string, count?: number) => entry('log_in_refused', { user, peer, port: 'driver', reason: 'Wrong password', ...(count ? { count } : {}) });
  const found = refusalsOf([refused('bob', '10.0.0.1:1'), entry('log_in', { user: 'bob' }), refused('bob', '10.0.0.1:2', 40), refused('bob', '10.0.0.2:1')]);
  assert.deepEqual(found.map(({ user, host, times }) => [user, host, times]), [['bob', '10.0.0.2', 1], ['bob', '10.0.0.1', 41]]);
});

test('changes say what has become of what, and name what is not told', () => {
  const change = entry('change', {
    action: 'update', on: 'rethinkdb.users', key: 'bob', fields: ['password', 'roles'], old: { roles: ['a'] }, new: { roles: ['a', 'b'] },
  });
  assert.equal(describe(change), 'update rethinkdb.users "bob" (password)');
  assert.deepEqual(changesOf(change), [{ field: 'roles', before: '["a"]', after: '["a","b"]' }]);
  const grant = entry('change', { action: 'grant', on: 'test.orders', key: 'bob', fields: ['permissions'], old: null, new: { read: true } });
  assert.equal(describe(grant), 'grant test.orders "bob"');
  assert.deepEqual(changesOf(grant), [{ field: 'read', after: 'true' }]);
});
