// server: --bind all
import assert from 'node:assert/strict';

import { expectAccessible } from './accessibility.js';
import { addSamples } from './sample.js';
import { r, run, scenario } from './scenario.js';

const password = 'correct horse battery staple';
/** Browsers write to the console that a request was refused. */
const refused = [/status of 401/];

scenario('an issue comes with what to do about it', async ({ open }) => {
  const page = await open();
  await page.getByText('Everything works, but an issue needs attention.').waitFor();
  const issues = page.getByRole('region', { name: '1 issue to resolve' });
  await issues.getByRole('heading', { name: 'There is no password' }).waitFor();
  await issues.getByRole('link', { name: 'Users' }).waitFor();
  assert.equal(await issues.getByRole('region', { name: 'Sets the password of admin' }).innerText(), 'rethinkdb admin set auth PASSWORD');
  await expectAccessible(page);
});

scenario('the cluster in numbers', async ({ open }) => {
  const page = await open();
  const numbers = page.getByRole('list', { name: 'The cluster in numbers' });
  await numbers.getByText('0 ready').waitFor();
  await addSamples();
  await numbers.getByText('4 ready').waitFor();
  await numbers.getByText('5 built').waitFor();
  for (const gauge of ['Cache', 'Memory', 'Disk']) {
    assert.match(await page.getByRole('meter', { name: gauge, exact: true }).getAttribute('aria-valuetext'), /^[\d.]+ \w+ of [\d.]+ \w+$/);
  }
  await page.getByRole('region', { name: 'Slow queries' }).getByText('They are not recorded. How to switch that on').click();
  await page.getByText('rethinkdb --slow-query-log 100', { exact: true }).waitFor();
  await page.getByRole('region', { name: 'Newest log entries' }).getByRole('listitem').nth(4).waitFor();
  await page.getByRole('region', { name: 'Security' }).getByRole('link', { name: 'Who may come in' }).waitFor();
});

/** Works with a table until the page shows it. */
async function whileWriting(table, shown) {
  let done = false;
  const writing = (async () => {
    while (!done) {
      await run(r.range(50).forEach(i => table.insert({ id: i }, { conflict: 'replace', durability: 'soft' })));
    }
  })();
  try {
    await shown();
  } finally {
    done = true;
    await writing;
  }
}

scenario('the plot follows the work on the cluster, and on one table', async ({ open }) => {
  const page = await open('', { width: 380 });
  const plot = page.getByRole('img', { name: /^Documents read and written per second in the last two minutes\./ });
  const written = /writes\/sec: now [1-9][\d.,]*K?, at most/;
  const busy = page.getByRole('img', { name: written });
  await plot.waitFor();
  const choice = page.getByRole('combobox', { name: 'Performance of' });
  await whileWriting(r.db('shop').table('products'), async () => {
    await busy.waitFor();
    await choice.selectOption('shop.products');
    await busy.waitFor();
    await choice.selectOption('shop.orders');
    await page.getByRole('img', { name: /writes\/sec: now 0, at most 0/ }).waitFor();
  });
  assert.ok(await page.locator('.plot canvas').isVisible());
  await page.getByRole('link', { name: 'Servers' }).first().waitFor({ state: 'attached' });
  await expectAccessible(page);
});

scenario('what one user may not know is said in plain words', async ({ open }) => {
  await run(r.db('rethinkdb').table('users').insert({ id: 'nobody', password }));
  await run(r.db('rethinkdb').table('users').get('admin').update({ password }));
  const page = await open('', { expected: refused });
  await page.getByLabel('User').fill('nobody');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('The dashboard is made of the system tables, which your user may not read.').waitFor();
  for (const hash of ['#servers', '#jobs', '#jobs/slow', '#logs']) {
    await page.goto(page.url().replace(/#.*/, hash));
    await page.getByText('Your user may not see this.').first().waitFor();
  }
  await expectAccessible(page);
});
