'use strict';
// Real work with rethinkdb-ts, with a single connection and with its pool: node rethinkdb-ts.js PORT
const assert = require('assert');
const { r } = require('rethinkdb-ts');
const { rows, ROWS } = require('./rows');

const port = Number(process.argv[2]);

async function work(run, db) {
  const created = await run(r.dbCreate(db));
  assert.strictEqual(created.dbs_created, 1);
  assert.strictEqual((await run(r.db(db).tableCreate('users'))).tables_created, 1);
  const users = r.db(db).table('users');

  const documents = rows();
  for (const d of documents.slice(0, 100)) assert.strictEqual((await run(users.insert(d))).inserted, 1);
  const results = await Promise.all(documents.slice(100, 500).map((d) => run(users.insert(d))));
  assert(results.every((result) => result.inserted === 1));
  const inserted = await run(users.insert(documents.slice(500), { returnChanges: true }));
  assert.strictEqual(inserted.changes.length, 500);

  assert.strictEqual(await run(users.count()), ROWS);
  assert.deepStrictEqual(await run(users.get(7)), documents[7]);
  assert.strictEqual((await run(users.filter({ even: true }))).length, ROWS / 2);
  assert.strictEqual((await run(users.filter((u) => u('n').ge(990)))).length, 10);
  assert.strictEqual((await run(users.get(7).update({ visits: r.row('visits').add(1) }))).replaced, 1);
  assert.strictEqual(await run(users.get(7)('visits')), 1);
  assert.deepStrictEqual(await run(users.orderBy(r.desc('n')).limit(2)('n')), [999, 998]);
  assert.strictEqual((await run(users.orderBy({ index: 'id' }))).length, ROWS);
  const groups = await run(users.group('even').count());
  assert.deepStrictEqual(groups.map((g) => g.reduction), [ROWS / 2, ROWS / 2]);

  const when = new Date('2014-02-03T04:05:06.789Z');
  const bytes = Buffer.from([0, 1, 250]);
  await run(users.insert({ id: 'values', when, bytes }));
  const values = await run(users.get('values'));
  assert.strictEqual(values.when.getTime(), when.getTime());
  assert.deepStrictEqual(values.bytes, bytes);
  await run(users.get('values').delete());

  await assert.rejects(run(r.db(db).table('nothing')), /Table `.*\.nothing` does not exist/);
  await assert.rejects(run(r.expr({})('missing')), /No attribute `missing` in object/);
  assert.strictEqual((await run(r.expr([1, 2, 3]).map((x) => x.mul(2)))).length, 3);
  return users;
}

async function finish(run, users, db) {
  assert.strictEqual((await run(users.filter({ even: true }).delete())).deleted, ROWS / 2);
  assert.strictEqual((await run(users.delete())).deleted, ROWS / 2);
  assert.strictEqual((await run(r.dbDrop(db))).dbs_dropped, 1);
}

async function main() {
  const conn = await r.connect({ host: '127.0.0.1', port });
  let run = (query) => query.run(conn);
  let users = await work(run, 'ts_connection');
  const cursor = await users.orderBy({ index: 'id' }).getCursor(conn);
  let count = 0;
  for await (const user of cursor) {
    assert.strictEqual(user.id, count);
    count++;
  }
  assert.strictEqual(count, ROWS);
  const info = await conn.server();
  assert.match(info.id, /^[0-9a-f-]{36}$/);
  await finish(run, users, 'ts_connection');
  await conn.close();

  await r.connectPool({ host: '127.0.0.1', port, buffer: 5, max: 20, silent: true });
  run = (query) => query.run();
  users = await work(run, 'ts_pool');
  await finish(run, users, 'ts_pool');
  await r.getPoolMaster().drain();
}

main().then(() => console.log('ok'), (error) => {
  console.error(error);
  process.exit(1);
});
