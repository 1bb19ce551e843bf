import { Failure } from '../components/failure.tsx';
import { Waiting } from '../components/waiting.tsx';
import { Entry } from './entry.tsx';
import { keyOf, useLog } from './history.ts';

const readFirst = 100;

/** The newest entries of the log, live: of all servers, or of one. */
export function RecentEntries({ count, server }: { count: number; server?: string }) {
  const { entries, error } = useLog(readFirst).log.value;
  if (error !== undefined) {
    return <Failure error={error} />;
  }
  if (entries === undefined) {
    return <Waiting />;
  }
  const shown = entries.filter(entry => server === undefined || entry.server === server).slice(0, count);
  return shown.length === 0 ? <p class="note">Nothing has been logged{server !== undefined && ' lately'}.</p>
    : <ul class="log-list">{shown.map(entry => <li key={keyOf(entry)}><Entry entry={entry} withServer={server === undefined} /></li>)}</ul>;
}
