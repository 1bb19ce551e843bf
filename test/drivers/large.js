'use strict';
// Documents of 100 fields, of a megabyte and of 20 levels, through every kind of index: node large.js DRIVER PORT

const assert = require('assert');
const [driver, port] = process.argv.slice(2);
const r = require(driver);

const at = (n) => ({ $reql_type$: 'GEOMETRY', type: 'Point', coordinates: [n, n] });

// documents returns one of each kind, with a value for each index.
function documents() {
  const wide = {};
  for (let i = 0; i < 100; i++) wide[`f${i}`] = i;
  let deep = 'the bottom';
  for (let i = 0; i < 19; i++) deep = { down: deep };
  const heavy = { text: 'x'.repeat(1 << 20), list: Array.from({ length: 1000 }, (_, i) => i) };
  return [wide, heavy, { deep }].map((d, i) =>
    Object.assign(d, { id: i, name: `n${i}`, group: 'all', tags: [`t${i}`, 'all'], unique: i * 1000, at: at(i * 10) }));
}

// bottom is the value at 19 levels, or nothing.
function bottom(row) {
  let v = row('deep');
  for (let i = 0; i < 19; i++) v = v('down');
  return v;
}

async function main() {
  const conn = await r.connect({ host: 'localhost', port: Number(port) });
  const table = `large_${driver.replace(/[^a-z0-9]/g, '_')}`;
  const t = r.table(table);
  const rows = async (query) => {
    const result = await query.run(conn);
    return Array.isArray(result) ? result : result.toArray();
  };
  await r.tableCreate(table).run(conn);
  const all = documents();
  // One index of each kind before the documents come, which are then written into it, and one after, which is built of them.
  const create = async (when) => {
    await t.indexCreate(`name_${when}`, r.row('name')).run(conn);
    await t.indexCreate(`compound_${when}`, (row) => [row('group'), row('name')]).run(conn);
    await t.indexCreate(`tags_${when}`, r.row('tags'), { multi: true }).run(conn);
    await t.indexCreate(`bottom_${when}`, bottom).run(conn);
    await t.indexCreate(`unique_${when}`, r.row('unique'), { unique: true }).run(conn);
    if (r.getIntersecting || t.getIntersecting) await t.indexCreate(`at_${when}`, r.row('at'), { geo: true }).run(conn);
  };
  await create('before');
  const written = await t.insert(r.expr(all, 100)).run(conn); // drivers themselves refuse more than 20 levels otherwise
  assert.strictEqual(written.inserted, all.length, JSON.stringify(written).slice(0, 300));
  await create('after');
  await t.indexWait().run(conn);

  for (const doc of all) assert.deepStrictEqual(strip(await t.get(doc.id).run(conn)), strip(doc));
  for (const when of ['before', 'after']) {
    for (const doc of all) {
      const one = async (query) => assert.deepStrictEqual((await rows(query)).map(strip), [strip(doc)]);
      await one(t.getAll(doc.name, { index: `name_${when}` }));
      await one(t.getAll(['all', doc.name], { index: `compound_${when}` }));
      await one(t.getAll(`t${doc.id}`, { index: `tags_${when}` }));
      await one(t.getAll(doc.unique, { index: `unique_${when}` }));
      if (t.getIntersecting) await one(t.getIntersecting(r.point(doc.id * 10, doc.id * 10), { index: `at_${when}` }));
    }
    assert.deepStrictEqual((await rows(t.getAll('all', { index: `tags_${when}` }))).length, all.length);
    assert.deepStrictEqual((await rows(t.orderBy({ index: `name_${when}` }))).map((d) => d.id), [0, 1, 2]);
    assert.deepStrictEqual((await rows(t.getAll('the bottom', { index: `bottom_${when}` }))).map((d) => d.id), [2]);
  }
  const again = await t.insert({ id: 9, unique: 1000 }).run(conn);
  assert.strictEqual(again.errors, 1);
  await conn.close();
  console.log('ok');
}

// strip leaves out the geometry, which drivers give in forms of their own.
function strip(doc) {
  const copy = Object.assign({}, doc);
  delete copy.at;
  return copy;
}

main().catch((error) => {
  console.error(error.stack || error);
  process.exit(1);
});
