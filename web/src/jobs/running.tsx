import { useRef, useState } from 'preact/hooks';

import { useSeconds } from '../components/clock.ts';
import { Confirm } from '../components/confirm.tsx';
import { Empty } from '../components/empty.tsx';
import { Failure } from '../components/failure.tsx';
import { formatElapsed, plural } from '../components/format.ts';
import { CheckField } from '../components/field.tsx';
import { ServerLink } from '../components/namelink.tsx';
import { Panel } from '../components/panel.tsx';
import { notify } from '../components/toast.tsx';
import { Waiting } from '../components/waiting.tsx';
import { isOfPage, useLive } from '../server/live.ts';
import { run } from '../server/query.ts';
import { jobsFeed, type Job } from '../server/rows.ts';
import { QueryText } from './querytext.tsx';
import { Work } from './work.tsx';

/** A job and when it came here, in milliseconds: from then on its duration is counted by the page. */
interface Seen {
  readonly job: Job;
  readonly at: number;
}

const shownAtMost = 200;

/** Queries that run, longest first, and whatever else the servers are at. */
export function Running({ ofPage, onOfPage }: { ofPage: boolean; onOfPage: (shown: boolean) => void }) {
  const { rows, error } = useLive<Job>(jobsFeed).value;
  const [asked, setAsked] = useState<Job | undefined>();
  const now = useSeconds();
  const seen = useSeen(rows);
  if (error !== undefined) {
    return <Failure error={error} />;
  }
  if (rows === undefined) {
    return <Waiting />;
  }
  const all = seen.filter(({ job }) => job.type === 'query');
  const own = all.filter(({ job }) => isOfPage(job.info.query ?? '')).length;
  const queries = all.filter(({ job }) => ofPage || !isOfPage(job.info.query ?? '')).map(({ job, at }) => ({ job, seconds: job.duration_sec + Math.max(now - at, 0) / 1000 }))
    .sort((a, b) => b.seconds - a.seconds);
  return <>
    <Work rows={[...rows.values()].filter(job => job.type !== 'query')} />
    <Panel title={queries.length === 0 ? 'Queries' : `${plural(queries.length, 'query').replace('querys', 'queries')}`}
      actions={own > 0 && <CheckField label="Show the queries of administration pages" checked={ofPage} onChange={onOfPage} />}>
      {queries.length === 0
        ? <Empty icon="jobs" title="No queries are running.">Queries show here while they run, and cursors and changefeeds while they are open. Most queries end sooner than they could be seen.</Empty>
        : <ul class="jobs">{queries.slice(0, shownAtMost).map(({ job, seconds }) => <Query key={job.id[1]} job={job} seconds={seconds} onKill={() => setAsked(job)} />)}</ul>}
      {queries.length > shownAtMost && <p class="note">{queries.length - shownAtMost} more run for a shorter time.</p>}
    </Panel>
    {asked && <Kill job={asked} onClose={() => setAsked(undefined)} />}
  </>;
}

/** Notes when each of the rows came. */
function useSeen(rows: ReadonlyMap<string, Job> | undefined): readonly Seen[] {
  const seen = useRef<ReadonlyMap<string, Seen>>(new Map());
  const now = Date.now();
  seen.current = new Map([...rows ?? []].map(([key, job]) => {
    const before = seen.current.get(key);
    return [key, before?.job === job ? before : { job, at: now }];
  }));
  return [...seen.current.values()];
}

function Query({ job, seconds, onKill }: { job: Job; seconds: number; onKill: () => void }) {
  const { query = '', user } = job.info;
  return <li class="job">
    <div class="job-facts">
      <span class="job-time" title="How long it has been running">{formatElapsed(seconds)}</span>
      <span>by <b>{user}</b></span>
      {job.info.client_address && <span class="quiet">from {clientOf(job)}</span>}
      <span class="quiet">on {job.servers.map((name, i) => <>{i > 0 && ', '}<ServerLink name={name} /></>)}</span>
      <button type="button" class="plain danger job-kill" onClick={onKill}>Kill<span class="hidden"> the query of {user}, {formatElapsed(seconds)}</span></button>
    </div>
    <QueryText text={query} />
  </li>;
}

const clientOf = ({ info: { client_address: address, client_port: port } }: Job): string => address?.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

function Kill({ job, onClose }: { job: Job; onClose: () => void }) {
  const kill = async () => {
    const { deleted } = await run<{ deleted: number }>(`r.db("rethinkdb").table("jobs").get(${JSON.stringify(job.id)}).delete()`);
    notify(deleted === 1 ? 'The query was killed.' : 'The query had ended before it could be killed.', deleted === 1 ? 'good' : 'info');
  };
  return <Confirm title="Kill this query?" action="Kill" onAction={kill} onClose={onClose}>
    <p>It ends at once, and its client gets an error. What it has written until then stays written.</p>
    <QueryText text={job.info.query ?? ''} />
    <p class="quiet">Run by {job.info.user}{job.info.client_address ? ` from ${clientOf(job)}` : ''}.</p>
  </Confirm>;
}
