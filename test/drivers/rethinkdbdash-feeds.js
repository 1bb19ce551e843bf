'use strict';
// Feeds with rethinkdbdash: its cursors, node's streams, and a pool with many feeds: node rethinkdbdash-feeds.js PORT
const assert = require('assert');
const { once } = require('events');
const { Writable } = require('stream');
const { pipeline } = require('stream/promises');
const { taken } = require('./taken');

const FEEDS = 100; // each keeps one connection of the pool
const UPDATES = 300;
const r = require('rethinkdbdash')({
  servers: [{ host: '127.0.0.1', port: Number(process.argv[2]) }],
  db: 'dashfeeds',
  buffer: 5,
  max: FEEDS + 20,
  silent: true,
});
const scores = r.table('scores');

// next takes the next n events of a feed.
async function next(feed, n) {
  const events = [];
  while (events.length < n) events.push(await feed.next());
  return events;
}

// short says what happened, in short.
const short = (events) => events.map((e) => e.state || (e.new_val ? `+${e.new_val.id}` : `-${e.old_val.id}`));

// The kinds of feeds, as the driver names them by the notes of their answers.
async function kinds() {
  const best = scores.orderBy({ index: r.desc('score') }).limit(1).changes();
  const feeds = {
    Feed: scores.changes(),
    AtomFeed: scores.get('bob').changes(),
    OrderByLimitFeed: best,
    UnionedFeed: scores.changes().union(best),
  };
  for (const [kind, query] of Object.entries(feeds)) {
    const feed = await query;
    assert.deepStrictEqual([feed.getType(), String(feed), feed.includesStates()], [kind, `[object ${kind}]`, false]);
    await scores.insert({ id: 'bob', score: 5 });
    await scores.get('bob').delete();
    const sides = kind === 'UnionedFeed' ? 2 : 1; // each tells of both changes
    assert.deepStrictEqual(short(await next(feed, 2 * sides)).sort(), ['+bob', '+bob', '-bob', '-bob'].filter((_, i) => i % 2 < sides), kind);
    await feed.close();
    await assert.rejects(feed.next(), /closed/);
  }
}

// Events with all that can be asked for, and changes that are squashed.
async function options() {
  await scores.insert([{ id: 'ada', score: 3 }, { id: 'bob', score: 1 }]);
  const all = { includeInitial: true, includeStates: true, includeTypes: true };
  const best = await scores.orderBy({ index: r.desc('score') }).limit(2).changes({ ...all, includeOffsets: true });
  assert(best.includesStates());
  const initial = await next(best, 4);
  const rows = initial.filter((e) => e.type === 'initial').sort((a, b) => a.new_offset - b.new_offset);
  assert.deepStrictEqual(rows, [
    { type: 'initial', new_offset: 0, new_val: { id: 'ada', score: 3 } },
    { type: 'initial', new_offset: 1, new_val: { id: 'bob', score: 1 } },
  ]);
  assert.deepStrictEqual([initial[0], initial[3]], [{ type: 'state', state: 'initializing' }, { type: 'state', state: 'ready' }]);
  await scores.get('bob').update({ score: 4 });
  assert.deepStrictEqual(await best.next(), {
    type: 'change', old_offset: 1, new_offset: 0, old_val: { id: 'bob', score: 1 }, new_val: { id: 'bob', score: 4 },
  });

  const table = await scores.changes({ ...all });
  assert.deepStrictEqual(short(await next(table, 4)).sort(), ['+ada', '+bob', 'initializing', 'ready']);
  await scores.insert({ id: 'eve', score: 0 });
  await scores.get('eve').delete();
  assert.deepStrictEqual((await next(table, 2)).map((e) => e.type), ['add', 'remove']);

  // However they are squashed, one change begins where the one before has ended.
  const squashed = await Promise.all([true, 0.05].map((squash) => scores.get('ada').changes({ squash })));
  for (let score = 100; score <= 200; score++) await scores.get('ada').update({ score });
  for (const feed of squashed) {
    for (let last = 3, n = 0; last < 200; n++) {
      const event = await feed.next();
      assert.strictEqual(event.old_val.score, last);
      assert(n <= 101 && event.new_val.score > last);
      last = event.new_val.score;
    }
  }
  await Promise.all([best, table, ...squashed].map((feed) => feed.close()));
}

// The ways to read a cursor besides next.
async function readers() {
  const query = scores.get('ada').changes()('new_val')('score');
  const each = taken(await query, 3);
  const events = await query;
  const heard = [];
  events.on('data', (score) => { heard.push(score); if (heard.length === 3) events.close(); });
  const end = once(events, 'end');
  assert.throws(() => events.next(), /bound listeners/);
  const cursor = await query;
  const eachAsync = [];
  const over = cursor.eachAsync(async (score) => { if (eachAsync.push(score) === 3) await cursor.close(); });

  for (const score of [7, 8, 9]) await scores.get('ada').update({ score });
  await Promise.all([end, over]);
  assert.deepStrictEqual([await each, heard, eachAsync], Array(3).fill([7, 8, 9]));
}

// Feeds as streams of node: with an iterator, through a pipeline whose end is slow, and into another table, which so becomes a copy.
async function streams() {
  await scores.get('bob').update({ n: 0 });
  const iterated = await scores.get('ada').changes().run({ stream: true });

  const copy = r.table('copy');
  const copies = await copy.changes();
  const source = scores.changes({ includeInitial: true })('new_val').toStream();
  source.pipe(copy.toStream({ writable: true, conflict: 'replace' }));
  await next(copies, 2); // the initial values, so the feed is open

  const counted = scores.get('bob').changes({ includeInitial: true })('new_val')('n').toStream({ highWaterMark: 2 });
  const seen = [];
  const slow = new Writable({
    objectMode: true,
    highWaterMark: 1,
    write(n, _, done) {
      slow.emit('seen');
      if (seen.push(n) > UPDATES) counted.close();
      setImmediate(done);
    },
  });
  const piped = pipeline(counted, slow);
  await once(slow, 'seen');

  for (let n = 1; n <= UPDATES; n++) await scores.get('bob').update({ n });
  await piped;
  assert.deepStrictEqual(seen, Array.from({ length: UPDATES + 1 }, (_, n) => n));
  for (let last = 0; last < UPDATES;) {
    const { n } = (await copies.next()).new_val;
    assert(n > last);
    last = n;
  }

  const iterator = iterated[Symbol.asyncIterator]();
  for (const score of [1, 2, 3]) await scores.get('ada').update({ score });
  for (const score of [1, 2, 3]) assert.strictEqual((await iterator.next()).value.new_val.score, score);
  await Promise.all([iterated.close(), source.close(), copies.close()]);
  assert((await iterator.next()).done);
}

// Many feeds at once over the pool, while the pool writes: each hears of its own document, of everything and in order.
async function many() {
  const documents = Array.from({ length: FEEDS }, (_, id) => ({ id, score: 0 }));
  await scores.insert(documents);
  const feeds = await Promise.all(documents.map(({ id }) => (id % 2 ? scores.get(id) : scores.filter({ id })).changes()('new_val')('score')));
  const heard = feeds.map((feed) => taken(feed, 5));
  for (const score of [1, 2, 3, 4, 5]) await Promise.all(documents.map(({ id }) => scores.get(id).update({ score })));
  assert.deepStrictEqual(await Promise.all(heard), documents.map(() => [1, 2, 3, 4, 5]));
  const pool = r.getPoolMaster();
  assert(pool.getLength() - pool.getAvailableLength() < FEEDS / 2, 'closed feeds give their connections back');
}

// A feed ends with an error when its table does, whichever way it is read.
async function end() {
  const [read, events, stream] = await Promise.all([scores.changes(), scores.changes(), scores.changes().run({ stream: true })]);
  const error = async (emitter) => {
    const [last] = await once(emitter, 'error');
    throw last;
  };
  const errors = [read.next(), error(events), error(stream.resume())].map((ended) => assert.rejects(ended, /Changefeed aborted \(unavailable\)/));
  await r.tableDrop('scores');
  await Promise.all(errors);
}

async function main() {
  await r.dbCreate('dashfeeds');
  await r.tableCreate('scores');
  await r.tableCreate('copy');
  await scores.indexCreate('score');
  await scores.indexWait();
  for (const part of [kinds, options, readers, streams, many, end]) await part();
  await r.dbDrop('dashfeeds');
  await r.getPoolMaster().drain();
}

main().then(() => console.log('ok'), (error) => {
  console.error(error);
  process.exit(1);
});
