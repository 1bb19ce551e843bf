import { expectAccessible } from './accessibility.js';
import { scenario } from './scenario.js';

for (const theme of ['light', 'dark']) {
  scenario(`every screen is accessible: ${theme}`, async ({ open }) => {
    const page = await open('', { theme });
    await page.getByRole('heading', { level: 1 }).waitFor();
    for (const hash of await screens(page)) {
      await page.goto(hash);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await expectAccessible(page);
    }
  });
}

/** The addresses of all screens that the page has. */
const screens = page => page.getByRole('navigation').getByRole('link').evaluateAll(links => links.map(link => link.href));
