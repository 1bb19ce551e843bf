// server: --slow-query-log 1
// Servers, jobs and logs.
import assert from 'node:assert/strict';

import { expectAccessible } from './accessibility.js';
import { addSamples } from './sample.js';
import { r, run, scenario } from './scenario.js';

const system = r.db('rethinkdb');
const config = system.table('server_config').nth(0);

scenario('a server and what it has', async ({ open }) => {
  await addSamples();
  const { name, id } = await run(config);
  const page = await open('#servers');
  const row = page.getByRole('row', { name: new RegExp(`^${name}`) });
  await row.getByText('4 primaries, 0 secondaries').waitFor();
  await expectAccessible(page);
  await row.getByRole('link', { name }).click();
  await page.getByRole('heading', { level: 1, name: `Server ${name}` }).waitFor();
  assert.match(page.url(), new RegExp(`#servers/${id}$`));
  const tables = page.getByRole('table').filter({ hasText: 'Primary replica' });
  await tables.getByRole('row', { name: 'shop.orders 1 of 1 Primary replica' }).waitFor();
  await page.getByText(process.env.DRIVER_PORT).first().waitFor();
  await page.getByRole('img', { name: /^Documents read and written/ }).waitFor();
  await expectAccessible(page);
});

scenario('a server gets another name, tags and cache', async ({ open }) => {
  const { name, id } = await run(config);
  const page = await open(`#servers/${id}`);
  await page.getByRole('button', { name: 'Edit name, tags and cache' }).click();
  const dialog = page.getByRole('dialog', { name: `Edit server ${name}` });
  await dialog.getByLabel('Name').fill('not a name');
  await dialog.getByText('Use A-Z').waitFor();
  assert.ok(await dialog.getByRole('button', { name: 'Save' }).isDisabled());
  await dialog.getByLabel('Name').fill('athena');
  await dialog.getByLabel('Tags').fill('default, europe');
  await dialog.getByLabel('Cache size').fill('512');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { level: 1, name: 'Server athena' }).waitFor();
  assert.deepEqual(await run(config), { id, name: 'athena', tags: ['default', 'europe'], cache_size_mb: 512 });
  await page.getByRole('region', { name: 'Newest log entries' }).getByText(`Changed server's name from \`${name}\` to \`athena\`.`).waitFor(); // by itself
});

scenario('a server that is not there', async ({ open }) => {
  const page = await open('#servers/00000000-0000-0000-0000-000000000000');
  await page.getByText('There is no such server.').waitFor();
  await page.getByRole('link', { name: 'All servers' }).click();
  await page.getByRole('heading', { level: 1, name: 'Servers' }).waitFor();
});

scenario('a query is seen while it runs, and killed', async ({ open }) => {
  const page = await open('#jobs');
  await page.getByText('No queries are running.').waitFor();
  const endless = run(r.range(1e12).map(n => n.mul(2)).count()).catch(error => error.msg);
  const query = page.getByRole('listitem').filter({ hasText: 'r.range(' });
  await query.getByText('by admin').waitFor();
  await expectAccessible(page);
  await query.getByRole('button', { name: /^Kill/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Kill this query?' });
  await dialog.getByText('r.range(').waitFor();
  await dialog.getByRole('button', { name: 'Kill' }).click();
  assert.equal(await endless, 'Query terminated by the `rethinkdb.jobs` table.');
  await page.getByText('No queries are running.').waitFor();
  await page.getByLabel('Show the queries of administration pages').check();
  await page.getByRole('listitem').filter({ hasText: 'administration_page' }).first().waitFor();
});

scenario('slow queries are listed, with markup in them as text', async ({ open }) => {
  const hostile = '<img src=x onerror=alert(1)>';
  const page = await open('#jobs/slow');
  await page.getByRole('heading', { level: 2, name: 'Slow queries' }).waitFor();
  await run(r.range(300_000).map(n => ({ [hostile]: n })).count());
  await page.getByRole('listitem').filter({ hasText: hostile }).first().waitFor();
  assert.equal(await page.locator('main img').count(), 0);
  await page.getByRole('radio', { name: 'Longest first' }).click();
  await expectAccessible(page);
  await page.goto(page.url().replace(/#.*/, '#dashboard'));
  await page.getByRole('region', { name: 'Slow queries' }).getByRole('link', { name: 'All of them' }).waitFor();
});

scenario('the log comes in by itself, is searched, and read back to its beginning', async ({ open }) => {
  const page = await open('#logs');
  const entries = page.getByRole('region', { name: 'Log entries, newest first' });
  await entries.getByRole('listitem').first().waitFor();
  for (let i = 0; i < 300; i++) {
    await run(system.table('server_config').update({ name: `hera_${i}` }));
  }
  await entries.getByText('to `hera_299`.').waitFor();
  await expectAccessible(page);
  assert.ok(await entries.getByRole('listitem').count() < 60, 'what is out of view is in the page');
  await page.getByRole('button', { name: 'Following' }).click();
  await run(system.table('server_config').update({ name: 'zeus' }));
  await page.getByRole('button', { name: /^Follow \(\d+ new\)/ }).waitFor();
  assert.equal(await entries.getByText('to `zeus`.').count(), 0);
  await page.getByRole('button', { name: /^Follow \(\d+ new\)/ }).click();
  await entries.getByText('to `zeus`.').waitFor();

  const find = page.getByRole('searchbox', { name: 'Find in messages' });
  await find.fill('Server ready');
  await entries.getByText('Server ready').waitFor(); // it is older than what was read at first
  assert.equal(await entries.getByRole('listitem').count(), 1);
  await find.fill('');
  await page.getByRole('combobox', { name: 'Level' }).selectOption('Errors');
  await page.getByText('No entry is like that.').waitFor();
  await page.getByRole('button', { name: 'Show all entries' }).click();
  const first = entries.getByText('Initializing directory');
  while (await first.count() === 0) {
    await entries.evaluate(element => element.scrollTo(0, element.scrollHeight));
  }
  await first.waitFor();
});
