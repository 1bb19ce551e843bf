// Documents, names and texts of queries full of markup are text everywhere.
import assert from 'node:assert/strict';

import { r, run, scenario } from './scenario.js';
import { goTo, screensOf, shown } from './screens.js';

/** A part of the markup that has no quotes, and so looks the same as text and in JSON. */
const recognizable = '<img src=x onerror';
const markup = '"><img src=x onerror="window.owned=1"><script>window.owned=1</script><svg onload="window.owned=1">{{owned}}${owned}';

async function expectText(page, where) {
  assert.equal(await page.evaluate(() => window.owned), undefined, where);
  assert.equal(await page.locator('img[src="x"], svg[onload], #app script').count(), 0, where);
}

scenario('there are hostile things', async () => {
  const table = r.db('test').table('hostile');
  await run(r.db('test').tableCreate('hostile'));
  await run(table.insert([{ id: markup, [markup]: { [markup]: [markup] } }, { id: 2, text: markup, binary: r.binary(Buffer.from(markup)), time: r.now() }]));
  await run(table.indexCreate(markup, r.row('text').add(markup)));
  await run(table.indexWait());
  await run(r.db('rethinkdb').table('users').insert({ id: markup, password: 'of no use' }));
  await run(r.grant(markup, { read: true }));
});

scenario('the screens', async ({ open }) => {
  const page = await open();
  for (const hash of await screensOf(page)) {
    await goTo(page, hash);
    await expectText(page, hash);
  }
  await goTo(page, '#users');
  await page.getByRole('link', { name: markup }).click();
  await page.getByRole('heading', { name: markup }).waitFor();
  await expectText(page, 'the user');
});

scenario('the table and its documents', async ({ open }) => {
  const page = await open('#tables');
  await page.getByRole('link', { name: 'hostile' }).click();
  const parts = page.getByRole('navigation', { name: 'Parts of the table' });
  for (const [part, found] of [['Overview', 'Ready'], ['Documents', recognizable], ['Indexes', recognizable], ['Settings', 'Write hook']]) {
    await parts.getByRole('link', { name: part }).click();
    await shown(page);
    await page.locator('main').getByText(found).filter({ visible: true }).first().waitFor();
    await expectText(page, part);
  }
});

scenario('the Data Explorer', async ({ open }) => {
  const page = await open('#dataexplorer');
  for (const query of ['r.db("test").table("hostile")', `r.error(${JSON.stringify(markup)})`, `r.expr(${JSON.stringify(markup)})`]) {
    await page.locator('.cm-content').click();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.insertText(query);
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.locator('main').getByText(recognizable).last().waitFor();
    for (const view of ['Table', 'Raw', 'Tree']) {
      await page.getByRole('radio', { name: view }).or(page.getByRole('button', { name: view, exact: true })).click();
      await expectText(page, `${query} as ${view}`);
    }
  }
});
