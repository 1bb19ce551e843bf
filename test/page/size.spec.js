import assert from 'node:assert/strict';

import { scenario } from './scenario.js';
import { screensOf, shown } from './screens.js';

/** In bytes, as they are sent, of everything that a screen needs before it can be used. */
const limit = 200_000;

scenario('the first view of each screen is small', async ({ open }) => {
  const hashes = await screensOf(await open());
  const sizes = {};
  for (const hash of hashes) {
    const page = await open(hash, { prepare: fresh => count(fresh, bytes => { sizes[hash] = (sizes[hash] ?? 0) + bytes; }) });
    await shown(page);
  }
  console.log(sizes);
  assert.deepEqual(Object.entries(sizes).filter(([, size]) => size > limit), []);
});

/** Counts the bytes of files; queries are no part of the page. */
function count(page, add) {
  page.on('requestfinished', async request => {
    if (request.method() === 'GET') {
      add((await request.sizes()).responseBodySize);
    }
  });
}
