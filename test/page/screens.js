/** In a narrow window it is hidden until it is asked for. */
const navigation = 'nav[aria-label="Screens"]';

/** The addresses of all screens that the navigation leads to, as #tables. */
export async function screensOf(page) {
  const links = page.locator(`${navigation} a`);
  await links.first().waitFor({ state: 'attached' });
  return links.evaluateAll(all => all.map(link => link.getAttribute('href')));
}

/** Waits until a screen shows what it is about. */
export async function shown(page) {
  const main = page.getByRole('main');
  await main.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' });
  await main.locator('.waiting').first().waitFor({ state: 'detached' });
}

/** Opens a screen in a page that is open already. */
export async function goTo(page, hash) {
  await page.evaluate(to => { location.hash = to; }, hash);
  await page.locator(`${navigation} a[href="${hash}"][aria-current]`).waitFor({ state: 'attached' });
  await shown(page);
}
