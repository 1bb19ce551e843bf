import type { Datum } from '../server/connection.ts';
import { formatNumber, plural } from '../components/format.ts';
import { Grid } from '../components/grid.tsx';
import { Tree } from '../components/tree.tsx';
import { pageRows, type ExplorerSession } from './session.ts';

export type View = 'tree' | 'table' | 'raw' | 'profile';

/** A longer text would freeze the page; a driver is the tool for it. */
const maxRawCharacters = 1_000_000;

export function Results({ session, view }: { session: ExplorerSession; view: View }) {
  const kind = session.kind.value;
  if (kind === 'none') {
    return null;
  }
  if (view === 'profile') {
    return session.profile.value === null ? <p class="note">Tick “Profile” and run the query again to see where its time goes.</p> : <div class="result"><Tree value={session.profile.value} open /></div>;
  }
  const rows = session.visible.value;
  if (rows.length === 0) {
    return kind === 'feed' ? null : <p class="note">No results returned.</p>;
  }
  return <>
    <div class="result"><Rows rows={rows} view={view} single={kind === 'value'} /></div>
    {kind === 'rows' && (session.more.value || session.rows.value.length > session.shown.value) &&
      <button type="button" class="next" disabled={session.running.value} onClick={() => void session.next()}>Load the next {pageRows} rows</button>}
  </>;
}

function Rows({ rows, view, single }: { rows: readonly Datum[]; view: View; single: boolean }) {
  switch (view) {
    case 'table':
      return <Grid rows={rows} />;
    case 'raw': {
      const text = JSON.stringify(single ? rows[0] : rows, null, 2);
      return <>
        <pre class="raw" tabIndex={0}>{text.slice(0, maxRawCharacters)}</pre>
        {text.length > maxRawCharacters && <p class="note">The rest, {formatNumber(text.length - maxRawCharacters)} characters, is left out.</p>}
      </>;
    }
    default:
      return single ? <Tree value={rows[0] ?? null} open /> : <ol class="rows">{rows.map((row, i) => <li key={i}><Tree value={row} open={rows.length <= pageRows} /></li>)}</ol>;
  }
}

/** One line on what has come: how many rows, in what time. Readers of screens hear it when it changes. */
export function Summary({ session }: { session: ExplorerSession }) {
  return <p class="summary" role="status">{summaryOf(session)}</p>;
}

function summaryOf(session: ExplorerSession): string {
  const took = session.took.value;
  const kind = session.kind.value;
  if (session.aborted.value) {
    return 'The query was aborted.';
  }
  if (kind === 'feed') {
    const events = plural(session.events.value, 'event');
    if (!session.running.value) {
      return `The changefeed is closed. ${events}.`;
    }
    return session.paused.value ? `Paused, ${plural(session.waiting.value, 'event')} waiting.` : `Listening for events… ${events} so far.`;
  }
  if (took === undefined) {
    return session.running.value ? 'Running…' : '';
  }
  const time = `${formatTime(took.roundTrip)} (server: ${formatTime(took.server)})`;
  if (kind === 'value') {
    return `One value in ${time}.`;
  }
  const fetched = session.rows.value.length;
  const shown = Math.min(fetched, session.shown.value);
  const more = session.more.value || fetched > shown ? `. Displaying rows 1–${formatNumber(shown)}, more available` : '';
  return `${plural(fetched, 'row')} returned in ${time}${more}.`;
}

const formatTime = (ms: number): string => ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${ms >= 10 ? Math.round(ms) : ms.toFixed(1)} ms`;
