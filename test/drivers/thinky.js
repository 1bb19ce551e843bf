'use strict';
// Real work with the object mapper thinky: node thinky.js PORT
const assert = require('assert');
const { rows, ROWS } = require('./rows');

const thinky = require('thinky')({ host: '127.0.0.1', port: Number(process.argv[2]), db: 'thinky', silent: true });
const { type, r } = thinky;

async function main() {
  const User = thinky.createModel('User', {
    id: type.number(),
    n: type.number().required(),
    name: type.string(),
    even: type.boolean(),
    tags: [type.string()],
    visits: type.number().default(0),
    address: { city: type.string(), street: type.string() },
    text: type.string(),
    joined: type.date().default(r.now()),
  });
  await User.ready();

  const documents = rows();
  for (const d of documents.slice(0, 100)) {
    const user = new User(d);
    await user.save();
    assert(user.isSaved());
  }
  await Promise.all(documents.slice(100, 500).map((d) => new User(d).save()));
  await User.save(documents.slice(500));

  assert.strictEqual(await User.count().execute(), ROWS);
  const seven = await User.get(7).run();
  assert.strictEqual(seven.name, documents[7].name);
  assert(seven.joined instanceof Date);
  assert.strictEqual((await User.filter({ even: true }).run()).length, ROWS / 2);
  assert.strictEqual((await User.filter((u) => u('n').lt(10)).run()).length, 10);
  seven.visits = 41;
  await seven.save();
  assert.strictEqual((await User.get(7).run()).visits, 41);
  const best = await User.orderBy(r.desc('n')).limit(2).run();
  assert.deepStrictEqual(best.map((u) => u.n), [999, 998]);
  const inOrder = await User.orderBy({ index: 'id' }).run();
  assert.strictEqual(inOrder.length, ROWS);
  const cursor = await r.table('User').orderBy({ index: 'id' }).run({ cursor: true });
  let count = 0;
  await cursor.eachAsync((user) => {
    assert.strictEqual(user.id, count);
    count++;
  });
  assert.strictEqual(count, ROWS);

  await assert.rejects(User.get(-1).run(), thinky.Errors.DocumentNotFound);
  await seven.delete();
  assert.strictEqual(await User.count().execute(), ROWS - 1);
  await User.filter({ even: true }).delete().execute();
  assert.strictEqual(await User.count().execute(), ROWS / 2 - 1);
  await r.dbDrop('thinky').run();
  await r.getPoolMaster().drain();
}

main().then(() => console.log('ok'), (error) => {
  console.error(error);
  process.exit(1);
});
