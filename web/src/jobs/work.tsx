import { formatElapsed } from '../components/format.ts';
import { Progress } from '../components/gauge.tsx';
import { ServerLink, TableLink } from '../components/namelink.tsx';
import { Panel } from '../components/panel.tsx';
import type { Job } from '../server/rows.ts';

const titles: Readonly<Record<string, string>> = {
  index_construction: 'Building an index', backfill: 'Copying data to a replica', disk_compaction: 'Compacting files',
};

/** What servers do by themselves: builds of indexes, and the like. Nothing while there is nothing. */
export function Work({ rows, title = 'Work in the background' }: { rows: readonly Job[]; title?: string }) {
  return rows.length === 0 ? null : <Panel title={title}>
    <ul class="jobs">{rows.map(job => <li key={job.id.join()} class="job">
      <div class="job-facts">
        <span class="job-time">{formatElapsed(job.duration_sec)}</span>
        <span>{titles[job.type] ?? job.type.replaceAll('_', ' ')}{job.info.index && <> <b>{job.info.index}</b></>}
          {job.info.db && job.info.table && <> of <TableLink db={job.info.db} name={job.info.table} /></>}</span>
        <span class="quiet">on {job.servers.map((name, i) => <>{i > 0 && ', '}<ServerLink name={name} /></>)}</span>
      </div>
      {job.info.progress !== undefined && <Progress label={`Progress of ${job.info.index ?? job.type}`} part={job.info.progress} />}
    </li>)}</ul>
  </Panel>;
}
