'use strict';
// Real work with rethinkdbdash and its pool of connections: node rethinkdbdash.js PORT
const assert = require('assert');
const { rows, ROWS } = require('./rows');

const r = require('rethinkdbdash')({
  servers: [{ host: '127.0.0.1', port: Number(process.argv[2]) }],
  buffer: 5,
  max: 20,
  silent: true,
});

async function main() {
  const db = 'dash';
  assert.strictEqual((await r.dbCreate(db)).dbs_created, 1);
  await r.db(db).tableCreate('users');
  const users = r.db(db).table('users');

  const documents = rows();
  for (const d of documents.slice(0, 100)) assert.strictEqual((await users.insert(d).run()).inserted, 1);
  await Promise.all(documents.slice(100, 500).map((d) => users.insert(d)));
  assert.strictEqual((await users.insert(documents.slice(500), { conflict: 'error' })).inserted, 500);

  assert.strictEqual(await users.count(), ROWS);
  assert.deepStrictEqual(await users.get(7), documents[7]);
  assert.strictEqual((await users.filter({ even: true })).length, ROWS / 2);
  assert.strictEqual((await users.filter(r.row('n').lt(10))).length, 10);
  const changed = await users.get(7).update({ visits: r.row('visits').add(1) }, { returnChanges: true });
  assert.strictEqual(changed.changes[0].new_val.visits, 1);
  assert.deepStrictEqual(await users.orderBy(r.desc('n')).limit(2)('n'), [999, 998]);
  assert.deepStrictEqual(await users.group('even').count().ungroup()('reduction'), [ROWS / 2, ROWS / 2]);

  const cursor = await users.orderBy({ index: 'id' }).run({ cursor: true });
  let count = 0;
  await cursor.eachAsync((user) => {
    assert.strictEqual(user.id, count);
    count++;
  });
  assert.strictEqual(count, ROWS);

  const stream = users.toStream();
  let streamed = 0;
  await new Promise((resolve, reject) => {
    stream.on('data', () => { streamed++; });
    stream.on('end', resolve);
    stream.on('error', reject);
  });
  assert.strictEqual(streamed, ROWS);

  await assert.rejects(r.db(db).table('nothing').run(), /Table `dash.nothing` does not exist/);
  assert.strictEqual((await users.filter({ even: true }).delete()).deleted, ROWS / 2);
  assert.strictEqual((await users.delete()).deleted, ROWS / 2);
  assert.strictEqual((await r.dbDrop(db)).dbs_dropped, 1);
  await r.getPoolMaster().drain();
}

main().then(() => console.log('ok'), (error) => {
  console.error(error);
  process.exit(1);
});
