// server: --initial-password swordfish --web-session-timeout 0.05
import assert from 'node:assert/strict';

import { r, run, scenario } from './scenario.js';

// Sessions on this server end after three seconds in which nobody does anything.
const sessions = r.db('rethinkdb').table('web_sessions');

async function logIn(page) {
  await page.getByLabel('Password').fill('swordfish');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('button', { name: 'Logged in as admin' }).waitFor();
}

scenario('a page that nobody touches logs out, although it goes on asking the server', async ({ open }) => {
  const page = await open('#dashboard', { expected: [/status of 401/] });
  await page.clock.install(); // for what the page takes as the time since it was touched
  await page.reload();
  await logIn(page);
  await page.clock.fastForward('05:00');
  await page.getByText('Your session has ended.').waitFor();
  assert.equal(await page.getByRole('navigation').count(), 0);
  assert.deepEqual(await run(sessions, { password: 'swordfish' }), []);
  await logIn(page);
  await page.getByRole('navigation', { name: /./ }).first().waitFor();
});
