import assert from 'node:assert/strict';

import { scenario } from './scenario.js';

scenario('the page is there', async ({ open }) => {
  const page = await open();
  await page.getByRole('heading', { level: 1 }).waitFor();
  assert.match(await page.title(), /RethinkDB/);
});
