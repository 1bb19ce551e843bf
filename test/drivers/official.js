'use strict';
// Real work with the official driver: node official.js PACKAGE (callbacks|promises) PORT
const assert = require('assert');
const { rows, ROWS } = require('./rows');

const [, , name, style, port] = process.argv;
const r = require(name);

// Every asynchronous call of the driver takes a callback, or returns a promise without one. The program below is the same in
// both styles; only the way to wait differs.
function call(object, method, ...args) {
  if (style === 'promises') return object[method](...args);
  return new Promise((resolve, reject) => {
    object[method](...args, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

function each(cursor, row) {
  return new Promise((resolve, reject) => {
    cursor.each((error, value) => {
      if (error) { reject(error); return false; }
      row(value);
      return true;
    }, resolve);
  });
}

// same compares values as JSON; the arrays of the driver have methods of their own, which assert would compare.
function same(actual, expected) {
  assert.deepStrictEqual(JSON.parse(JSON.stringify(actual)), expected);
}

async function rejects(promise, text) {
  try {
    await promise;
  } catch (error) {
    assert(error.msg.includes(text), `error text ${error.msg}`); // only errors of the server have a msg
    return;
  }
  assert.fail(`no error with ${text}`);
}

async function main() {
  const conn = await call(r, 'connect', { host: '127.0.0.1', port: Number(port) });
  const run = (query, options) => (options ? call(query, 'run', conn, options) : call(query, 'run', conn));
  const list = async (query, options) => {
    const result = await run(query, options);
    return Array.isArray(result) ? result : call(result, 'toArray');
  };
  const db = `${name}_${style}`.replace(/\W/g, '_');

  await run(r.dbCreate(db));
  assert((await run(r.dbList())).includes(db));
  conn.use(db);
  await run(r.tableCreate('users'));
  await run(r.tableCreate('codes', { primaryKey: 'code', durability: 'soft' }));
  same((await list(r.tableList())).sort(), ['codes', 'users']);

  // 1,000 inserts: one after the other, many at once, and in one query.
  const users = r.table('users');
  const documents = rows();
  for (const d of documents.slice(0, 100)) assert.strictEqual((await run(users.insert(d))).inserted, 1);
  const results = await Promise.all(documents.slice(100, 500).map((d) => run(users.insert(d))));
  assert(results.every((result) => result.inserted === 1));
  assert.strictEqual((await run(users.insert(documents.slice(500)))).inserted, 500);
  const generated = await run(users.insert({ name: 'without a key' }));
  assert.strictEqual(generated.generated_keys.length, 1);
  assert.strictEqual((await run(users.get(generated.generated_keys[0]).delete())).deleted, 1);
  const twice = await run(users.insert(documents[0]));
  assert.strictEqual(twice.errors, 1);
  assert(twice.first_error.startsWith('Duplicate primary key `id`'), twice.first_error);

  assert.strictEqual(await run(users.count()), ROWS);
  same(await run(users.get(7)), documents[7]);
  assert.strictEqual(await run(users.get(-1)), null);
  assert.strictEqual((await list(users.getAll(1, 2, 3))).length, 3);
  assert.strictEqual((await list(users.between(10, 20))).length, 10);

  assert.strictEqual((await list(users.filter({ even: true }))).length, ROWS / 2);
  assert.strictEqual((await list(users.filter((u) => u('n').ge(990).and(u('even'))))).length, 5);
  assert.strictEqual((await list(users.filter(r.row('tags').contains('t3')).pluck('id'))).length, ROWS / 10);

  const updated = await run(users.get(7).update({ visits: r.row('visits').add(41), deep: { a: 1 } }));
  assert.strictEqual(updated.replaced, 1);
  assert.strictEqual((await run(users.get(7))).visits, 41);
  assert.strictEqual((await run(users.filter({ even: true }).update({ colour: 'blue' }))).replaced, ROWS / 2);
  assert.strictEqual(await run(users.filter({ colour: 'blue' }).count()), ROWS / 2);
  assert.strictEqual((await run(users.get(8).replace((u) => u.without('colour')))).replaced, 1);
  assert.strictEqual((await run(users.get(7).update({ visits: 1 }, { durability: 'soft' }))).replaced, 1);

  if (r.binary) { // older drivers have no options of indexCreate
    await run(users.indexCreate('n', { unique: true }));
    assert.strictEqual((await run(users.indexWait('n')))[0].unique, true);
    const taken = await run(users.get(1).update({ n: 2 }));
    assert.strictEqual(taken.errors, 1);
    assert(taken.first_error.startsWith('Duplicate value of unique index `n`'), taken.first_error);
    assert.strictEqual((await run(users.getAll(1, 2).update({ n: r.expr(3).sub(r.row('n')) }))).replaced, 2);
    assert.strictEqual((await run(users.getAll(1, 2).update({ n: r.row('id') }))).replaced, 2);
    assert.strictEqual((await run(users.indexDrop('n'))).dropped, 1);
  }

  const best = await list(users.orderBy(r.desc('n')).limit(3)('n'));
  same(best, [999, 998, 997]);
  const byName = await list(users.orderBy('name', r.asc('n'))('id'));
  assert.strictEqual(byName.length, ROWS);

  // The rows are larger than one batch, so the cursor has to fetch.
  let count = 0;
  let last = -1;
  await each(await run(users.orderBy({ index: 'id' })), (u) => {
    assert(u.id > last, 'rows come in order');
    last = u.id;
    count++;
  });
  assert.strictEqual(count, ROWS);
  const cursor = await run(users);
  const first = await call(cursor, 'next');
  assert.strictEqual(typeof first.id, 'number');
  await cursor.close();
  const stepwise = await run(r.table('users').between(0, 3));
  const seen = [];
  for (let i = 0; i < 3; i++) seen.push((await call(stepwise, 'next')).id);
  same(seen.sort(), [0, 1, 2]);
  if (r.binary) assert.strictEqual((await list(users, { arrayLimit: 200000 })).length, ROWS); // since 1.15

  // Aggregation, groups and joins.
  assert.strictEqual(await run(users.sum('n')), (ROWS * (ROWS - 1)) / 2);
  assert.strictEqual(await run(users.map((u) => u('n')).reduce((a, b) => a.add(b))), (ROWS * (ROWS - 1)) / 2);
  const groups = await run(users.group('even').count());
  same(groups.map((g) => g.reduction), [ROWS / 2, ROWS / 2]);
  await run(r.table('codes').insert([{ code: 'blue', hex: '#00f' }, { code: 'red', hex: '#f00' }]));
  const joined = await list(users.hasFields('colour').limit(5).eqJoin('colour', r.table('codes')).zip());
  assert(joined.length === 5 && joined.every((row) => row.hex === '#00f'));

  // Values that are more than JSON.
  const when = new Date('2014-02-03T04:05:06.789Z');
  await run(r.table('codes').insert({ code: 'when', when }));
  assert.strictEqual((await run(r.table('codes').get('when')('when'))).getTime(), when.getTime());
  if (r.binary) {
    const bytes = Buffer.from([0, 1, 2, 250, 251, 252]);
    await run(r.table('codes').insert({ code: 'bytes', bytes }));
    assert.deepStrictEqual(Buffer.from(await run(r.table('codes').get('bytes')('bytes'))), bytes);
  }
  assert.strictEqual(await run(r.expr('Ünïcödé ☃ \u{1f600}')), 'Ünïcödé ☃ \u{1f600}');
  assert.strictEqual(await run(r.expr({ a: [1, 2.5, -0.25] })('a').nth(1)), 2.5);
  assert.strictEqual(await run(r.branch(r.expr(1).lt(2), 'yes', 'no')), 'yes');
  assert.strictEqual(await run(r.expr({}).getField('missing').default('none')), 'none');

  // Errors are errors of the driver, and the connection goes on.
  await rejects(run(r.table('nothing')), 'Table `' + db + '.nothing` does not exist.');
  await rejects(run(r.expr(1).div(0)), 'Cannot divide by zero.');
  await rejects(run(r.dbCreate(db)), 'Database `' + db + '` already exists.');

  // Writes that nobody waits for.
  for (let i = 0; i < 50; i++) run(r.table('codes').insert({ code: `noreply ${i}` }), { noreply: true });
  await call(conn, 'noreplyWait');
  assert.strictEqual(await run(r.table('codes').filter((c) => c('code').match('^noreply ')).count()), 50);

  assert.strictEqual((await run(users.get(7).delete())).deleted, 1);
  assert.strictEqual((await run(users.filter({ even: true }).delete())).deleted, ROWS / 2);
  assert.strictEqual(await run(users.count()), ROWS / 2 - 1);
  assert.strictEqual((await run(users.delete())).deleted, ROWS / 2 - 1);
  await run(r.tableDrop('codes'));
  same(await list(r.tableList()), ['users']);
  await run(r.dbDrop(db));
  assert(!(await run(r.dbList())).includes(db));

  await call(conn, 'reconnect');
  assert.strictEqual(await run(r.expr(1)), 1);
  await call(conn, 'close');
}

main().then(() => console.log('ok'), (error) => {
  console.error(error);
  process.exitCode = 1;
  process.exit();
});
