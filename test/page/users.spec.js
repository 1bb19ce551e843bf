import assert from 'node:assert/strict';

import { expectAccessible } from './accessibility.js';
import { r, run, scenario } from './scenario.js';

const system = r.db('rethinkdb');
const users = system.table('users');

/** The permissions that were said to somebody, by place. */
async function saidTo(user) {
  const rows = await run(system.table('permissions').filter({ user }));
  return Object.fromEntries(rows.map(({ database = 'everywhere', table, permissions }) => [table ? `${database}.${table}` : database, permissions]));
}

/** A cell of the matrix, once the server has it as set there, or as inherited. */
const cell = (page, name, state) => page.locator(`select.${state}[aria-label="${name}"]:not(:disabled)`);

scenario('a user is added, gets permissions by clicks, and another password', async ({ open }) => {
  await run(r.tableCreate('orders'));
  const page = await open('#users');
  await page.getByRole('button', { name: 'Add user' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a user' });
  await dialog.getByLabel('Name').fill('bob');
  await dialog.getByLabel('Password', { exact: true }).fill('a long sentence of bob');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();

  await page.getByRole('heading', { level: 1, name: 'bob' }).waitFor();
  await page.getByRole('combobox', { name: 'Read, test', exact: true }).selectOption('yes');
  await page.getByRole('button', { name: '1 table of test' }).click();
  const orders = page.getByRole('row', { name: /^orders/ });
  await orders.getByText('from test').first().waitFor(); // where the right to read comes from
  await page.getByRole('combobox', { name: 'Write, test.orders' }).selectOption('yes');
  await page.getByRole('combobox', { name: 'Connect, everywhere' }).selectOption('no');
  await cell(page, 'Connect, everywhere', 'set').waitFor();
  assert.deepEqual(await saidTo('bob'), { test: { read: true }, 'test.orders': { write: true }, everywhere: { connect: false } });
  assert.equal(await run(r.table('orders').insert({ id: 1 })('inserted'), { user: 'bob', password: 'a long sentence of bob' }), 1);

  await page.getByRole('combobox', { name: 'Read, test', exact: true }).selectOption('inherited');
  await cell(page, 'Read, test', 'inherited').waitFor();
  await orders.getByText('To write takes the right to read, too.').waitFor();
  assert.deepEqual(await saidTo('bob'), { 'test.orders': { write: true }, everywhere: { connect: false } });
  await expectAccessible(page);

  await page.getByRole('button', { name: 'Change password' }).click();
  const change = page.getByRole('dialog', { name: 'Set the password of bob' });
  await change.getByLabel('New password').fill('qwerty');
  await change.getByRole('button', { name: 'Set password' }).click();
  await page.getByText('The password of the user bob is short or often used').waitFor(); // which the server says
  await page.getByRole('button', { name: 'Set another' }).click();
  await change.getByRole('button', { name: 'Make one' }).click();
  const made = await change.getByLabel('New password').inputValue();
  assert.match(made, /^[A-Za-z0-9]{20}$/);
  await change.getByText('Iterations of the hash').click();
  await change.getByLabel('Iterations', { exact: true }).fill('10000');
  await change.getByRole('button', { name: 'Set password' }).click();
  await change.waitFor({ state: 'detached' });
  await page.getByText('short or often used').waitFor({ state: 'detached' });
  assert.equal(await run(r.expr(1), { user: 'bob', password: made }), 1);
  const kept = await page.evaluate(() => JSON.stringify([location.href, { ...localStorage }, { ...sessionStorage }, history.state]));
  assert.ok(!kept.includes(made), 'the password is remembered');

  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { level: 1, name: 'Users and permissions' }).waitFor();
  assert.equal(await run(users.get('bob')), null);
});

scenario('what comes by roles shows, with the role that it comes from', async ({ open }) => {
  await run(users.insert([{ id: 'readers', role: true }, { id: 'discreet', role: true }, { id: 'carol', password: false, roles: ['readers'] }]));
  await run(r.db('test').grant('readers', { read: true }));
  await run(r.db('test').table('orders').grant('discreet', { read: false }));
  const page = await open('#users');
  const carol = page.getByRole('row', { name: /^carol/ });
  await carol.getByText('by its roles').waitFor();
  await carol.getByRole('link', { name: 'carol' }).click();
  await page.getByRole('row', { name: /^test/ }).getByText('role readers').waitFor();
  await page.getByLabel('Give a role').selectOption('discreet');
  const orders = page.getByRole('row', { name: /^orders/ });
  await orders.getByText('role discreet').waitFor();
  await page.getByRole('button', { name: 'Take the role readers away' }).click();
  await page.getByRole('button', { name: 'Take the role readers away' }).waitFor({ state: 'detached' });
  assert.deepEqual([...await run(users.get('carol')('roles'))], ['discreet']);
});

scenario('a role, and what the server refuses', async ({ open }) => {
  const page = await open('#users');
  await page.getByRole('button', { name: 'Add role' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a role' });
  await dialog.getByLabel('Name').fill('carol');
  await dialog.getByText('There is one of this name already.').waitFor();
  await dialog.getByLabel('Name').fill('auditors');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'auditors' }).waitFor();
  await run(users.get('carol').update({ roles: ['auditors'] }));
  await page.getByText('Had by').waitFor();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText("The role `auditors` can't be deleted: `carol` has it.").waitFor();
});

scenario('a bearer token is shown once, works, and is revoked', async ({ open }) => {
  const page = await open('#users');
  await page.getByRole('button', { name: 'Make token' }).click();
  const dialog = page.getByRole('dialog', { name: 'Make a bearer token' });
  await dialog.getByLabel('Acts as the user').selectOption('carol');
  await dialog.getByLabel('What for').fill('<b>dashboard</b>');
  await dialog.getByLabel('Good for').selectOption('for ever');
  await dialog.getByRole('button', { name: 'Make token' }).click();
  const secret = await page.getByRole('region', { name: 'The new token' }).innerText();
  assert.match(secret, /^rethinkdb_token_/);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'I have it' }).click();
  assert.ok(!(await page.content()).includes(secret), 'the secret is still in the page');
  const row = page.getByRole('row', { name: /^carol .*<b>dashboard<\/b>.*never/ });
  await row.waitFor();
  await row.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await row.waitFor({ state: 'detached' });
  assert.deepEqual(await run(system.table('bearer_tokens')), []);
});

scenario('the matrix on a narrow screen', async ({ open }) => {
  const page = await open('#users/carol', { width: 380 });
  await page.getByRole('combobox', { name: 'Read, test', exact: true }).waitFor();
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it is wider than the screen');
  await expectAccessible(page);
});
