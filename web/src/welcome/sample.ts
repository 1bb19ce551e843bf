// The table with which people try things: trips with rented bicycles, the same ones each time.

import { data } from '../reql/data.ts';
import { run } from '../server/query.ts';
import { write } from '../server/write.ts';

export const sampleDatabase = 'test';
export const sampleTable = 'trips';
const sampleIndex = 'city';
export const sampleSize = 200;

const cities: readonly (readonly [name: string, longitude: number, latitude: number])[] = [
  ['Lisbon', -9.14, 38.72], ['Copenhagen', 12.57, 55.68], ['Kyoto', 135.77, 35.01], ['Montréal', -73.57, 45.5], ['Nairobi', 36.82, -1.29],
];
const riders = ['Ada', 'Bruno', 'Chidi', 'Dalia', 'Emil', 'Fatou', 'Goro', 'Hana', 'Ines', 'Jun', 'Kofi', 'Lena'];
const extras = ['basket', 'child seat', 'electric', 'lock'];
const firstTrip = Date.UTC(2026, 5, 1, 6) / 1000;

/** A document with all that documents may have in them: numbers, text, nested objects, arrays, times, points on the earth, and null. */
function trip(i: number) {
  const [city, longitude, latitude] = cities[i * 7 % cities.length]!;
  const member = i % 3 !== 0;
  return {
    id: i + 1,
    city,
    rider: { name: riders[i * 5 % riders.length]!, member },
    started: { $reql_type$: 'TIME', epoch_time: firstTrip + i * 2711, timezone: '+00:00' },
    minutes: 4 + i * 37 % 53,
    from: { $reql_type$: 'GEOMETRY', type: 'Point', coordinates: [longitude + i % 11 / 500, latitude + i % 13 / 500] },
    extras: extras.filter((_, n) => (i + n) % 4 < 1 + i % 2),
    rating: i % 4 === 0 ? null : 3 + i % 3,
  };
}

/** Makes the table with its documents and an index. Whoever has it already gets the server's error. */
export async function createSample(): Promise<void> {
  await run('r.dbList().contains(db).branch(null, r.dbCreate(db))', { db: sampleDatabase });
  await run('r.db(db).tableCreate(table)', { db: sampleDatabase, table: sampleTable });
  await run('r.db(db).table(table).indexCreate(index)', { db: sampleDatabase, table: sampleTable, index: sampleIndex });
  await write('r.db(db).table(table).insert(trips)', { db: sampleDatabase, table: sampleTable, trips: data(Array.from({ length: sampleSize }, (_, i) => trip(i))) });
  await run('r.db(db).table(table).indexWait(index)', { db: sampleDatabase, table: sampleTable, index: sampleIndex });
}

export const hasSample = (): Promise<boolean> =>
  run<boolean>('r.dbList().contains(db).and(r.db(db).tableList().contains(table))', { db: sampleDatabase, table: sampleTable });

export interface SampleQuery {
  readonly title: string;
  readonly text: string;
}

const table = `r.db('${sampleDatabase}').table('${sampleTable}')`;

export const sampleQueries: readonly SampleQuery[] = [
  { title: 'How long do people ride, by city?', text: `${table}\n  .group('city')\n  .avg('minutes')` },
  { title: 'The longest trips in Kyoto, by the index', text: `${table}\n  .getAll('Kyoto', {index: 'city'})\n  .orderBy(r.desc('minutes'))\n  .limit(5)` },
  { title: 'Follow the newest trips live', text: `${table}\n  .orderBy({index: r.desc('id')})\n  .limit(3)\n  .changes({includeInitial: true})` },
];

/** Adds a trip, for those who follow them. */
export const addTrip = () => write(
  `${table}.insert(trip.merge({id: ${table}.max({index: 'id'})('id').add(1), started: r.now()}))`, { trip: data(trip(Math.floor(Math.random() * sampleSize))) });
