// The screens of databases and tables, but for the documents.
import assert from 'node:assert/strict';

import { expectAccessible } from './accessibility.js';
import { r, run, scenario } from './scenario.js';

const tableID = (db, name) => run(r.db(db).table(name).config()('id'));

/** Opens a part of a table's screen, and waits for it. */
async function openTable(open, db, name, part = '', options = {}) {
  const page = await open(`#tables/${await tableID(db, name)}${part === '' ? '' : `/${part}`}`, options);
  await page.getByRole('heading', { level: 1, name: `${db}.${name}` }).waitFor();
  return page;
}

const dialog = page => page.getByRole('dialog');
const field = (page, label) => dialog(page).getByLabel(label, { exact: true });

/** Presses the button that ends the dialog, and waits until it is gone. */
async function finish(page, button) {
  await dialog(page).getByRole('button', { name: button, exact: true }).click();
  await dialog(page).waitFor({ state: 'hidden' });
}

scenario('databases and tables come and go', async ({ open }) => {
  const page = await open('#tables');
  await page.getByRole('button', { name: 'Add database' }).click();
  await field(page, 'Name').fill('no good');
  await dialog(page).getByText('Use A-Z, a-z, 0-9, _ and - only.').waitFor();
  assert.ok(await dialog(page).getByRole('button', { name: 'Add database' }).isDisabled());
  await field(page, 'Name').fill('zoo');
  await finish(page, 'Add database');

  await page.getByRole('button', { name: 'Add table to zoo' }).click();
  await field(page, 'Name').fill('visits');
  await dialog(page).getByText('More options').click();
  await field(page, 'Primary key').fill('ticket');
  await field(page, 'Acknowledge writes').selectOption('soft');
  await field(page, 'Acknowledgements needed').selectOption('single');
  await field(page, 'Shards').fill('2');
  await dialog(page).getByLabel('Documents expire at the time in the field').fill('until');
  await finish(page, 'Add table');
  await page.getByRole('link', { name: 'visits', exact: true }).waitFor();
  const { primary_key: key, durability, write_acks: acks, shards, ttl } = await run(r.db('zoo').table('visits').config());
  assert.deepEqual({ key, durability, acks, shards: shards.length, ttl }, { key: 'ticket', durability: 'soft', acks: 'single', shards: 2, ttl: { field: 'until' } });

  await page.getByRole('button', { name: 'More about zoo' }).click();
  await page.getByRole('menuitem', { name: 'Rename database' }).click();
  await field(page, 'New name').fill('park');
  await finish(page, 'Rename');
  await page.getByRole('button', { name: 'Add table to park' }).waitFor();

  await page.getByRole('checkbox', { name: 'Select park.visits' }).check();
  await page.getByRole('button', { name: 'Delete 1 table' }).click();
  await finish(page, 'Delete table');
  await page.getByRole('link', { name: 'visits', exact: true }).waitFor({ state: 'hidden' });
  assert.equal((await run(r.db('park').tableList())).length, 0);

  await page.getByRole('button', { name: 'More about park' }).click();
  await page.getByRole('menuitem', { name: 'Delete database' }).click();
  const action = dialog(page).getByRole('button', { name: 'Delete database' });
  assert.ok(await action.isDisabled(), 'before its name is typed');
  await field(page, 'Type park to go on').fill('park');
  await finish(page, 'Delete database');
  await page.getByRole('button', { name: 'Add table to park' }).waitFor({ state: 'hidden' });
  assert.ok(!(await run(r.dbList())).includes('park'));
});

scenario('many tables are shown by pages, found by a part of their name, and follow what others do', async ({ open }) => {
  await run(r.dbCreate('many'));
  await run(r.expr(Array.from({ length: 60 }, (_, i) => `t${String(i).padStart(2, '0')}`)).forEach(name => r.db('many').tableCreate(name)));
  await run(r.db('many').table('t03').insert([{}, {}, {}]));
  const page = await open('#tables');
  await page.getByRole('row', { name: 't03' }).getByRole('cell', { name: '3', exact: true }).waitFor();
  assert.equal(await page.getByRole('link', { name: /^t\d\d$/ }).count(), 25);
  const pages = page.getByRole('navigation', { name: 'Pages of tables of many' });
  await pages.getByText('1–25 of 60').waitFor();
  await pages.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('link', { name: 't25' }).waitFor();
  await pages.getByRole('button', { name: 'Next' }).click();
  await pages.getByText('51–60 of 60').waitFor();
  assert.ok(await pages.getByRole('button', { name: 'Next' }).isDisabled());
  await page.getByLabel('Filter by name').fill('MANY.t4');
  await page.getByRole('link', { name: 't40' }).waitFor();
  assert.equal(await page.getByRole('link', { name: /^t\d\d$/ }).count(), 10);
  await run(r.db('many').tableCreate('t4x'));
  await page.getByRole('link', { name: 't4x' }).waitFor();
  await run(r.dbDrop('many'));
  await page.getByRole('link', { name: 't4x' }).waitFor({ state: 'hidden' });
});

scenario('a table is reconfigured after a look at what that does', async ({ open }) => {
  await run(r.tableCreate('plans'));
  await run(r.table('plans').insert(r.range(900).coerceTo('array').map(id => ({ id }))));
  const page = await openTable(open, 'test', 'plans');
  await page.getByText('About 900 documents').waitFor();
  await page.getByRole('row', { name: 'Primary replica' }).getByText('ready').waitFor();
  await page.getByRole('button', { name: 'Rebalance' }).and(page.locator(':disabled')).waitFor();

  await page.getByRole('button', { name: 'Reconfigure' }).click();
  await dialog(page).getByText('Nothing changes.').waitFor();
  await field(page, 'Replicas per shard').fill('7');
  await dialog(page).getByText(/Can't put 7 replicas on servers with the tag `default`/).waitFor();
  assert.ok(await dialog(page).getByRole('button', { name: 'Apply configuration' }).isDisabled());
  await field(page, 'Replicas per shard').fill('1');
  await field(page, 'Shards').fill('3');
  await dialog(page).getByText('2 replicas added.').waitFor();
  await dialog(page).getByText('Shard 3 (added)').waitFor();
  await expectAccessible(page);
  await finish(page, 'Apply configuration');
  await page.getByText('3 shards, 1 replica per shard').waitFor();
  assert.equal((await run(r.table('plans').config()('shards'))).length, 3);

  await page.getByRole('button', { name: 'Rebalance' }).click();
  await dialog(page).getByText('each has about 300 documents').waitFor();
  await finish(page, 'Rebalance');
  await page.getByRole('listitem').filter({ hasText: 'Shard 3' }).getByText('~300 documents').waitFor();
});

scenario('secondary indexes are made of fields and functions, renamed and dropped', async ({ open }) => {
  await run(r.tableCreate('people'));
  await run(r.table('people').insert([{ id: 1, name: 'Ada', address: { city: 'London' } }, { id: 2, name: 'Grace', address: { city: 'New York' } }]));
  const page = await openTable(open, 'test', 'people', 'indexes');
  const create = async fill => {
    await page.getByRole('button', { name: 'Create index…' }).click();
    await fill();
    await finish(page, 'Create index');
  };
  await page.getByText('This table has no secondary indexes.').waitFor();
  await create(async () => {
    await field(page, 'Name').fill('city');
    await dialog(page).getByLabel('Field (if it is not the name of the index)').fill('address.city');
    await dialog(page).getByText('"New York"').waitFor(); // what it would have of the documents
    await dialog(page).getByRole('checkbox', { name: /unique/ }).check();
    await expectAccessible(page);
  });
  await create(async () => {
    await field(page, 'Name').fill('both');
    await field(page, 'It finds documents by').selectOption('compound');
    await dialog(page).getByLabel('Fields, with commas between them').fill('name, address.city');
  });
  await create(async () => {
    await field(page, 'Name').fill('letters');
    await field(page, 'It finds documents by').selectOption('function');
    await dialog(page).getByLabel(/^Function/).fill('row => row("name").splitt("")');
    await dialog(page).getByText(/splitt/).last().waitFor();
    assert.ok(await dialog(page).getByRole('button', { name: 'Create index' }).isDisabled());
    await dialog(page).getByLabel(/^Function/).fill('row => row("name").split("")');
    await dialog(page).getByRole('checkbox', { name: /multi/ }).check();
  });
  const row = name => page.getByRole('listitem').filter({ has: page.getByRole('heading', { name, exact: true }) });
  for (const name of ['city', 'both', 'letters']) {
    await row(name).getByText('ready', { exact: true }).waitFor();
  }
  await row('city').getByText('unique', { exact: true }).waitFor();
  assert.deepEqual([...await run(r.table('people').getAll(['Ada', 'London'], { index: 'both' })('id'))], [1]);
  assert.deepEqual([...await run(r.table('people').getAll('G', { index: 'letters' })('id'))], [2]);

  await page.getByRole('button', { name: 'Rename index both' }).click();
  await field(page, 'New name').fill('letters');
  await dialog(page).getByText('There is an index of this name already.').waitFor();
  await dialog(page).getByRole('checkbox', { name: 'Replace an index that has this name' }).check();
  await finish(page, 'Rename');
  await row('both').waitFor({ state: 'hidden' });
  assert.deepEqual([...await run(r.table('people').getAll(['Ada', 'London'], { index: 'letters' })('id'))], [1]);

  await page.getByRole('button', { name: 'Delete index city' }).click();
  await finish(page, 'Delete index');
  await row('city').waitFor({ state: 'hidden' });
  assert.deepEqual([...await run(r.table('people').indexList())], ['letters']);
});

scenario('a unique index that cannot be built says why', async ({ open }) => {
  await run(r.tableCreate('twins'));
  await run(r.table('twins').insert([{ id: 1, name: 'A' }, { id: 2, name: 'A' }]));
  await run(r.table('twins').indexCreate('name', { unique: true }));
  const page = await openTable(open, 'test', 'twins', 'indexes');
  await page.getByText('not built').waitFor();
  await page.getByText(/Unique index|same value|duplicate/i).first().waitFor();
});

scenario('settings of a table', async ({ open }) => {
  await run(r.tableCreate('things'));
  await run(r.table('things').indexCreate('seen'));
  await run(r.db('rethinkdb').table('users').insert({ id: 'ann', password: false }));
  await run(r.table('things').grant('ann', { read: true, write: false }));
  const page = await openTable(open, 'test', 'things', 'settings');
  const panel = name => page.getByRole('region', { name, exact: true });
  const config = () => run(r.table('things').config());

  await panel('Writes').getByRole('button', { name: 'Change' }).click();
  await field(page, 'Acknowledge writes').selectOption('soft');
  await finish(page, 'Save');
  await panel('Writes').getByText('when in memory').waitFor();

  await panel('Time to live').getByRole('button', { name: 'Change' }).click();
  await field(page, 'Documents expire').selectOption('index');
  await field(page, 'Time to live in seconds').fill('7200');
  await finish(page, 'Save');
  await panel('Time to live').getByText('Documents go 2 h 0 min after the time in the index seen.').waitFor();
  assert.deepEqual((await config()).ttl, { index: 'seen', seconds: 7200 });
  await panel('Time to live').getByRole('button', { name: 'Change' }).click();
  await field(page, 'Documents expire').selectOption('field');
  await field(page, 'Field').fill('until');
  await finish(page, 'Save');
  await panel('Time to live').getByText('at the time in their field until').waitFor();
  assert.deepEqual((await config()).ttl, { field: 'until' });

  await panel('Change history').getByRole('button', { name: 'Change' }).click();
  await field(page, 'Changefeeds can be resumed').selectOption('own');
  await field(page, 'Size in MB').fill('8');
  await finish(page, 'Save');
  await panel('Change history').getByText('8 MB of changes').waitFor();
  assert.equal((await config()).changefeed_history.size_mb, 8);

  await panel('Write hook').getByRole('button', { name: 'Set' }).click();
  await dialog(page).getByLabel(/^Function/).fill('(context, old, now) => now.merge({stamped: true})');
  await finish(page, 'Set write hook');
  await panel('Write hook').getByText('stamped').waitFor();
  await run(r.table('things').insert({ id: 1 }));
  assert.equal((await run(r.table('things').get(1))).stamped, true);
  await panel('Write hook').getByRole('button', { name: 'Remove' }).click();
  await finish(page, 'Remove');
  await panel('Write hook').getByText('Writes go through as they come.').waitFor();

  await panel('Permissions').getByRole('row', { name: 'ann this table read write' }).waitFor();
  await expectAccessible(page);

  await panel('Operations').getByRole('button', { name: 'Rename table' }).click();
  await field(page, 'New name').fill('items');
  await finish(page, 'Rename');
  await page.getByRole('heading', { level: 1, name: 'test.items' }).waitFor();
  await panel('Operations').getByRole('button', { name: 'Delete table' }).click();
  await finish(page, 'Delete table');
  await page.getByRole('heading', { level: 1, name: 'Tables', exact: true }).waitFor();
  assert.ok(!(await run(r.tableList())).includes('items'));
});

scenario('a table that is not there', async ({ open }) => {
  const page = await open('#tables/00000000-0000-0000-0000-000000000000');
  await page.getByRole('heading', { name: 'Table not found' }).waitFor();
  await page.getByRole('link', { name: 'All tables' }).click();
  await page.getByRole('heading', { level: 1, name: 'Tables', exact: true }).waitFor();
});
