import { useEffect, useRef } from 'preact/hooks';

import { usePoll } from '../../components/poll.ts';
import { countDocuments, type TableRow } from '../load.ts';

const pollTime = 5000; // milliseconds
const none: ReadonlyMap<string, number> = new Map();

/** About how many documents the tables have that are on the screen. Those elsewhere are not asked for. */
export function useCounts(tables: readonly TableRow[]): ReadonlyMap<string, number> {
  const latest = useRef(tables);
  latest.current = tables;
  const { value, refresh } = usePoll(() => countDocuments(latest.current), pollTime);
  const ids = tables.map(table => table.id).join();
  useEffect(refresh, [ids]);
  return value ?? none; // the list itself tells of an error
}
