// What those see who may not do everything, and what becomes of the page when a password is set in it.
import assert from 'node:assert/strict';

import { expectAccessible } from './accessibility.js';
import { r, run, scenario } from './scenario.js';

const system = r.db('rethinkdb');
const password = 'correct horse battery staple';
const asAdmin = { password };
/** Browsers write to the console that a request was refused. */
const refused = [/status of 401/];

async function logIn(page, user, word) {
  await page.getByRole('heading', { name: /^Log in to/ }).waitFor();
  await page.getByLabel('User').fill(user);
  await page.getByLabel('Password').fill(word);
  await page.getByRole('button', { name: 'Log in' }).click();
}

scenario('whoever sets the first password stays on the page, logged in', async ({ open }) => {
  const page = await open('#security', { expected: refused });
  const verdict = page.getByRole('region', { name: 'Verdict' });
  await verdict.getByText('Only this machine gets in.').waitFor();
  await verdict.getByRole('button', { name: 'Set a password' }).click();
  const dialog = page.getByRole('dialog', { name: 'Set the password of admin' });
  await dialog.getByLabel('New password').fill(password);
  await dialog.getByRole('button', { name: 'Set password' }).click();
  await verdict.getByText('Only this machine gets in, with a password.').waitFor();
  await page.getByRole('button', { name: 'Logged in as admin' }).waitFor();
  await page.goto(page.url().replace('#security', '#users'));
  await page.getByRole('region', { name: 'Sessions' }).getByRole('row', { name: /^admin/ }).waitFor();
  assert.deepEqual((await run(system.table('web_sessions'), asAdmin)).map(({ user }) => user), ['admin']);
});

scenario('whoever changes the own password stays logged in, and other browsers do not', async ({ open }) => {
  const other = await open('#users', { expected: refused });
  await logIn(other, 'admin', password);
  await other.getByRole('heading', { level: 1, name: 'Users and permissions' }).waitFor();
  const page = await open('#users/admin', { expected: refused });
  await logIn(page, 'admin', password);
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByLabel('New password').fill(password); // the same one, which is another log-in all the same
  await page.getByRole('dialog').getByRole('button', { name: 'Set password' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('heading', { level: 1, name: 'admin' }).waitFor();
  await other.getByText('Your session has ended.').waitFor();
});

/** Keeps the answers of the server to some requests from the page. known is called when there is one; it is handed on when free resolves. */
async function keepAnswers(page, url, { isIt = () => true, known, free }) {
  await page.route(url, async route => {
    if (!isIt(route.request())) {
      await route.fallback();
      return;
    }
    const response = await route.fetch();
    known();
    await free;
    await route.fulfill({ response });
  });
}

/** A promise, and the function that resolves it. */
function signal() {
  let give;
  const given = new Promise(resolve => { give = resolve; });
  return { given, give };
}

const setsPassword = request => request.postData()?.includes('{"password":') === true;

scenario('whoever changes the own password stays logged in, whichever answer is late', async ({ open }) => {
  for (const late of ['change', 'end']) {
    const page = await open('#users/admin', { expected: refused });
    await logIn(page, 'admin', password);
    await page.getByRole('button', { name: 'Change password' }).click();
    const changed = signal(), changeTold = signal(), ended = signal(), endTold = signal();
    await keepAnswers(page, /\/ajax\/reql\/\?/, { isIt: setsPassword, known: changed.give, free: changeTold.given });
    await keepAnswers(page, '**/ajax/session', { known: ended.give, free: endTold.given });
    await page.getByLabel('New password').fill(password);
    await page.getByRole('dialog').getByRole('button', { name: 'Set password' }).click();
    await changed.given;
    await ended.given; // the feeds of the page have ended with the session
    if (late === 'change') {
      endTold.give();
      await page.getByText('Your session has ended.').waitFor();
      changeTold.give();
    } else {
      changeTold.give();
      await page.getByRole('dialog').waitFor({ state: 'detached' }); // logged in again
      endTold.give();
      await page.waitForResponse('**/ajax/session');
    }
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Logged in as admin' }).waitFor();
    await page.getByRole('heading', { level: 1, name: 'admin' }).waitFor();
  }
});

scenario('a reader of the system tables sees users and permissions, and changes none', async ({ open }) => {
  await run(system.table('users').insert({ id: 'reader', password }), asAdmin);
  await run(system.grant('reader', { read: true }), asAdmin);
  const page = await open('#users', { expected: refused });
  await logIn(page, 'reader', password);
  await page.getByRole('region', { name: 'Users', exact: true }).getByRole('row', { name: /^admin/ }).waitFor();
  await page.getByText('User `reader` does not have the required `config` permission.').waitFor(); // to see bearer tokens
  await page.getByRole('link', { name: 'reader' }).first().click();
  await page.getByRole('combobox', { name: 'Write, everywhere' }).selectOption('yes');
  await page.getByText('Your user may not').waitFor();
  assert.equal(await page.getByRole('combobox', { name: 'Write, everywhere' }).inputValue(), 'inherited');
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByLabel('New password').fill('another one');
  await page.getByRole('dialog').getByRole('button', { name: 'Set password' }).click();
  await page.getByRole('dialog').getByRole('alert').getByText('`write` permission').waitFor();
});

scenario('a user without rights sees itself, and its sessions if it may', async ({ open }) => {
  await run(system.table('users').insert({ id: 'nobody', password }), asAdmin);
  const page = await open('#users', { expected: refused });
  await logIn(page, 'nobody', password);
  await page.getByText('Your user may not see this.').first().waitFor();
  await page.getByText('You are logged in as nobody.').waitFor();
  await page.getByText('rethinkdb admin set password nobody').waitFor();
  await expectAccessible(page);
  await page.goto(page.url().replace('#users', '#security'));
  await page.getByText('Your user may not see this.').first().waitFor();
  await expectAccessible(page);
});
