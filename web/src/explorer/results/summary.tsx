import { formatNumber, plural } from '../../components/format.ts';
import { maxRows, type Session } from '../session.ts';

/** One line on what has come: how many rows, in what time. Readers of screens hear it, but not each event of a feed. */
export function Summary({ session }: { session: Session }) {
  return <p class="summary"><span role="status">{summaryOf(session)}</span> {session.kind.value === 'feed' && <span>{eventsOf(session)}</span>}</p>;
}

function summaryOf(session: Session): string {
  const running = session.running.value;
  if (session.aborted.value) {
    return 'The query was aborted.';
  }
  if (session.kind.value === 'feed') {
    return !running ? 'The changefeed is closed.' : session.paused.value ? 'The changefeed is paused.' : 'Listening for events…';
  }
  const took = session.took.value;
  if (took === undefined) {
    return running ? 'Running…' : '';
  }
  const shown = session.visible.value.length;
  if (shown === 0 && !session.moreToShow.value) {
    return `No results returned. The query took ${formatTime(took.roundTrip)}.`;
  }
  const returned = `${plural(shown, 'row')} returned in ${formatTime(took.roundTrip)}`;
  if (session.moreToShow.value) {
    return `${returned}. Displaying rows 1-${formatNumber(shown)}, more available`;
  }
  return session.dropped.value > 0 ? `${returned}. Only the first ${formatNumber(maxRows)} rows are kept here.` : `${returned}.`;
}

function eventsOf(session: Session): string {
  const waiting = session.paused.value ? ` ${plural(session.waiting.value, 'event')} waiting.` : '';
  return `${plural(session.events.value, 'event')} so far.${waiting}`;
}

export const formatTime = (ms: number): string => ms >= 60_000 ? `${Math.floor(ms / 60_000)}min ${Math.round(ms / 1000) % 60}s` : ms >= 1000 ? `${(ms / 1000).toFixed(2)}s` : `${ms >= 10 ? Math.round(ms) : ms.toFixed(1)}ms`;
