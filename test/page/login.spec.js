// server: --initial-password swordfish
import assert from 'node:assert/strict';

import { expectAccessible } from './accessibility.js';
import { origin, r, run, scenario } from './scenario.js';

const password = 'swordfish';
const asAdmin = { password };
/** Browsers write to the console that a log-in was refused, or that a session has ended. */
const refused = [/status of 401/];
const sessions = r.db('rethinkdb').table('web_sessions');

async function logIn(page, user, word) {
  await page.getByLabel('User').fill(user);
  await page.getByLabel('Password').fill(word);
  await page.getByRole('button', { name: 'Log in' }).click();
}

const title = page => page.getByRole('heading', { name: /^Log in to/ });
const menuOf = (page, user) => page.getByRole('button', { name: `Logged in as ${user}` });

scenario('nobody sees anything before the log-in', async ({ open }) => {
  const page = await open('#dashboard', { expected: refused });
  await title(page).waitFor();
  assert.equal(await page.title(), 'Log in – RethinkDB');
  assert.equal(await page.getByRole('navigation').count(), 0);
  await expectAccessible(page);
  await logIn(page, 'admin', 'wrong');
  await page.getByText('The user or the password is wrong.').waitFor();
  await logIn(page, 'admin', password);
  await menuOf(page, 'admin').waitFor();
  await page.getByRole('heading', { level: 1 }).waitFor();
  assert.equal((await run(sessions.filter({ user: 'admin' }), asAdmin)).length, 1);
});

scenario('the keyboard is enough', async ({ open }) => {
  const page = await open('#tables');
  await title(page).waitFor();
  await page.waitForFunction(() => document.activeElement?.matches('input[type=password]'));
  await page.keyboard.type(password);
  await page.keyboard.press('Enter');
  await menuOf(page, 'admin').waitFor();
  assert.match(page.url(), /#tables$/);
});

scenario('the cookie is out of reach of scripts and of other paths', async ({ open }) => {
  const page = await open();
  await title(page).waitFor();
  await logIn(page, 'admin', password);
  await menuOf(page, 'admin').waitFor();
  assert.equal(await page.evaluate('document.cookie'), '');
  const [cookie, ...others] = await page.context().cookies(`${origin}/ajax/session`);
  assert.deepEqual(others, []);
  assert.match(cookie.name, /^rethinkdb_session_/);
  assert.deepEqual([cookie.path, cookie.httpOnly, cookie.sameSite, cookie.expires], ['/ajax', true, 'Strict', -1]);
});

scenario('after a reload the session is still there, and after logging out it is not', async ({ open }) => {
  const page = await open('', { expected: refused }); // what the page asks in the moment of logging out
  await title(page).waitFor();
  await logIn(page, 'admin', password);
  await menuOf(page, 'admin').waitFor();
  await page.reload();
  await menuOf(page, 'admin').click();
  await page.getByRole('menuitem', { name: 'Log out', exact: true }).click();
  await title(page).waitFor();
  await page.reload();
  await title(page).waitFor();
});

scenario('a session that is revoked asks again, and goes on where the user was', async ({ open }) => {
  const page = await open('#dataexplorer', { expected: refused });
  await title(page).waitFor();
  await logIn(page, 'admin', password);
  const editor = page.locator('.cm-content');
  await editor.waitFor();
  await run(sessions.delete(), asAdmin);
  await page.getByText('Your session has ended.').waitFor();
  assert.equal(await editor.isVisible(), false);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await editor.waitFor();
  assert.match(page.url(), /#dataexplorer$/);
});

scenario('what the page asks counts as the user\'s only while somebody touches it', async ({ open }) => {
  const page = await open('#dashboard');
  await page.clock.install();
  await page.reload();
  await logIn(page, 'admin', password);
  const requestMarked = mark => page.waitForRequest(request => request.headers()['x-rethinkdb-page'] === mark);
  await requestMarked('active');
  await page.clock.fastForward('05:00');
  await requestMarked('background');
  await page.mouse.move(100, 100);
  await requestMarked('active');
});

scenario('users log out everywhere', async ({ open }) => {
  await run(r.db('rethinkdb').table('users').insert({ id: 'bob', password: 'sesame' }), asAdmin);
  const [one, other] = [await open('', { expected: refused }), await open('', { expected: refused })];
  for (const page of [one, other]) {
    await title(page).waitFor();
    await logIn(page, 'bob', 'sesame');
    await menuOf(page, 'bob').waitFor();
  }
  await menuOf(one, 'bob').click();
  await one.getByRole('menuitem', { name: 'Log out everywhere' }).click();
  await title(one).waitFor();
  await title(other).waitFor();
  assert.deepEqual(await run(sessions.filter({ user: 'bob' }), asAdmin), []);
});
