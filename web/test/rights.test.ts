import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Rights, type Account, type Place, type Said } from '../src/users/rights.ts';

const accounts: readonly Account[] = [
  { id: 'admin', password: true },
  { id: 'readers', password: false, role: true },
  { id: 'accounting', password: false, role: true, roles: ['readers'] },
  { id: 'discreet', password: false, role: true },
  { id: 'bob', password: true },
  { id: 'carol', password: true, roles: ['accounting', 'discreet'] },
];
const orders: Place = { database: 'test', table: 'orders' };
const salaries: Place = { database: 'test', table: 'salaries' };

const of = (...said: Said[]) => new Rights(accounts, said);

test('admin may do everything, and others nothing until it is said', () => {
  assert.equal(of().answer('admin', orders, 'write').allowed, true);
  assert.deepEqual(of().answer('bob', orders, 'read'), { allowed: false });
});

test('the narrowest place decides', () => {
  const said = of({ user: 'bob', permissions: { read: true } }, { user: 'bob', ...salaries, permissions: { read: false } });
  assert.deepEqual(said.answer('bob', orders, 'read'), { allowed: true, from: { name: 'bob', place: {} } });
  assert.deepEqual(said.answer('bob', salaries, 'read'), { allowed: false, from: { name: 'bob', place: salaries } });
  assert.deepEqual(said.inherited('bob', salaries, 'read'), { allowed: true, from: { name: 'bob', place: {} } });
});

test('the system database inherits nothing from everywhere', () => {
  const said = of({ user: 'bob', permissions: { read: true, config: true } }, { user: 'bob', database: 'rethinkdb', permissions: { read: true } });
  assert.equal(said.answer('bob', { database: 'rethinkdb', table: 'jobs' }, 'config').allowed, false);
  assert.deepEqual(said.answer('bob', { database: 'rethinkdb', table: 'jobs' }, 'read').from, { name: 'bob', place: { database: 'rethinkdb' } });
});

test('connect is about everything only', () => {
  const said = of({ user: 'bob', permissions: { connect: true } });
  assert.deepEqual(said.answer('bob', orders, 'connect'), { allowed: true, from: { name: 'bob', place: {} } });
  assert.equal(said.answer('bob', {}, 'connect').allowed, true);
});

test('a user has what its roles and theirs have; a no of one of them withholds; its own word counts more', () => {
  const roles: Said[] = [
    { user: 'readers', database: 'test', permissions: { read: true } },
    { user: 'accounting', ...salaries, permissions: { read: true, write: true } },
    { user: 'discreet', ...salaries, permissions: { read: false } },
  ];
  const said = of(...roles);
  assert.deepEqual(said.rolesOf('carol'), ['accounting', 'readers', 'discreet']);
  assert.deepEqual(said.answer('carol', orders, 'read'), { allowed: true, from: { name: 'readers', place: { database: 'test' } } });
  assert.deepEqual(said.answer('carol', salaries, 'read'), { allowed: false, from: { name: 'discreet', place: salaries } });
  assert.deepEqual(said.answer('carol', salaries, 'write'), { allowed: true, from: { name: 'accounting', place: salaries } });
  const own = of(...roles, { user: 'carol', ...salaries, permissions: { read: true } });
  assert.deepEqual(own.answer('carol', salaries, 'read'), { allowed: true, from: { name: 'carol', place: salaries } });
  assert.deepEqual(own.inherited('carol', salaries, 'read'), { allowed: false, from: { name: 'discreet', place: salaries } });
});

test('names with any characters in them are told apart', () => {
  const said = new Rights([{ id: 'a","b', password: true }, { id: 'a', password: true }], [{ user: 'a","b', permissions: { read: true } }]);
  assert.equal(said.answer('a","b', {}, 'read').allowed, true);
  assert.equal(said.answer('a', { database: 'b' }, 'read').allowed, false);
});
