// The documents of a table: to look at, to change, to import and to export.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { expectAccessible } from './accessibility.js';
import { r, run, scenario } from './scenario.js';

/** A new table with documents, and its screen. */
async function openDocuments(open, name, documents, options = {}) {
  await run(r.tableCreate(name));
  await run(r.table(name).insert(documents));
  const page = await open(`#tables/${await run(r.table(name).config()('id'))}/documents`, options);
  await page.getByRole('heading', { level: 1, name: `test.${name}` }).waitFor();
  await page.getByRole('region', { name: 'Documents', exact: true }).waitFor();
  return page;
}

const dialog = page => page.getByRole('dialog');
const document = (page, key) => page.getByRole('button', { name: `Edit document ${key}`, exact: true });
const keysShown = page => page.getByRole('button', { name: /^Edit document / }).allInnerTexts();
const pages = page => page.getByRole('navigation', { name: 'Pages of documents' });

/** Pastes a text over what the editor has. */
async function write(page, text) {
  const editor = dialog(page).getByRole('textbox', { name: /JSON$/ });
  await editor.click();
  await page.keyboard.press('Control+a');
  await editor.evaluate((element, pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', pasted);
    element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}

async function finish(page, button) {
  await dialog(page).getByRole('button', { name: button, exact: true }).click();
  await dialog(page).waitFor({ state: 'hidden' });
}

const range = (from, to) => Array.from({ length: to - from }, (_, i) => String(from + i));

scenario('documents are paged by their primary key, in both directions', async ({ open }) => {
  const page = await openDocuments(open, 'pages', r.range(60).map(id => ({ id, square: id.mul(id) })).coerceTo('array'));
  await document(page, 24).waitFor();
  assert.deepEqual(await keysShown(page), range(0, 25));
  await page.getByText('25 documents of about 60 documents').waitFor();
  assert.ok(await pages(page).getByRole('button', { name: 'Previous' }).isDisabled());
  await pages(page).getByRole('button', { name: 'Next' }).click();
  await document(page, 49).waitFor();
  await run(r.table('pages').get(30).delete()); // pages go on from keys, not from places
  await pages(page).getByRole('button', { name: 'Next' }).click();
  await document(page, 59).waitFor();
  assert.deepEqual(await keysShown(page), range(50, 60));
  assert.ok(await pages(page).getByRole('button', { name: 'Next' }).isDisabled());
  await pages(page).getByRole('button', { name: 'Previous' }).click();
  await document(page, 49).waitFor();
  assert.deepEqual(await keysShown(page), [...range(24, 30), ...range(31, 50)]);
  await run(r.table('pages').get(40).update({ square: 'changed' }));
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByRole('row', { name: '40 changed' }).waitFor();

  await page.getByLabel('Order').selectOption('down');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await document(page, 59).waitFor();
  await pages(page).getByRole('button', { name: 'Next' }).click();
  await document(page, 10).waitFor();
  assert.equal((await keysShown(page))[0], '34');
  await expectAccessible(page);
});

scenario('documents are chosen by key, by an index, by a range and by how they begin', async ({ open }) => {
  await run(r.tableCreate('people'));
  await run(r.table('people').indexCreate('name'));
  await run(r.table('people').indexCreate('tags', { multi: true }));
  await run(r.table('people').indexCreate('name_age', [r.row('name'), r.row('age')]));
  await run(r.table('people').indexWait());
  const names = ['Ada', 'Adam', 'Bea', 'Carl', 'Dora'];
  await run(r.table('people').insert([...names.map((name, id) => ({ id, name, age: 20 + id, tags: ['x', name] })), { id: '3', name: 'Text' }]));
  const page = await open(`#tables/${await run(r.table('people').config()('id'))}/documents`);
  await document(page, 0).waitFor();
  const choose = async (index, kind, from, to) => {
    await page.getByLabel('Documents whose').selectOption(index);
    await page.getByLabel('Value', { exact: true }).selectOption(kind);
    await page.getByLabel(kind === 'between' ? 'From' : 'This', { exact: true }).fill(from);
    if (to !== undefined) {
      await page.getByLabel('To', { exact: true }).fill(to);
    }
    await page.getByRole('button', { name: 'Show', exact: true }).click();
  };
  const expect = async keys => {
    await page.waitForFunction(wanted => [...document.querySelectorAll('button[aria-label^="Edit document "]')].map(button => button.textContent).join() === wanted, keys.join());
  };
  await choose('', 'equal', '3');
  await page.getByText('2 documents', { exact: true }).waitFor(); // the number and the text
  await choose('name', 'prefix', 'Ad');
  await expect(['0', '1']);
  await choose('name', 'between', 'B', 'Carl');
  await expect(['2', '3']);
  await choose('name', 'between', '', 'B');
  await expect(['0', '1']);
  await choose('tags', 'equal', 'x');
  await page.getByText('5 documents', { exact: true }).waitFor();
  await choose('name_age', 'prefix', '["Bea"]');
  await expect(['2']);
  await choose('name_age', 'equal', '["Dora", 24]');
  await expect(['4']);
  await choose('name', 'equal', 'Nobody');
  await page.getByText('No document has the value in name Nobody.').waitFor();
  await page.getByRole('button', { name: 'Show all' }).click();
  await document(page, 0).waitFor();
});

scenario('an index is read page by page, and back', async ({ open }) => {
  await run(r.tableCreate('same'));
  await run(r.table('same').indexCreate('group'));
  await run(r.table('same').indexWait());
  const page = await openDocumentsOf(open, 'same', r.range(70).map(id => ({ id, group: id.mod(2) })).coerceTo('array'));
  await page.getByLabel('Documents whose').selectOption('group');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  const seen = [];
  for (let i = 0; ; i++) {
    await page.waitForFunction(n => document.querySelectorAll('button[aria-label^="Edit document "]').length === n, [25, 25, 20][i]);
    const shown = await keysShown(page);
    await page.getByRole('row').nth(1).waitFor();
    seen.push(...shown);
    if (i === 2) {
      break;
    }
    await pages(page).getByRole('button', { name: 'Next' }).click();
    await page.waitForFunction(first => document.querySelector('button[aria-label^="Edit document "]').textContent !== first, shown[0]);
  }
  assert.deepEqual([...new Set(seen)].map(Number).sort((a, b) => a - b), range(0, 70).map(Number));
  assert.ok(await pages(page).getByRole('button', { name: 'Next' }).isDisabled());
  await pages(page).getByRole('button', { name: 'Previous' }).click();
  await document(page, seen[25]).waitFor();
});

async function openDocumentsOf(open, name, documents) {
  await run(r.table(name).insert(documents));
  const page = await open(`#tables/${await run(r.table(name).config()('id'))}/documents`);
  await page.getByRole('button', { name: /^Edit document / }).first().waitFor();
  return page;
}

scenario('a document is found from the list of tables', async ({ open }) => {
  await run(r.tableCreate('found'));
  await run(r.table('found').insert([{ id: 'a/b c?', text: 'here it is' }, { id: 'other' }]));
  const page = await open('#tables');
  await page.getByLabel('Find a document in').fill('test.found');
  await page.getByLabel('Primary key').fill('a/b c?');
  await page.getByRole('button', { name: 'Find', exact: true }).click();
  await page.getByText('here it is').waitFor();
  assert.deepEqual(await keysShown(page), ['a/b c?']);
});

scenario('a document is edited, and what is not JSON is not saved', async ({ open }) => {
  const page = await openDocuments(open, 'edited', [{ id: 1, at: r.epochTime(1.5), file: Buffer.from('abc'.repeat(40)), where: r.point(2, 48), deep: { a: [1, { b: null }] } }]);
  const before = await run(r.table('edited').get(1).toJsonString());
  await document(page, 1).click();
  await dialog(page).getByText('1970-01-01T00:00:01.500').waitFor();
  await dialog(page).getByText('binary, 120 bytes').waitFor();
  await expectAccessible(page);
  const text = await dialog(page).getByRole('textbox', { name: /JSON$/ }).innerText();
  assert.ok(await dialog(page).getByRole('button', { name: 'Save' }).isDisabled(), 'nothing was changed');
  await write(page, '{"id": 1,\n "a": 1,\n "a": 2}');
  await dialog(page).getByText('Line 3: The field "a" is there twice.').waitFor();
  assert.ok(await dialog(page).getByRole('button', { name: 'Save' }).isDisabled());
  await write(page, '{"id": 2}');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await dialog(page).getByText(/Primary key `id` cannot be changed/).waitFor();
  await dialog(page).getByRole('button', { name: 'Cancel' }).click();
  assert.ok(text.includes('"deep"'));

  await document(page, 1).click();
  await dialog(page).getByText('1970-01-01T00:00:01.500').waitFor();
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.insertText('"more": "text",');
  await finish(page, 'Save');
  await page.getByRole('row', { name: /text/ }).waitFor();
  assert.equal(await run(r.table('edited').get(1).without('more').toJsonString()), before, 'the rest is exactly as it was');
  assert.equal(await run(r.table('edited').get(1)('more')), 'text');
});

scenario('a document that is too large for the editor is shown, and not frozen over', async ({ open }) => {
  const page = await openDocuments(open, 'large', [{ id: 1, text: 'x'.repeat(500_000), small: 'here' }]);
  await document(page, 1).click();
  await dialog(page).getByText('too large to be edited here').waitFor();
  await dialog(page).getByText('"here"').waitFor();
  await dialog(page).getByText('more characters').waitFor();
  assert.ok(await dialog(page).getByRole('button', { name: 'Save' }).isDisabled());
});

scenario('a change of somebody else is not overwritten by accident', async ({ open }) => {
  const page = await openDocuments(open, 'shared', [{ id: 1, a: 1, b: 1 }]);
  await document(page, 1).click();
  await dialog(page).getByRole('textbox', { name: /JSON$/ }).waitFor();
  await run(r.table('shared').get(1).update({ b: 2 }));
  await write(page, '{"id": 1, "a": 5, "b": 1}');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await dialog(page).getByText('Somebody else has changed this document since you opened it. Nothing was saved.').waitFor();
  await dialog(page).getByText('Others have changed: b').waitFor();
  assert.deepEqual(await run(r.table('shared').get(1)), { id: 1, a: 1, b: 2 });
  await dialog(page).getByRole('button', { name: 'Take theirs' }).click();
  await write(page, '{"id": 1, "a": 5, "b": 2}');
  await finish(page, 'Save');
  assert.deepEqual(await run(r.table('shared').get(1)), { id: 1, a: 5, b: 2 });

  await document(page, 1).click();
  await dialog(page).getByRole('textbox', { name: /JSON$/ }).waitFor();
  await run(r.table('shared').get(1).update({ b: 3 }));
  await write(page, '{"id": 1, "a": 6, "b": 2}');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await dialog(page).getByRole('button', { name: 'Keep mine' }).click();
  await finish(page, 'Save');
  assert.deepEqual(await run(r.table('shared').get(1)), { id: 1, a: 6, b: 2 });

  await document(page, 1).click();
  await dialog(page).getByRole('textbox', { name: /JSON$/ }).waitFor();
  await run(r.table('shared').get(1).delete());
  await write(page, '{"id": 1, "a": 7}');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await dialog(page).getByText('Somebody has deleted this document since you opened it. Nothing was saved.').waitFor();
  assert.equal(await run(r.table('shared').get(1)), null);
});

scenario('documents are inserted and deleted', async ({ open }) => {
  await run(r.tableCreate('written'));
  const page = await open(`#tables/${await run(r.table('written').config()('id'))}/documents`);
  await page.getByText('This table is empty').waitFor();
  await page.getByRole('button', { name: 'Insert a document' }).click();
  await write(page, '{"id": "one", "list": [1, [2], {"three": 3}], "__proto__": {"x": 1}}');
  await finish(page, 'Insert');
  await document(page, 'one').waitFor();
  assert.equal(await run(r.table('written').get('one').toJsonString()), '{"__proto__":{"x":1},"id":"one","list":[1,[2],{"three":3}]}');
  await page.getByRole('button', { name: 'Insert…' }).click();
  await write(page, '{"id": "one"}');
  await dialog(page).getByRole('button', { name: 'Insert', exact: true }).click();
  await dialog(page).getByText(/Duplicate primary key `id`/).waitFor();
  await write(page, '{"id": "two"}');
  await finish(page, 'Insert');
  await run(r.table('written').insert({ id: 'three' }));
  await page.getByRole('button', { name: 'Refresh' }).click();
  await document(page, 'three').waitFor();
  await page.getByRole('checkbox', { name: 'Select document one' }).check();
  await page.getByRole('checkbox', { name: 'Select document two' }).check();
  await page.getByRole('button', { name: 'Delete selected' }).click();
  await finish(page, 'Delete documents');
  await document(page, 'one').waitFor({ state: 'hidden' });
  assert.deepEqual([...await run(r.table('written')('id'))], ['three']);
});

scenario('a file is imported, and what is wrong in it is listed', async ({ open }) => {
  const page = await openDocuments(open, 'imported', [{ id: 5, old: true }]);
  const choose = async (name, text, conflict) => {
    await page.getByRole('button', { name: 'Import…' }).click();
    await dialog(page).getByLabel('File with documents').setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(text) });
    await dialog(page).getByLabel('A document whose primary key is there already').selectOption(conflict);
    await dialog(page).getByRole('button', { name: 'Import', exact: true }).click();
    await dialog(page).getByText(/^Done\./).waitFor();
  };
  await choose('a.jsonl', `${Array.from({ length: 1200 }, (_, id) => JSON.stringify({ id, text: 'é{"' })).join('\n')}\n{"id": 7,}\n17\n`, 'error');
  await dialog(page).getByText('1,199 inserted, 0 changed, 0 as they were, 3 not written.').waitFor();
  await dialog(page).getByText('Line 1201:').waitFor();
  await dialog(page).getByText('Line 1202: This is no document: documents are objects.').waitFor();
  await dialog(page).getByText(/Duplicate primary key `id`/).waitFor();
  await expectAccessible(page);
  await finish(page, 'Close');
  assert.equal(await run(r.table('imported').count()), 1200);
  assert.deepEqual(await run(r.table('imported').get(5)), { id: 5, old: true });

  const time = { $reql_type$: 'TIME', epoch_time: 1, timezone: '+01:00' };
  await choose('b.json', JSON.stringify([{ id: 5, when: time }, { id: 6, text: 'é{"' }], null, 2), 'replace');
  await dialog(page).getByText('0 inserted, 1 changed, 1 as they were, 0 not written.').waitFor();
  await finish(page, 'Close');
  assert.equal(await run(r.table('imported').get(5)('when').toISO8601()), '1970-01-01T01:00:01+01:00');
});

scenario('documents are exported as lines that an import takes', async ({ open }) => {
  const page = await openDocuments(open, 'exported', r.range(2000).map(id => ({ id, at: r.epochTime(id), text: 'a\nb' })).coerceTo('array'));
  // Without the dialog of the browser in which a person chooses a file, the page has the file downloaded.
  await page.evaluate(() => { delete window.showSaveFilePicker; });
  const exported = async () => {
    const [file] = await Promise.all([page.waitForEvent('download'), finish(page, 'Export')]);
    assert.equal(file.suggestedFilename(), 'test.exported.jsonl');
    return (await readFile(await file.path(), 'utf8')).trimEnd().split('\n').map(line => JSON.parse(line));
  };
  await page.getByRole('button', { name: 'Export…' }).click();
  const all = await exported();
  assert.deepEqual(all.map(row => row.id), range(0, 2000).map(Number));
  assert.deepEqual(all[3].at, { $reql_type$: 'TIME', epoch_time: 3, timezone: '+00:00' });
  await page.getByRole('checkbox', { name: 'Select document 2', exact: true }).check();
  await page.getByRole('checkbox', { name: 'Select document 4', exact: true }).check();
  await page.getByRole('button', { name: 'Export selected' }).click();
  assert.deepEqual((await exported()).map(row => row.id).sort(), [2, 4]);
});

scenario('documents full of markup show as text', async ({ open }) => {
  const markup = '<img src=x onerror="document.title=\'broken\'"><script>document.title="broken"</script>';
  const page = await openDocuments(open, 'hostile', [{ id: markup, [markup]: markup, html: '</td></table><h1>broken</h1>', list: [markup] }]);
  await page.getByRole('cell', { name: '</td></table><h1>broken</h1>' }).waitFor();
  await page.getByRole('radio', { name: 'Tree' }).click();
  await page.locator('.field', { hasText: 'onerror' }).first().waitFor();
  await page.getByRole('button', { name: /^Edit document/ }).click();
  await dialog(page).getByRole('heading', { name: /^Document <img/ }).waitFor();
  await dialog(page).getByText('onerror').first().waitFor();
  assert.equal(await page.locator('#app img, #app td h1, #app script').count(), 0);
  assert.ok(!(await page.title()).includes('broken'));
});

scenario('who may not read is told so, and who may not write as well', async ({ open }) => {
  await run(r.tableCreate('secret'));
  await run(r.table('secret').insert({ id: 1, a: 1 }));
  await run(r.db('rethinkdb').table('users').insert([{ id: 'reader', password: 'reading' }, { id: 'nobody', password: 'nothing' }]));
  await run(r.table('secret').grant('reader', { read: true }));
  await run(r.db('rethinkdb').table('users').get('admin').update({ password: 'boss' }));
  const as = async (user, password) => {
    const page = await open('#tables', { expected: [/40[13]/] });
    await page.getByLabel('User').fill(user);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('Your user may not read the system tables.').waitFor();
    await page.getByRole('link', { name: 'secret', exact: true }).click();
    await page.getByRole('link', { name: 'Documents' }).click();
    return page;
  };
  try {
    const page = await as('reader', 'reading');
    await document(page, 1).click();
    await write(page, '{"id": 1, "a": 2}');
    await dialog(page).getByRole('button', { name: 'Save' }).click();
    await dialog(page).getByText('User `reader` does not have the required `write` permission.').waitFor();
    await dialog(page).getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByText('your user needs the permission config').waitFor();
    const other = await as('nobody', 'nothing');
    await other.getByText('User `nobody` does not have the required `read` permission.').waitFor();
  } finally {
    await run(r.db('rethinkdb').table('users').get('admin').update({ password: false }), { user: 'admin', password: 'boss' });
  }
});
