import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { expectAccessible } from './accessibility.js';
import { r, run, scenario } from './scenario.js';

/** What would run, if a document were ever taken for markup. */
const hostile = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';

const explorer = '#dataexplorer';
const editorOf = page => page.getByRole('textbox', { name: 'Query' });
const summaryOf = page => page.locator('.summary');

/** Replaces the query without suggestions getting in the way. */
async function write(page, query) {
  await editorOf(page).focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(query);
  await page.keyboard.press('Escape');
}

async function runQuery(page, query) {
  await write(page, query);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
}

const says = (page, text) => summaryOf(page).filter({ hasText: text }).waitFor();
const show = (page, view) => page.getByRole('radio', { name: view, exact: true }).click();
const treeLine = (page, text) => page.getByRole('treeitem').filter({ hasText: text }).first();

scenario('a query, by the keyboard only', async ({ open }) => {
  await run(r.tableCreate('heroes'));
  await run(r.table('heroes').insert([{ id: 1, name: 'Asterix' }, { id: 2, name: 'Obelix' }]));
  const page = await open(explorer);
  await editorOf(page).waitFor(); // and it has the focus
  await page.keyboard.type('r.table("her');
  await page.getByRole('option', { name: 'heroes' }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.type('").orde');
  const completion = page.getByRole('option', { name: 'orderBy' });
  await completion.waitFor();
  await page.getByText('sequence.orderBy').first().waitFor(); // its documentation
  await page.keyboard.press('Tab');
  await page.keyboard.type('("id")');
  await page.keyboard.press('Control+Enter');
  await says(page, '2 rows returned in');
  await treeLine(page, 'Asterix').waitFor();
  assert.match(await editorOf(page).innerText(), /^r\.table\("heroes"\)\.orderBy\("id"\)$/);

  // From the editor on to the result: arrows move in the tree.
  await page.getByRole('tree').focus();
  await page.keyboard.press('ArrowLeft');
  await page.locator('[role=treeitem][aria-expanded=false]').first().waitFor();
  assert.equal(await page.getByRole('treeitem').count(), 4);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await page.locator('.tree-line.active', { hasText: 'name' }).or(page.locator('.tree-line.active', { hasText: 'id' })).waitFor();
  await expectAccessible(page);
});

scenario('documents full of markup are text in every view', async ({ open }) => {
  await run(r.tableCreate('hostile'));
  await run(r.table('hostile').insert([{ id: hostile, [hostile]: hostile, list: [hostile, { [hostile]: [hostile] }] }]));
  const page = await open(explorer);
  await runQuery(page, 'r.table("hostile")');
  await says(page, '1 row returned');
  const isText = async () => {
    assert.equal(await page.locator('main img, main script').count(), 0);
    assert.match(await page.title(), /^Data Explorer/);
  };
  for (const [view, place] of [['Tree', '.tree-box'], ['Table', '.result-table'], ['Raw', '.raw-box']]) {
    await show(page, view);
    await page.locator(place).getByText('onerror').first().waitFor();
    await isText();
  }
  await runQuery(page, `r.error(${JSON.stringify(hostile)})`);
  await page.getByRole('alert').getByText('onerror').first().waitFor();
  await isText();
  await page.getByRole('button', { name: 'History' }).click();
  await page.locator('.query', { hasText: 'onerror' }).first().waitFor();
  await isText();
});

scenario('a feed shows what happens, pauses and ends', async ({ open }) => {
  await run(r.tableCreate('events'));
  const page = await open(explorer);
  await runQuery(page, 'r.table("events").changes()');
  await says(page, 'Listening for events…');
  await run(r.table('events').insert({ id: 1, what: 'first' }));
  await treeLine(page, 'new_val').waitFor();
  await says(page, '1 event so far');
  await page.getByRole('button', { name: 'Pause' }).click();
  await run(r.table('events').insert([{ id: 2 }, { id: 3 }]));
  await says(page, '2 events waiting');
  await page.getByRole('button', { name: 'Resume' }).click();
  await says(page, '3 events so far');
  assert.equal(await page.locator('.tree-line[aria-level="1"]').count(), 3);
  await page.getByRole('button', { name: 'Abort' }).click();
  await says(page, 'The query was aborted.');
  await until(async () => (await feeds()).length === 0);
});

const feeds = async () => (await run(r.db('rethinkdb').table('jobs').filter({ type: 'query' }))).filter(job => job.info.query.includes('events'));

async function until(condition) {
  while (!await condition()) { /* the test's own time limit ends this */ }
}

scenario('a query that takes long can be aborted, on the server too', async ({ open }) => {
  const page = await open(explorer);
  await runQuery(page, 'r.range().map(x => x.mul(2)).filter(x => x.lt(0)).limit(1)');
  await says(page, 'Running…');
  const running = async () => (await run(r.db('rethinkdb').table('jobs').filter({ type: 'query' }))).filter(job => job.info.query.includes('range'));
  await until(async () => (await running()).length === 1);
  await page.getByRole('button', { name: 'Abort' }).click();
  await says(page, 'The query was aborted.');
  await until(async () => (await running()).length === 0);
});

scenario('errors are underlined at their place', async ({ open }) => {
  const page = await open(explorer);
  const underlined = () => page.locator('.cm-problem').innerText();
  const alert = page.getByRole('alert');

  await runQuery(page, 'r.expr(1).add(r.error("wrong"))');
  await alert.getByText('Server error: ReqlUserError').waitFor();
  assert.equal(await underlined(), 'r.error("wrong")');
  assert.equal(await page.locator('mark').innerText(), 'r.error("wrong")');

  await runQuery(page, 'r.table("nowhere").count()');
  await alert.getByText('Table `test.nowhere` does not exist.').waitFor();
  assert.equal(await underlined(), 'r.table("nowhere")');

  await runQuery(page, 'r.expr(1).run(conn)');
  await alert.getByText('You should remove .run() from your queries').waitFor();
  assert.equal(await underlined(), 'run');

  await runQuery(page, 'r.expr(1))');
  await alert.getByText('Syntax error, missing opening bracket for ) (line 1, position 10).').waitFor();
  assert.equal(await underlined(), ')');

  await runQuery(page, '// nothing');
  await alert.getByText('No query found').waitFor();

  await runQuery(page, 'r.expr(1)');
  await says(page, '1 row returned');
  assert.equal(await page.locator('.cm-problem').count(), 0);
});

scenario('a selection runs alone, and several queries one after the other', async ({ open }) => {
  await run(r.tableCreate('sequence'));
  const page = await open(explorer);
  await runQuery(page, 'r.table("sequence").insert({id: 1});\nr.table("sequence").insert({id: 2});\nr.table("sequence").count()');
  await treeLine(page, '2').waitFor();
  await write(page, 'r.expr("one"); r.expr("two").add(3)');
  await page.keyboard.press('Home');
  await page.keyboard.press('Shift+End');
  for (let i = 0; i < ' r.expr("two").add(3)'.length; i++) {
    await page.keyboard.press('Shift+ArrowLeft');
  }
  await page.keyboard.press('Shift+Enter');
  await treeLine(page, '"one"').waitFor();
});

scenario('a result of 100,000 rows does not freeze the page', async ({ open }) => {
  const page = await open(explorer);
  await runQuery(page, 'r.range(100000).map(n => ({id: n, name: r.expr("row ").add(n.coerceTo("string")), inner: {a: [n, {b: n}]}}))');
  await says(page, '40 rows returned in');
  await says(page, 'Displaying rows 1-40, more available');
  await watchFrames(page);
  await page.getByRole('button', { name: 'Load the next 40 rows' }).click();
  await says(page, 'Displaying rows 1-80, more available');
  await page.getByRole('button', { name: 'Load all' }).click();
  await says(page, '100,000 rows returned in');
  for (const [view, place, last] of [['Tree', '.tree-box', 'row 99999'], ['Table', '.result-table', 'row 99999'], ['Raw', '.raw-box .cm-scroller', 'row 99999']]) {
    await show(page, view);
    await until(async () => { // the raw text is written by and by
      await page.locator(place).evaluate(box => box.scrollTo(0, box.scrollHeight));
      return await page.locator(place).getByText(last).count() > 0;
    });
    assert.ok(await page.locator('main *').count() < 5000, `${view} draws what is seen only`);
  }
  await noFreeze(page);
});

scenario('a document of 5 MB does not freeze the page', async ({ open }) => {
  await run(r.tableCreate('large'));
  await run(r.table('large').insert({ id: 1, list: Array.from({ length: 60_000 }, (_, i) => ({ number: i, text: 'lorem ipsum dolor sit amet '.repeat(2) })), end: 'the end' }));
  const page = await open(explorer);
  await editorOf(page).waitFor();
  await watchFrames(page);
  await runQuery(page, 'r.table("large").get(1)');
  await says(page, '1 row returned in');
  await page.getByRole('button', { name: 'Open all' }).click();
  await page.locator('.tree-box').evaluate(box => box.scrollTo(0, box.scrollHeight / 2));
  await show(page, 'Raw');
  await page.locator('.raw-box').getByText('lorem').first().waitFor();
  await show(page, 'Table');
  await noFreeze(page);
});

/** Notes the longest time in which the page drew nothing. */
const watchFrames = page => page.evaluate(() => {
  globalThis.longest = 0;
  let last = performance.now();
  const frame = now => {
    globalThis.longest = Math.max(globalThis.longest, now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
});

/** The bound is far above what is measured on a machine that has nothing else to do. */
async function noFreeze(page) {
  const longest = await page.evaluate(() => globalThis.longest);
  assert.ok(longest < 5000, `no frame for ${longest} ms`);
}

scenario('results are exported with all their rows', async ({ open }) => {
  const page = await open(explorer);
  await runQuery(page, 'r.range(3000).map(n => ({id: n, text: r.branch(n.eq(0), "=1+1", "a,\\"b\\""), inner: {n: n}}))');
  await says(page, 'Displaying rows 1-40, more available');
  const exported = async form => {
    await page.getByRole('button', { name: 'Export' }).click();
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: form }).click()]);
    return readFile(await file.path(), 'utf8');
  };
  const rows = JSON.parse(await exported('As JSON'));
  assert.equal(rows.length, 3000);
  assert.deepEqual(rows[2999], { id: 2999, text: 'a,"b"', inner: { n: 2999 } });
  const lines = (await exported('As CSV')).split('\r\n');
  assert.equal(lines.length, 3002);
  assert.deepEqual(lines.slice(0, 3), ['id,inner.n,text', "0,0,'=1+1", '1,1,"a,""b"""']);
});

scenario('queries stay over reloads, in sheets, in the history and under names', async ({ open }) => {
  const page = await open(explorer);
  await runQuery(page, 'r.expr("the first")');
  await says(page, '1 row returned');
  await page.getByRole('button', { name: 'New query' }).click();
  await runQuery(page, 'r.expr("the second")');
  await treeLine(page, 'the second').waitFor();
  await page.getByRole('button', { name: 'r.expr("the first")' }).click();
  await treeLine(page, 'the first').waitFor(); // its result is still there
  await page.getByRole('button', { name: 'Saved' }).click();
  await page.getByLabel('Save this query as').fill('my query');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('listitem').filter({ hasText: 'my query' }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'r.expr("the second")' }).waitFor();
  assert.match(await editorOf(page).innerText(), /the first/);
  await page.getByRole('button', { name: 'History' }).click();
  await page.locator('.query', { hasText: 'the second' }).click();
  await editorOf(page).getByText('the second').waitFor();
  await page.getByRole('button', { name: 'Saved' }).click();
  await page.locator('.query', { hasText: 'my query' }).click();
  await editorOf(page).getByText('the first').waitFor();
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByRole('alert').getByText('No query found').waitFor();
});

scenario('a profile and a plan', async ({ open }) => {
  await run(r.tableCreate('measured'));
  const page = await open(explorer);
  await page.getByRole('button', { name: 'Options' }).click();
  await page.getByLabel('Profile queries').check();
  await runQuery(page, 'r.table("measured").filter({a: 1}).count()');
  await says(page, '1 row returned');
  await show(page, 'Profile');
  await page.getByText('Round-trip time').waitFor();
  await page.locator('.profile-step', { hasText: 'Evaluating count' }).first().waitFor();
  await show(page, 'Tree');
  await page.getByRole('button', { name: 'Explain' }).click();
  await treeLine(page, 'operation').waitFor();
});

for (const theme of ['light', 'dark']) {
  scenario(`the explorer keeps nobody out, in ${theme}`, async ({ open }) => {
    const page = await open(explorer, { theme, width: 380, height: 800 });
    await runQuery(page, 'r.expr([{a: 1, b: "text", c: [1, 2]}, {a: 2, d: null}])');
    await says(page, '2 rows returned');
    for (const view of ['Tree', 'Table', 'Raw', 'Profile']) {
      await show(page, view);
      await expectAccessible(page, `${view} in ${theme}`);
    }
    for (const drawer of ['History', 'Saved', 'Options']) {
      await page.getByRole('button', { name: drawer }).click();
      await expectAccessible(page, `${drawer} in ${theme}`);
    }
  });
}
