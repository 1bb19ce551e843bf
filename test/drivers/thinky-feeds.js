'use strict';
// Feeds of models with the object mapper thinky: node thinky-feeds.js PORT
const assert = require('assert');
const { EventEmitter, once } = require('events');

const thinky = require('thinky')({ host: '127.0.0.1', port: Number(process.argv[2]), db: 'thinkyfeeds', silent: true });
const { type, r } = thinky;

const Team = thinky.createModel('Team', { id: type.string(), name: type.string() });
const Player = thinky.createModel('Player', {
  id: type.string(),
  score: type.number().default(0),
  joined: type.date().default(r.now()),
  teamId: type.string(),
});
Team.hasMany(Player, 'players', 'id', 'teamId');
Player.belongsTo(Team, 'team', 'teamId', 'id');
Player.ensureIndex('score');
Player.define('shout', function shout() { return `${this.id.toUpperCase()}!`; });

// story tells what a document of a feed has been through: "bob 1→5".
function story(player) {
  const old = player.getOldValue();
  if (!player.isSaved()) return `${player.id} gone`;
  return old ? `${player.id} ${old.score}→${player.score}` : `${player.id} ${player.score}`;
}

// stories takes the next n documents of a feed.
async function stories(feed, n) {
  const told = [];
  while (told.length < n) told.push(story(await feed.next()));
  return told;
}

// A feed of a model: its documents are instances with methods, dates and old values, and can be saved in turn.
async function models() {
  const feed = await Player.changes().run();
  const high = await Player.filter(r.row('score').gt(2)).changes().run();
  const bob = await new Player({ id: 'bob', score: 1 }).save();
  const added = await feed.next();
  assert.strictEqual(added.getModel(), Player);
  assert(added.joined instanceof Date);
  assert.strictEqual(added.shout(), 'BOB!');
  assert.deepStrictEqual([story(added), added.getOldValue()], ['bob 1', null]);

  bob.score = 3;
  await bob.save();
  const changed = await feed.next();
  assert.strictEqual(story(changed), 'bob 1→3');
  changed.score = 4;
  await changed.save();
  assert.strictEqual(story(await feed.next()), 'bob 3→4');
  await changed.delete();
  const gone = await feed.next();
  assert.deepStrictEqual([gone.id, gone.isSaved()], ['bob', false]);
  assert.deepStrictEqual(await stories(high, 3), ['bob 3', 'bob 3→4', 'bob gone']);
  assert.throws(() => feed.toArray(), /not available on feeds/);
  await Promise.all([feed.close(), high.close()]);
}

// The same by events, and by a callback. Initial values are documents without old ones; the callback does not get the states.
async function events() {
  await Player.save([{ id: 'ada', score: 3 }, { id: 'bob', score: 1 }]);
  const all = await Player.changes({ includeInitial: true, includeStates: true }).run();
  const told = [];
  const calls = new EventEmitter();
  all.each((error, player) => calls.emit(error ? 'error' : 'call', error || told.push(story(player))));
  while (told.length < 2) await once(calls, 'call');

  const feed = await Player.getAll('ada').changes().run();
  const heard = once(feed, 'data');
  assert.throws(() => feed.next(), /cannot called `next`/);
  await Player.get('ada').update({ score: 4 }).run();
  assert.strictEqual(story((await heard)[0]), 'ada 3→4');
  while (told.length < 3) await once(calls, 'call');
  assert.deepStrictEqual([told.slice(0, 2).sort(), told[2]], [['ada 3', 'bob 1'], 'ada 3→4']);
  await Promise.all([feed.close(), all.close()]);
}

// A feed of one document: the document itself changes, and says so.
async function oneDocument() {
  const ada = await Player.get('ada').changes({ includeInitial: true }).run();
  assert.strictEqual(ada.getModel(), Player);
  assert.strictEqual(ada.score, 4);
  let change = once(ada, 'change');
  await Player.get('ada').update({ score: 9 }).run();
  await change;
  assert.deepStrictEqual([ada.score, ada.getOldValue().score, ada.isSaved()], [9, 4, true]);
  change = once(ada, 'change');
  await Player.get('ada').delete().run();
  await change;
  assert.deepStrictEqual([ada.isSaved(), ada.score, ada.getOldValue().score], [false, undefined, 9]);
  change = once(ada, 'change');
  await new Player({ id: 'ada', score: 2 }).save();
  await change;
  assert.deepStrictEqual([ada.isSaved(), ada.score, ada.getOldValue()], [true, 2, null]);
  assert.strictEqual(ada.getFeed().getType(), 'AtomFeed');
  await ada.closeFeed();

  const nobody = await Player.get('nobody').changes({ includeInitial: true }).run();
  change = once(nobody, 'change');
  await new Player({ id: 'nobody', score: 0 }).save();
  await change;
  assert.deepStrictEqual([nobody.id, nobody.score], ['nobody', 0]);
  await nobody.closeFeed();
  await Player.get('nobody').delete().run();
}

// The best two, by the index that the model ensures: who enters comes with whom it replaces.
async function best() {
  const feed = await Player.orderBy({ index: r.desc('score') }).limit(2).changes({ includeInitial: true }).run();
  assert.deepStrictEqual((await stories(feed, 2)).sort(), ['ada 2', 'bob 1']);
  await new Player({ id: 'eve', score: 5 }).save();
  await Player.get('eve').update({ score: 6 }).run();
  await Player.get('eve').delete().run();
  assert.deepStrictEqual(await stories(feed, 3), ['eve 1→5', 'eve 5→6', 'bob 6→1']);
  await feed.close();
}

// Relations are saved and deleted together; the feed of the related model tells of each document once.
async function relations() {
  const feed = await Player.filter(r.row.hasFields('teamId')).changes().run();
  const team = new Team({ id: 'red', name: 'Red' });
  team.players = [new Player({ id: 'kim', score: 1 }), new Player({ id: 'lee', score: 2 })];
  await team.saveAll({ players: true });
  assert.deepStrictEqual((await stories(feed, 2)).sort(), ['kim 1', 'lee 2']);
  const joined = await Player.get('kim').getJoin({ team: true }).run();
  assert.strictEqual(joined.team.name, 'Red');

  await team.removeRelation('players', { id: 'kim' });
  await team.addRelation('players', { id: 'kim' });
  assert.deepStrictEqual(await stories(feed, 2), ['kim gone', 'kim 1']); // it was out of what the feed is of
  const whole = await Team.get('red').getJoin({ players: true }).run();
  await whole.deleteAll({ players: true });
  assert.deepStrictEqual((await stories(feed, 2)).sort(), ['kim gone', 'lee gone']);
  await feed.close();
}

async function main() {
  await Promise.all([Team.ready(), Player.ready()]);
  for (const part of [models, events, oneDocument, best, relations]) await part();
  await r.dbDrop('thinkyfeeds').run();
  await r.getPoolMaster().drain();
}

main().then(() => console.log('ok'), (error) => {
  console.error(error);
  process.exit(1);
});
