// Opens the page of a server in Chromium, as a person who may have to tell a proxy and then the page who they are, and runs a query in the
// Data Explorer. The argument is a JSON object: address, proxy ('' for none), basic (user and password, for the proxy), logIn (likewise,
// for the page, or null when it must not ask). Prints what was seen as JSON.
import { chromium } from '../page/node_modules/playwright-core/index.mjs';

const { address, proxy, basic, logIn } = JSON.parse(process.argv[2]);
const patience = 45_000; // milliseconds

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  // Certificates are not the business of this: curl checks them. Nothing but the test decides between http and https.
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable'],
});
try {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true, httpCredentials: { username: basic.user, password: basic.password },
    ...proxy && { proxy: { server: proxy, bypass: '<-loopback>' } }, // without the second, a browser asks localhost without a proxy
  });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const wrong = [];
  page.on('console', message => message.type() === 'error' && wrong.push(message.text()));
  page.on('pageerror', error => wrong.push(String(error)));
  page.on('requestfailed', request => wrong.push(`${request.url()}: ${request.failure()?.errorText}`));

  // Without the last slash of its address the page's files are looked for beside it, until its script has moved it.
  let path = '';
  page.on('framenavigated', frame => {
    const { pathname } = new URL(frame.url());
    if (pathname !== path) {
      path = pathname;
      wrong.length = 0;
    }
  });

  await page.goto(address);
  if (logIn) {
    await page.getByLabel('User').fill(logIn.user);
    await page.getByLabel('Password').fill(logIn.password);
    await page.getByRole('button', { name: 'Log in' }).click();
  }
  const links = page.getByRole('navigation', { name: 'Screens' });
  await links.waitFor();
  const seen = { address: page.url().replace(/#.*/, ''), title: await page.title(), styled: await page.evaluate(() => getComputedStyle(document.body).margin === '0px') };
  await links.getByRole('link', { name: 'Data Explorer' }).click();
  await page.locator('.cm-content').click();
  await page.keyboard.insertText("r.expr(['gui', 'ded']).reduce((left, right) => left.add(right))");
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByRole('region', { name: 'Result', exact: true }).getByText('guided').waitFor();
  console.log(JSON.stringify({ ...seen, wrong }));
} finally {
  await browser.close();
}
