// Makes the images of docs/images: each screen in both themes, with the data of sample.js and some traffic. IMAGES says where they go, and
// WATCH_SECONDS how long the dashboard watches:
// go test -tags page ./test/page -run TestImages -images ../../docs/images
// server: --server-name amsterdam --slow-query-log 200
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { addSamples } from './sample.js';
import { connect, r, run, scenario } from './scenario.js';
import { goTo, shown } from './screens.js';

const password = 'correct horse';
const shop = r.db('shop');

const query = `r.db('shop').table('orders')
  .getAll('shipped', {index: 'status'})
  .orderBy(r.desc('total'))
  .merge(order => ({name: r.db('shop').table('customers').get(order('customer'))('name')}))
  .pluck('id', 'name', 'total', 'created', 'items')`;

/** By the name of the image: the address, and what is done there before it is taken. */
const screens = {
  tables: ['#tables'],
  table: ['#tables', async page => {
    await page.getByRole('link', { name: 'orders' }).click();
    await page.getByRole('heading', { name: 'Data distribution' }).waitFor();
  }],
  documents: ['#tables', async page => {
    await page.getByRole('link', { name: 'orders' }).click();
    await page.getByRole('link', { name: 'Documents' }).click();
    await page.getByText('o-10005').first().waitFor();
  }],
  explorer: ['#dataexplorer', async page => {
    await page.locator('.cm-content').click();
    await page.keyboard.insertText(query);
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByText('returned in').first().waitFor();
  }],
  servers: ['#servers'],
  jobs: ['#jobs', page => page.getByText('changes').first().waitFor()],
  logs: ['#logs'],
  users: ['#users'],
  security: ['#security'],
  guide: ['#guide'],
};

scenario('the server has something to show', async () => {
  await addSamples();
  for (const each of [
    shop.table('orders').indexCreate('status'), shop.table('orders').indexWait(),
    r.db('rethinkdb').table('users').insert([{ id: 'readers', role: true }, { id: 'operators', role: true, roles: ['readers'] }]),
    r.db('rethinkdb').table('users').insert([
      { id: 'checkout', password }, { id: 'reports', password, roles: ['readers'] }, { id: 'nadia', password, roles: ['operators'] },
    ]),
    r.grant('readers', { read: true }), r.grant('operators', { config: true }), shop.grant('checkout', { read: true, write: true }),
    shop.table('orders').filter(order => order('items').contains(item => item('product').match('(?i)^(oak|wool).*t?$'))).innerJoin(shop.table('orders').limit(60), (left, right) => left('customer').eq(right('customer'))).count(),
  ]) {
    await run(each);
  }
});

for (const theme of ['light', 'dark']) {
  scenario(`images: ${theme}`, async ({ open }) => {
    const look = { theme, deviceScaleFactor: 1.5, height: 860 };
    const take = (page, name) => page.screenshot({ path: join(process.env.IMAGES, `${name}-${theme}.png`) });
    const dashboard = await open('#dashboard', look);
    const page = await open('', look);
    const traffic = await start();
    for (const [name, [hash, prepare]] of Object.entries(screens)) {
      await goTo(page, hash);
      await prepare?.(page);
      await shown(page);
      await take(page, name);
    }
    await dashboard.bringToFront();
    await shown(dashboard);
    await traffic.watched; // so that the plot has something to show
    await take(dashboard, 'dashboard');
    await traffic.stop();
  });
}

scenario('the log-in', async ({ open }) => {
  await run(r.db('rethinkdb').table('users').get('admin').update({ password }));
  for (const theme of ['light', 'dark']) {
    const page = await open('', { theme, deviceScaleFactor: 1.5, height: 640, width: 960 });
    await page.getByLabel('Password').waitFor();
    await page.screenshot({ path: join(process.env.IMAGES, `login-${theme}.png`) });
  }
});

/** How long the dashboard watches the traffic. */
const watchMilliseconds = Number(process.env.WATCH_SECONDS) * 1000;

/** An application at work: reads and writes that come in waves, and a feed. */
async function start() {
  const connection = await connect();
  const feed = await shop.table('orders').filter({ status: 'paid' }).changes().run(connection);
  const began = Date.now();
  let stopped = false;
  const work = (async () => {
    for (let round = 0; !stopped; round++) {
      const wave = 1.3 + Math.sin((Date.now() - began) / 4000);
      const reads = Array.from({ length: Math.ceil(40 * wave) }, (_, i) => shop.table('orders').get(`o-${10_000 + (round * 7 + i) % 1200}`).run(connection));
      const writes = Array.from({ length: Math.ceil(9 * wave) }, (_, i) => shop.table('orders').get(`o-${10_000 + (round + i) % 1200}`).update({ seen: round }, { durability: 'soft' }).run(connection));
      await Promise.all([...reads, ...writes]);
      await setTimeout(60);
    }
  })();
  return {
    watched: setTimeout(watchMilliseconds),
    stop: async () => {
      stopped = true;
      await work;
      await feed.close();
      await connection.close();
    },
  };
}
