// How a scenario is written:
//
//   import { run, scenario } from './scenario.js';
//
//   scenario('a table is created', async ({ open }) => {
//     const page = await open('#tables');
//     await page.getByRole('button', { name: 'Add table' }).click();
//     …
//     assert.deepEqual(await run(r.tableList()), ['heroes']);
//   });
//
// The page is one of Playwright's (https://playwright.dev/docs/api/class-page), whose locators wait by themselves. Any scenario
// fails when the page writes an error to the console, throws one, breaks its own content security policy or asks another server for
// something. Scenarios of a file run one after the other, against the same server. A line "// server: --some-option value" in the
// file starts it with options.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { chromium } from 'playwright-core';
import r from 'rethinkdb';

export { r };

export const origin = `http://localhost:${process.env.WEB_PORT}`;

/** What a test waits for at most, in milliseconds. It is long because other tests may have the processors. */
const patience = 60_000;
/** What a scenario takes at most, in milliseconds: not everything that it waits for has a limit of its own. */
const longest = 4 * patience;
const remembered = 20; // lines of the console, for those who look for what has failed

let browser;
after(() => browser?.close());

/**
 * A test with a browser. work gets open(hash, options), which opens the page in a window that shares nothing with others.
 * Options: theme 'light' or 'dark', width and height in CSS pixels, expected (an array of patterns of console errors that belong to
 * the scenario), prepare (which gets Playwright's page before it is opened), and whatever browser.newContext of Playwright takes.
 */
export function scenario(name, work) {
  test(name, { timeout: longest }, async () => {
    const windows = [];
    const open = async (hash = '', options = {}) => {
      const window = await openWindow(options);
      windows.push(window);
      options.prepare?.(window.page);
      await window.page.goto(origin + '/' + hash);
      return window.page;
    };
    try {
      await work({ open });
      assert.deepEqual(windows.flatMap(window => window.complaints()), [], 'what the page did wrong');
    } catch (error) {
      for (const { page, complaints, said } of windows) {
        const text = await page.locator('body').innerText({ timeout: 1000 }).catch(String);
        console.log(`-- ${name}: ${page.url()} shows --\n${text}\n-- complaints --\n${complaints().join('\n')}\n-- console --\n${said.join('\n')}\n--`);
      }
      throw error;
    } finally {
      await Promise.all(windows.map(({ page }) => page.context().close()));
    }
  });
}

async function openWindow({ theme = 'light', width = 1280, height = 800, expected = [], prepare: _, ...more }) {
  browser ??= await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  const context = await browser.newContext({
    colorScheme: theme, viewport: { width, height }, reducedMotion: 'reduce', locale: 'en-US', timezoneId: 'UTC', ...more,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const seen = [], said = [];
  page.on('console', message => said.push(message.text()) > remembered && said.shift());
  page.on('console', message => message.type() === 'error' && seen.push(`${message.text()} (${message.location().url})`));
  page.on('pageerror', error => seen.push(String(error.stack ?? error)));
  page.on('request', request => new URL(request.url()).origin === origin || seen.push(`a request to ${request.url()}`));
  return { page, said, complaints: () => seen.filter(text => !expected.some(pattern => pattern.test(text))) };
}

/** A connection of the published driver, as admin without a password unless options say otherwise. */
export const connect = (options = {}) => r.connect({ host: 'localhost', port: Number(process.env.DRIVER_PORT), ...options });

/** Runs a query on a connection of its own; a cursor becomes an array. */
export async function run(query, options) {
  const connection = await connect(options);
  try {
    const result = await query.run(connection);
    return typeof result?.toArray === 'function' ? await result.toArray() : result;
  } finally {
    await connection.close({ noreplyWait: false });
  }
}
