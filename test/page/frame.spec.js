import assert from 'node:assert/strict';

import { r, run, scenario } from './scenario.js';

const focused = page => page.evaluate(() => document.activeElement.id);

scenario('a table is found by a part of its name', async ({ open }) => {
  await run(r.tableCreate('needles'));
  await run(r.tableCreate('needless'));
  const { id } = await run(r.table('needles').config());
  const page = await open('#dataexplorer');
  await page.getByRole('textbox', { name: 'Query' }).waitFor();
  await page.keyboard.type('/'); // belongs to the query
  assert.match(await page.getByRole('textbox', { name: 'Query' }).innerText(), /^\//);
  await page.getByRole('link', { name: 'Data Explorer' }).focus();
  await page.keyboard.press('/');
  await page.keyboard.type('eedl');
  await page.getByRole('option', { name: 'test.needles table' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.locator('[role=option][aria-selected=true]', { hasText: 'needless' }).waitFor();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.waitForURL(url => url.hash === `#tables/${id}`);
  await page.waitForFunction(() => document.title.includes('needles'));
});

scenario('whoever goes to a screen is there, in title and focus', async ({ open }) => {
  const page = await open();
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter'); // skips to the content
  assert.equal(await focused(page), 'main');
  await page.getByRole('link', { name: 'Tables', exact: true }).click();
  await page.waitForFunction(() => document.title.startsWith('Tables'));
  assert.equal(await focused(page), 'main');
  assert.equal(await page.getByRole('link', { name: 'Tables', exact: true }).getAttribute('aria-current'), 'page');
  await page.goBack();
  await page.waitForFunction(() => document.title.startsWith('Dashboard'));
});

scenario('the page says that the server is gone, and goes on when it is back', async ({ open }) => {
  const page = await open('#tables', { expected: [/ERR_INTERNET_DISCONNECTED/] });
  const ready = page.getByRole('list', { name: 'Cluster' });
  await ready.getByText('tables ready').waitFor();
  await page.context().setOffline(true);
  await page.getByRole('alert').getByText('You have been disconnected from the server').waitFor();
  await page.getByRole('button', { name: 'Try now' }).click(); // which is too early
  await page.context().setOffline(false);
  await page.getByText('You have been disconnected').waitFor({ state: 'detached' });
  await run(r.tableCreate('after'));
  await ready.getByText('3/3 tables ready').waitFor();
});
