'use strict';
// A chat of feathers and socket.io, pushed to its users by feathers-rethinkdb, that is by feeds: node feathers.js PORT
const assert = require('assert');
const { EventEmitter, once } = require('events');
const feathers = require('@feathersjs/feathers');
const socketio = require('@feathersjs/socketio');
const socketioClient = require('@feathersjs/socketio-client');
const io = require('socket.io-client');
const rethinkdbdash = require('rethinkdbdash');
const rethinkdb = require('feathers-rethinkdb');

const EDITS = 200;
const connect = () => rethinkdbdash({ servers: [{ host: '127.0.0.1', port: Number(process.argv[2]) }], db: 'chat', silent: true, buffer: 2, max: 20 });

// serve starts one of the application's servers: everybody hears of every message.
async function serve() {
  const r = connect();
  const app = feathers();
  app.configure(socketio());
  const service = rethinkdb({ Model: r, name: 'messages' });
  await service.init();
  app.use('messages', service);
  app.on('connection', (connection) => app.channel('everybody').join(connection));
  app.publish(() => app.channel('everybody'));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await app.service('messages').watchChangefeeds(app); // the feed is open
  return { r, app, server };
}

// user connects somebody to a server, who comes back only when told, and notes the events that arrive.
async function user({ server }) {
  const socket = io(`http://127.0.0.1:${server.address().port}`, { transports: ['websocket'], reconnection: false });
  const app = feathers();
  app.configure(socketioClient(socket, { timeout: 60000 }));
  const messages = app.service('messages');
  const heard = [];
  const ears = new EventEmitter();
  for (const event of ['created', 'patched', 'removed']) {
    messages.on(event, ({ id, n }) => ears.emit('event', heard.push(`${event} ${id}${n === undefined ? '' : ` ${n}`}`)));
  }
  await messages.find(); // connected, and known to the channel
  return { socket, messages, heard, ears };
}

// until waits until a user has heard n events.
async function until({ heard, ears }, n) {
  while (heard.length < n) await once(ears, 'event');
}

async function main() {
  const servers = [await serve(), await serve()];
  const [ann, ben] = await Promise.all(servers.map(user));

  // What one user does, everybody sees, also on the other server: once, and in order.
  await ann.messages.create({ id: 'm1', text: 'hello' });
  await ben.messages.patch('m1', { text: 'hello!' });
  await ann.messages.remove('m1');
  const story = ['created m1', 'patched m1', 'removed m1'];
  for (const one of [ann, ben]) {
    await until(one, 3);
    assert.deepStrictEqual(one.heard, story);
  }

  // So they see what another program does to the table.
  const r = connect();
  const table = r.table('messages');
  await table.insert({ id: 'm2', n: 0 });
  for (let n = 1; n <= EDITS; n++) await table.get('m2').update({ n });
  const edits = Array.from({ length: EDITS }, (_, n) => `patched m2 ${n + 1}`);
  story.push('created m2 0', ...edits);
  for (const one of [ann, ben]) {
    await until(one, story.length);
    assert.deepStrictEqual(one.heard, story);
  }

  // A user whose connection breaks asks again for everything, and then goes on hearing; the other never noticed.
  const broken = once(ben.socket, 'disconnect');
  ben.socket.io.engine.close();
  await broken;
  await table.insert([{ id: 'm3' }, { id: 'm4' }]);
  await until(ann, story.length + 2);
  ben.socket.connect();
  const all = await ben.messages.find();
  assert.deepStrictEqual(all.map((message) => message.id).sort(), ['m2', 'm3', 'm4']);
  await table.insert({ id: 'm5' });
  await until(ben, story.length + 1);
  await until(ann, story.length + 3);
  assert.deepStrictEqual(ben.heard.slice(story.length), ['created m5']);
  assert.deepStrictEqual(ann.heard.slice(story.length, -1).sort(), ['created m3', 'created m4']);
  assert.strictEqual(ann.heard.at(-1), 'created m5');

  for (const { socket } of [ann, ben]) socket.close();
  for (const { app, server } of servers) {
    await (await app.service('messages').watchChangefeeds(app)).close();
    await new Promise((resolve) => { app.io.close(resolve); server.close(); });
  }
  await Promise.all([r, ...servers.map((server) => server.r)].map((driver) => driver.getPoolMaster().drain()));
}

main().then(() => { console.log('ok'); process.exit(0); }, (error) => {
  console.error(error);
  process.exit(1);
});
