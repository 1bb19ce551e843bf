'use strict';
// Changefeeds with the official driver: node feeds.js PACKAGE PORT
const assert = require('assert');
const { taken } = require('./taken');

const [, , name, port] = process.argv;
const r = require(name);

async function main() {
  const conn = await r.connect({ host: '127.0.0.1', port: Number(port) });
  const db = `feeds_${name}`.replace(/\W/g, '_');
  await r.dbCreate(db).run(conn);
  conn.use(db);
  await r.tableCreate('scores').run(conn);
  const scores = r.table('scores');
  await scores.indexCreate('score').run(conn);
  await scores.indexWait().run(conn);
  await scores.insert([{ id: 'ada', score: 3 }, { id: 'bob', score: 1 }]).run(conn);

  const all = taken(await scores.changes({ includeInitial: true, includeStates: true }).run(conn), 6);
  const one = taken(await scores.get('bob').changes().run(conn), 2);
  const best = taken(await scores.orderBy({ index: r.desc('score') }).limit(1).changes({ includeInitial: true }).run(conn), 2);
  const high = taken(await scores.filter(r.row('score').gt(4)).changes().run(conn), 1);
  const values = taken(await scores.changes().map(r.row('new_val')('score').default(null)).run(conn), 2);
  await scores.get('bob').update({ score: 5 }).run(conn);
  await scores.get('bob').delete().run(conn);

  const bob = { id: 'bob', score: 5 };
  assert.deepStrictEqual(await one, [{ new_val: bob, old_val: { id: 'bob', score: 1 } }, { new_val: null, old_val: bob }]);
  assert.deepStrictEqual(await best, [{ new_val: { id: 'ada', score: 3 } }, { new_val: bob, old_val: { id: 'ada', score: 3 } }]);
  assert.deepStrictEqual(await high, [{ new_val: bob, old_val: null }]);
  assert.deepStrictEqual(await values, [5, null]);
  const events = await all;
  assert.deepStrictEqual(events.map((e) => e.state || (e.new_val === null ? 'gone' : e.new_val.id)), ['initializing', 'ada', 'bob', 'ready', 'bob', 'gone']);

  // An event that arrives while many feeds of one connection wait goes to all of them.
  const cursors = await Promise.all(Array.from({ length: 200 }, () => scores.changes().run(conn)));
  const many = cursors.map((cursor) => taken(cursor, 1));
  await scores.insert({ id: 'eve', score: 9 }).run(conn);
  for (const feed of many) assert.deepStrictEqual(await feed, [{ new_val: { id: 'eve', score: 9 }, old_val: null }]);

  // The end of the table is an error of its feeds.
  const last = await scores.changes().run(conn);
  const end = new Promise((resolve) => last.each((error) => { if (error) resolve(error.msg); }));
  await r.tableDrop('scores').run(conn);
  assert.strictEqual(await end, 'Changefeed aborted (unavailable).');
  await conn.close();
}

main().then(() => console.log('ok'), (error) => {
  console.error(error);
  process.exit(1);
});
