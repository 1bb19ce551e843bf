// server: --bind all
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { expectAccessible } from './accessibility.js';
import { r, run, scenario } from './scenario.js';

const system = r.db('rethinkdb');
const users = system.table('users');

/** Fails to log in, in a process of its own: the driver that was refused throws an error much later. */
const guess = user => promisify(execFile)(process.execPath, ['--input-type=module', '-e', `
  import r from 'rethinkdb';
  r.connect({ host: 'localhost', port: ${Number(process.env.DRIVER_PORT)}, user: ${JSON.stringify(user)}, password: 'guessed' }).catch(() => process.exit());`]);

scenario('who may come in, and a port that is narrowed', async ({ open }) => {
  const page = await open('#security');
  const verdict = page.getByRole('region', { name: 'Verdict' });
  await verdict.getByText('Your network can read and change everything.').waitFor();
  const driver = page.getByRole('region', { name: 'Driver port' });
  await driver.getByText('This machine and private networks').waitFor();
  await driver.getByText('Nothing: everybody may do everything').waitFor();
  await driver.getByText('Whoever is there can read and change it').waitFor();
  await expectAccessible(page);

  const dialog = page.getByRole('dialog', { name: 'Allow-list of the driver port' });
  const networks = dialog.getByLabel('Networks and addresses, one a line');
  await driver.getByRole('button', { name: 'Edit' }).click();
  await networks.fill('10.1.0.0/16\n10.2.0.7, nonsense');
  await dialog.getByText('3 networks.').waitFor();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByRole('alert').getByText('nonsense').waitFor(); // as the server says it
  await networks.fill('10.1.0.0/16\n10.2.0.7');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await driver.getByText('This machine and private addresses in 10.1.0.0/16, 10.2.0.7').waitFor();
  assert.deepEqual([...await run(system.table('access_config').get('driver')('allow'))], ['10.1.0.0/16', '10.2.0.7']);
});

scenario('findings are closed by their buttons', async ({ open }) => {
  await run(users.insert([{ id: 'weak', password: 'qwerty' }, { id: "bob's", password: 'a long one of his own' }]));
  await run(r.grant("bob's", { write: true }));
  await run(system.table('bearer_tokens').insert({ user: 'weak', description: 'forgotten', expires_at: null }));
  const page = await open('#security');
  const finding = text => page.getByRole('listitem').filter({ hasText: text });

  const rights = finding("The user bob's has the right to write everywhere");
  await rights.getByRole('button', { name: 'Take these rights away' }).click();
  await page.getByRole('dialog').getByText("r.grant('bob\\'s', {write: null})").waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Take away' }).click();
  await rights.waitFor({ state: 'detached' });

  const token = finding('A bearer token of the user weak never expires (forgotten)');
  await token.getByRole('button', { name: 'Revoke the token' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await token.waitFor({ state: 'detached' });

  const weak = finding('The password of the user weak is short or often used');
  await weak.getByRole('button', { name: 'Set another password' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Make one' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Set password' }).click();
  await weak.waitFor({ state: 'detached' });

  const list = finding('The web port answers from every network');
  await list.getByRole('button', { name: 'Make an allow-list' }).click();
  const dialog = page.getByRole('dialog', { name: 'Allow-list of the web port' });
  assert.match(await dialog.getByLabel('Networks and addresses, one a line').inputValue(), /\//); // the networks of the machine
  await dialog.getByRole('button', { name: 'Save' }).click();
  await list.waitFor({ state: 'detached' });

  const log = finding('No audit log is kept');
  await log.getByRole('region', { name: 'Command for a shell on the machine of the server' }).getByText(/--audit-log/).waitFor();
  await log.getByText('It takes a restart of the server.').waitFor();
});

scenario('who failed to log in, and what was done by whom', async ({ open }) => {
  await guess('<i>mallory</i>');
  const page = await open('#security');
  const refused = page.getByRole('region', { name: 'Refused log-ins' }).getByRole('row', { name: /<i>mallory<\/i>/ });
  await refused.waitFor();

  const log = page.getByRole('region', { name: 'Audit log' }).last();
  await page.getByLabel('Kind of event').selectOption('Changes');
  await page.getByLabel('User, address or what was changed').fill('table_create');
  await page.getByText('Nothing like that has happened lately.').waitFor();
  await run(r.tableCreate('watched')); // comes in by itself
  await log.getByText('table_create test.watched').waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await run(r.tableDrop('watched'));
  await page.getByLabel('User, address or what was changed').fill('watched');
  await page.getByText('1 entry').waitFor();
  await page.getByRole('button', { name: 'Follow' }).click();
  await log.getByText('table_drop test.watched').waitFor();
});

scenario('security on a narrow screen', async ({ open }) => {
  const page = await open('#security', { width: 380, theme: 'dark' });
  await page.getByRole('region', { name: 'Verdict' }).waitFor();
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it is wider than the screen');
  await expectAccessible(page);
});
