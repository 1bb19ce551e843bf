import type { Datum } from '../../server/connection.ts';
import { formatNumber } from '../../components/format.ts';
import type { Session } from '../session.ts';
import { formatTime } from './summary.tsx';
import { TreeView } from './treeview.tsx';

/** Where the time of a query has gone. */
export function ProfileView({ session }: { session: Session }) {
  const profile = session.profile.value;
  const took = session.took.value;
  if (profile === null || took === undefined) {
    return <p class="note">There is no profile of this query. Switch on “Profile queries” in the options and run it again.</p>;
  }
  const facts = [['Round-trip time', formatTime(took.roundTrip)], ['Server time', formatTime(took.server)], ['Shard accesses', formatNumber(accesses(profile))]] as const;
  return <>
    <dl class="facts">{facts.map(([name, value]) => <div class="fact" key={name}><dt>{name}</dt><dd><b>{value}</b></dd></div>)}</dl>
    <TreeView rows={Array.isArray(profile) ? profile : [profile]} label="Steps of the query" opened />
  </>;
}

/** How often a step has read rows of a table. */
function accesses(task: Datum): number {
  if (Array.isArray(task)) {
    return task.reduce<number>((sum, inner) => sum + accesses(inner), 0);
  }
  if (task === null || typeof task !== 'object') {
    return 0;
  }
  const { description, sub_tasks: inner = [], parallel_tasks: parallel = [], n_samples: samples } = task;
  const reads = typeof description === 'string' && /^Reading rows|read on shard/i.test(description) ? (typeof samples === 'number' ? samples : 1) : 0;
  return reads + accesses(inner) + accesses(parallel);
}
