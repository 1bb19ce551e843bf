// A small shop and its telemetry: data that the images in docs/images show, and that scenarios have when an empty server is not what they are about.
import { r, run } from './scenario.js';

const names = ['Ada Lovelace', 'Grace Hopper', 'Edsger Dijkstra', 'Barbara Liskov', 'Alan Turing', 'Margaret Hamilton', 'Donald Knuth', 'Radia Perlman', 'Ken Thompson', 'Frances Allen'];
const cities = [['Berlin', 13.4, 52.52], ['Lisbon', -9.14, 38.72], ['Oslo', 10.75, 59.91], ['Kyoto', 135.77, 35.01], ['Nairobi', 36.82, -1.29], ['Lima', -77.04, -12.05]];
const products = [['Desk lamp', 39.9], ['Oak chair', 129], ['Notebook', 4.5], ['Fountain pen', 58], ['Wall clock', 74.9], ['Teapot', 32], ['Bookshelf', 219], ['Wool blanket', 89]];
const states = ['paid', 'packed', 'shipped', 'delivered', 'returned'];
const begin = Date.UTC(2026, 0, 5);
const hour = 3_600_000; // milliseconds

const customers = names.map((name, i) => {
  const [city, longitude, latitude] = cities[i % cities.length];
  return { id: `c-${100 + i}`, name, email: `${name.split(' ')[0].toLowerCase()}@example.com`, city, place: r.point(longitude, latitude), since: new Date(begin + i * 31 * hour), newsletter: i % 3 !== 0 };
});

const orders = Array.from({ length: 1200 }, (_, i) => {
  const items = Array.from({ length: 1 + i % 3 }, (_, k) => {
    const [product, price] = products[(i * 3 + k * 5) % products.length];
    return { product, price, quantity: 1 + (i + k) % 4 };
  });
  return {
    id: `o-${10_000 + i}`, customer: customers[i * 7 % customers.length].id, status: states[i % states.length], items,
    total: Math.round(items.reduce((sum, { price, quantity }) => sum + price * quantity, 0) * 100) / 100, created: new Date(begin + i * hour),
  };
});

const readings = Array.from({ length: 5000 }, (_, i) => ({ sensor: `s-${i % 12}`, at: new Date(begin + i * 60_000), celsius: Math.round((18 + 6 * Math.sin(i / 240)) * 10) / 10 }));

/** Fills an empty server. */
export async function addSamples(options) {
  for (const query of [
    r.dbCreate('shop'), r.dbCreate('telemetry'),
    r.db('shop').tableCreate('customers'), r.db('shop').tableCreate('orders'), r.db('shop').tableCreate('products', { primaryKey: 'sku' }),
    r.db('telemetry').tableCreate('readings', { durability: 'soft' }),
    r.db('shop').table('customers').indexCreate('email', { unique: true }),
    r.db('shop').table('customers').indexCreate('place', { geo: true }),
    r.db('shop').table('orders').indexCreate('customer'),
    r.db('shop').table('orders').indexCreate('by_status', [r.row('status'), r.row('created')]),
    r.db('shop').table('orders').indexCreate('product', r.row('items')('product'), { multi: true }),
    r.db('shop').table('customers').insert(customers),
    r.db('shop').table('orders').insert(orders),
    r.db('shop').table('products').insert(products.map(([name, price], i) => ({ sku: `p-${i + 1}`, name, price, stock: 20 + i * 13 }))),
    r.db('telemetry').table('readings').insert(readings),
    r.db('shop').table('orders').indexWait(), r.db('shop').table('customers').indexWait(),
  ]) {
    await run(query, options);
  }
}
