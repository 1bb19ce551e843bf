'use strict';
// Who sees the audit log, and what is in it: node audit.js PACKAGE PORT
const assert = require('assert');

const [, , name, port] = process.argv;
const r = require(name);

const connect = (options) => r.connect({ host: '127.0.0.1', port: Number(port), ...options });

// until resolves with the first change of a feed that is the one.
function until(feed, isTheOne) {
  return new Promise((resolve, reject) => {
    feed.each((error, change) => {
      if (error) { reject(error); return false; }
      if (!isTheOne(change.new_val)) return true;
      feed.close().then(() => resolve(change.new_val), reject);
      return false;
    });
  });
}

async function main() {
  const conn = await connect();
  const system = r.db('rethinkdb');
  const audit = system.table('audit');
  assert(!(await system.tableList().run(conn)).includes('audit'));

  const refused = until(await audit.changes().run(conn), (row) => row.event === 'log_in_refused');
  const created = until(await audit.changes().run(conn), (row) => row.action === 'table_create');
  await system.table('users').insert({ id: 'bob', password: 'password of bob' }).run(conn);
  const error = await connect({ user: 'bob', password: 'a wrong one' }).then(() => null, (e) => e);
  assert(/Wrong password/.test(error.message), error);
  await r.db('test').tableCreate('things').run(conn);

  const entry = await refused;
  assert.deepStrictEqual([entry.user, entry.port, entry.method, entry.reason], ['bob', 'driver', 'scram_sha_256', 'Wrong password']);
  assert(/^127\.0\.0\.1:\d+$/.test(entry.peer), entry.peer);
  assert(entry.timestamp instanceof Date);
  assert.deepStrictEqual(await audit.get(entry.id).run(conn), entry);
  const change = await created;
  assert.deepStrictEqual([change.event, change.user, change.on], ['change', 'admin', 'test.things']);
  assert.strictEqual(change.seq > entry.seq, true);

  const bob = await connect({ user: 'bob', password: 'password of bob' });
  for (const right of ['read', 'config']) {
    const denied = await audit.run(bob).then(() => null, (e) => e);
    assert(denied.message.includes(`User \`bob\` does not have the required \`${right}\` permission`), denied);
    await audit.grant('bob', { [right]: true }).run(conn);
  }
  const rows = await audit.orderBy('id').coerceTo('array').run(bob);
  rows.slice(1).forEach((row, i) => assert.strictEqual(row.prev, rows[i].hash));
  assert(!JSON.stringify(rows).includes('password of bob') && !JSON.stringify(rows).includes('a wrong one'));
  const write = await audit.get(rows[0].id).delete().run(conn);
  assert.strictEqual(write.errors, 1);

  // Whose right to see it ends does not see what comes.
  const feed = await audit.changes().run(bob);
  const ended = new Promise((resolve) => feed.each((e) => { if (e) resolve(e); }));
  await audit.grant('bob', { config: null }).run(conn);
  assert(/required `config` permission/.test((await ended).message));
  console.log('ok');
  process.exit(0); // drivers from 2.3 on do not stop the clock of a connection that was refused
}

main().catch((error) => { console.error(error); process.exit(1); });
