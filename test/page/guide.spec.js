import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { expectAccessible } from './accessibility.js';
import { r, run, scenario } from './scenario.js';

const trips = r.db('test').table('trips');

scenario('an empty server welcomes who comes, until they close that', async ({ open }) => {
  const page = await open('#dashboard');
  const welcome = page.getByRole('region', { name: /^Welcome/ });
  await welcome.getByRole('button', { name: 'Make the table test.trips' }).waitFor();
  await expectAccessible(page);
  await welcome.getByRole('button', { name: 'Close' }).click();
  await welcome.waitFor({ state: 'detached' });
  await page.reload();
  await page.getByRole('navigation').getByRole('link', { name: 'First steps' }).click();
  await page.getByRole('heading', { level: 1, name: 'First steps' }).waitFor();
  await page.goBack();
  await page.getByText('0/0').first().waitFor(); // the dashboard is there again, and so would be the welcome
  assert.equal(await welcome.count(), 0);
});

scenario('the first steps on an empty server', async ({ open }) => {
  const page = await open('#guide');
  const open3 = page.getByRole('button', { name: /^Open in the Data Explorer/ });
  assert.ok(await open3.first().isDisabled());
  await expectAccessible(page);

  await page.getByRole('button', { name: 'Make the table test.trips' }).click();
  await page.getByText('When you are done with it, delete it there.').waitFor();
  assert.equal(await run(trips.count()), 200);
  assert.ok(await run(trips.getAll('Kyoto', { index: 'city' }).count()) > 0);
  const kinds = await run(trips.get(1).do(trip => trip.keys().map(name => r.typeOf(trip(name)))));
  for (const kind of ['NUMBER', 'STRING', 'OBJECT', 'PTYPE<TIME>', 'PTYPE<GEOMETRY>', 'ARRAY', 'NULL']) {
    assert.ok(kinds.includes(kind), kind);
  }

  for (let i = 0; i < 3; i++) {
    await open3.nth(i).click();
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByText(/^(\[?\d+ rows?|.*Listening)/).first().waitFor();
    await page.goBack();
  }
});

scenario('the code for JavaScript runs as it is copied', async ({ open }) => {
  const page = await open('#guide', { permissions: ['clipboard-read', 'clipboard-write'] });
  const code = page.getByRole('region', { name: 'The first lines of a program in JavaScript' });
  await code.getByText(`port: ${process.env.DRIVER_PORT}`).waitFor();
  await code.locator('..').getByRole('button', { name: 'Copy' }).click();
  await page.waitForFunction(() => navigator.clipboard.readText().then(text => text.includes('npm install rethinkdb')));
  const program = new URL(`copied-${process.pid}.cjs`, import.meta.url); // where the driver is found
  await writeFile(program, await page.evaluate(() => navigator.clipboard.readText()));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [program.pathname]);
    assert.equal(stdout, 'Hello\n');
  } finally {
    await rm(program);
  }
  for (const [language, line] of [['Python', 'from rethinkdb import r'], ['Go', 'package main'], ['Java', 'public class Hello']]) {
    await page.getByRole('radio', { name: language, exact: true }).click();
    await page.getByRole('region', { name: `The first lines of a program in ${language}` }).getByText(line).waitFor();
  }
});
