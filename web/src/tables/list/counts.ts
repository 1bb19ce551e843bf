import { useRef } from 'preact/hooks';

import { usePoll } from '../../components/poll.ts';
import { ServerError } from '../../server/connection.ts';
import { run } from '../../server/query.ts';
import type { TableStatus } from '../load.ts';

const pollTime = 5000; // milliseconds; there is no feed of it

/** About how many documents the tables on the screen have, by id. What cannot be counted is missing. Tables elsewhere are not asked. */
export function useCounts(tables: readonly TableStatus[]): ReadonlyMap<string, number> {
  const known = useRef(new Map<string, number>());
  usePoll(async () => {
    (await count(tables)).forEach((documents, id) => known.current.set(id, documents));
  }, pollTime, tables.map(table => table.id).join());
  return known.current; // the list itself tells of errors
}

/** Counts all tables at once. If that fails, those to blame are found by halves, so that the others do not suffer. */
async function count(tables: readonly TableStatus[]): Promise<ReadonlyMap<string, number>> {
  if (tables.length === 0) {
    return new Map();
  }
  const asked = tables.map(({ db, name }) => `r.db(${JSON.stringify(db)}).table(${JSON.stringify(name)}).info()("doc_count_estimates").sum()`);
  try {
    const counts = await run<number[]>(`r.expr([${asked.join(', ')}])`);
    return new Map(tables.map((table, i) => [table.id, counts[i] ?? 0]));
  } catch (error) {
    if (!(error instanceof ServerError)) {
      throw error;
    }
    if (tables.length === 1) {
      return new Map();
    }
    const half = Math.ceil(tables.length / 2);
    const parts = await Promise.all([count(tables.slice(0, half)), count(tables.slice(half))]);
    return new Map(parts.flatMap(part => [...part]));
  }
}
