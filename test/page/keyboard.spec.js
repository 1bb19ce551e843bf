// The whole page without a mouse.
import assert from 'node:assert/strict';

import { addSamples } from './sample.js';
import { r, run, scenario } from './scenario.js';
import { goTo, screensOf, shown } from './screens.js';

/** More stops than that on one screen would mean that the focus is caught somewhere, or that nobody gets through. */
const maxStops = 120;

/** Presses a key until what has the focus matches a selector. */
async function pressUntil(page, key, selector) {
  for (let presses = 0; presses < maxStops; presses++) {
    await page.keyboard.press(key);
    if (await page.evaluate(wanted => document.activeElement?.matches(wanted), selector)) {
      return;
    }
  }
  assert.fail(`${selector} is not reached by ${key}`);
}

/** What has the focus and cannot be seen to have it, or a word on what it is. */
const focused = page => page.evaluate(() => {
  const element = document.activeElement;
  const name = `${element.tagName.toLowerCase()} “${element.getAttribute('aria-label') ?? element.textContent.trim().slice(0, 40)}”`;
  const box = element.getBoundingClientRect();
  const marked = [element, element.parentElement, element.closest('.cm-editor')?.parentElement].some(one => one && getComputedStyle(one).outlineStyle !== 'none');
  const problem = box.width === 0 || box.height === 0 ? 'has no size' : box.bottom <= 0 || box.top >= innerHeight ? 'is out of view' : !marked ? 'shows no focus' : '';
  return { end: element === document.body, name, problem };
});

/** Gives the screen the time to scroll to what has the focus. */
async function settled(page) {
  const deadline = Date.now() + settleMilliseconds;
  for (;;) {
    const state = await focused(page);
    if (state.problem === '' || Date.now() > deadline) {
      return state;
    }
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}
const settleMilliseconds = 5000;

scenario('there is something to show', () => addSamples());

scenario('every screen is reached and walked through with the tab key', async ({ open }) => {
  const page = await open();
  await shown(page);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter'); // the first stop skips the navigation
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  for (const hash of await screensOf(page)) {
    await page.getByRole('link', { name: 'RethinkDB' }).focus(); // the first of the frame
    await pressUntil(page, 'Tab', `nav a[href="${hash}"]`);
    await page.keyboard.press('Enter');
    await page.getByRole('navigation', { name: 'Screens' }).locator(`a[href="${hash}"][aria-current]`).waitFor();
    await shown(page);
    let stops = 0;
    for (await page.locator('#main').focus(); stops < maxStops; stops++) {
      if (await page.evaluate(() => document.activeElement.closest('.cm-editor') !== null)) {
        await page.keyboard.press('Escape'); // an editor takes the tab key for itself; this gives it back once
      }
      await page.keyboard.press('Tab');
      const { end, name, problem } = await settled(page);
      if (end) {
        break;
      }
      assert.equal(problem, '', `${hash}: ${name}`);
    }
    assert.ok(stops < maxStops, `${hash} has no end`);
  }
});

scenario('a database is added and dropped', async ({ open }) => {
  const page = await open('#tables');
  await shown(page);
  await pressUntil(page, 'Tab', 'main button.primary');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Add database', 'the focus goes back to where it was');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await pressUntil(page, 'Tab', 'dialog input');
  await page.keyboard.type('typed');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'typed' }).waitFor();
  assert.ok((await run(r.dbList())).includes('typed'));
});

scenario('the theme is changed, and stays', async ({ open }) => {
  const page = await open('', { theme: 'light' });
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await background();
  await page.getByRole('button', { name: /^Theme of the system/ }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: /^Light theme/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: /^Dark theme/ }).waitFor();
  const dark = await background();
  assert.notEqual(dark, light);
  await page.reload();
  await page.getByRole('button', { name: /^Dark theme/ }).waitFor();
  assert.equal(await background(), dark);
});

scenario('the menu of a narrow screen', async ({ open }) => {
  const page = await open('', { width: 380 });
  const menu = page.getByRole('button', { name: 'Menu' });
  await menu.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Data Explorer' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Data Explorer' }).waitFor({ state: 'hidden' });
  await page.keyboard.press('Enter');
  await pressUntil(page, 'Tab', 'nav a[href="#tables"]');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Tables' }).first().waitFor();
  await page.getByRole('link', { name: 'Data Explorer' }).waitFor({ state: 'hidden' });
});

scenario('no screen is wider than a narrow window', async ({ open }) => {
  const page = await open('', { width: 380 });
  for (const hash of await screensOf(page)) {
    await goTo(page, hash);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), hash);
  }
});
