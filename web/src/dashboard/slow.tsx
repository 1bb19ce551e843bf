import { Failure } from '../components/failure.tsx';
import { formatElapsed } from '../components/format.ts';
import { Moment } from '../components/moment.tsx';
import { Panel } from '../components/panel.tsx';
import { Waiting } from '../components/waiting.tsx';
import { isOff, slowOnes } from '../jobs/slow.tsx';
import { SwitchOn } from '../jobs/switchon.tsx';
import { useLive } from '../server/live.ts';
import { slowQueriesFeed, type SlowQuery } from '../server/rows.ts';
import { hrefOf } from '../shell/route.ts';

const shownAtMost = 5;

/** The slow queries that came last, if the server notes them, or else how it would. */
export function RecentSlowQueries() {
  const { rows, error } = useLive<SlowQuery>(slowQueriesFeed).value;
  if (isOff(error)) {
    return <Panel title="Slow queries"><details><summary>They are not recorded. How to switch that on</summary><div class="stack switch-on"><SwitchOn /></div></details></Panel>;
  }
  const newest = [...slowOnes(rows)].sort((a, b) => b.id[0] < a.id[0] ? -1 : 1).slice(0, shownAtMost);
  return <Panel title="Slow queries" actions={newest.length > 0 && <a href={hrefOf('jobs', 'slow')}>All of them</a>}>
    {error !== undefined ? <Failure error={error} /> : rows === undefined ? <Waiting />
      : newest.length === 0 ? <p class="note">No query was slow since the server's start.</p>
      : <ul class="slow-list">{newest.map(({ id, query, work_sec: work, user, timestamp }) => <li key={id.join()}>
        <b class="number">{formatElapsed(work)}</b>
        <code title={query}>{query}</code>
        <span class="quiet small">{user}, <Moment time={timestamp} /></span>
      </li>)}</ul>}
  </Panel>;
}
