import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';

import { addSamples } from './sample.js';
import { origin, scenario } from './scenario.js';

const browserify = createRequire(import.meta.url)('browserify');

/** The published driver as a script for browsers, made as its users make it. */
function bundle() {
  const bundler = browserify().require('rethinkdb');
  return promisify(bundler.bundle.bind(bundler))();
}

scenario('the published driver works in a page of the server, by the endpoint for browsers', async ({ open }) => {
  await addSamples();
  const page = await open();
  const script = await bundle();
  await page.route('**/driver.js', route => route.fulfill({ contentType: 'text/javascript', body: script }));
  await page.addScriptTag({ url: `${origin}/driver.js` });
  const result = await page.evaluate(async () => {
    const r = globalThis.require('rethinkdb');
    const connection = await r.connect({ host: location.hostname, port: Number(location.port), pathname: location.pathname, protocol: location.protocol.replace(':', '') });
    const run = async query => (await query.run(connection)).value; // by this endpoint every answer has a profile, as in the original
    const orders = r.db('shop').table('orders');
    console.log('connected');
    const feed = await run(orders.get('o-10000').changes({ includeInitial: true }));
    const first = await feed.next();
    console.log('the feed has begun');
    await run(orders.get('o-10000').update({ status: 'lost' }));
    const second = await feed.next();
    console.log('the feed has told of the change');
    await run(orders.get('o-10000')); // the driver has asked for more, and breaks if its stop is there before that, as it may be by HTTP
    await feed.close();
    console.log('the feed has ended');
    const cursor = await run(orders.orderBy({ index: 'id' })); // of several batches
    const all = await cursor.toArray();
    console.log('the cursor has ended');
    const refused = await run(orders.get('o-10000')('nothing')).catch(error => ({ name: error.name, message: error.message }));
    const server = await connection.server();
    await connection.close();
    return { count: all.length, first: all[0].id, before: first.new_val.status, after: second.new_val.status, date: all[0].created instanceof Date, refused, server: typeof server.name };
  });
  assert.deepEqual({ ...result, refused: undefined }, { count: 1200, first: 'o-10000', before: 'paid', after: 'lost', date: true, refused: undefined, server: 'string' });
  assert.equal(result.refused.name, 'ReqlNonExistenceError');
  assert.match(result.refused.message, /^No attribute `nothing` in object:/);
});
