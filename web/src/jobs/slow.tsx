import { useState } from 'preact/hooks';

import { Empty } from '../components/empty.tsx';
import { Failure, textOfError } from '../components/failure.tsx';
import { formatElapsed, formatNumber } from '../components/format.ts';
import { Moment } from '../components/moment.tsx';
import { ServerLink } from '../components/namelink.tsx';
import { Panel } from '../components/panel.tsx';
import { Segments } from '../components/segments.tsx';
import { Waiting } from '../components/waiting.tsx';
import { ServerError } from '../server/connection.ts';
import { isOfPage, useLive } from '../server/live.ts';
import { slowQueriesFeed, type SlowQuery } from '../server/rows.ts';
import { QueryText } from './querytext.tsx';
import { SwitchOn } from './switchon.tsx';

const orders = {
  newest: (a: SlowQuery, b: SlowQuery) => b.id[0] < a.id[0] ? -1 : 1,
  longest: (a: SlowQuery, b: SlowQuery) => b.work_sec - a.work_sec,
};

/** The last queries that took more work than the server's option says. */
export function SlowQueries() {
  const { rows, error } = useLive<SlowQuery>(slowQueriesFeed).value;
  const [order, setOrder] = useState<keyof typeof orders>('newest');
  if (isOff(error)) {
    return <Panel title="Slow queries are not recorded"><SwitchOn /></Panel>;
  }
  if (error !== undefined) {
    return <Failure error={error} />;
  }
  if (rows === undefined) {
    return <Waiting />;
  }
  const queries = [...slowOnes(rows)].sort(orders[order]);
  return <Panel title="Slow queries" actions={queries.length > 1 && <Segments label="Order" options={[['newest', 'Newest first'], ['longest', 'Longest first']]} value={order} onChange={setOrder} />}>
    {queries.length === 0
      ? <Empty icon="clock" title="No query was slow.">Queries that take more work than <code>--slow-query-log</code> says will be listed here.</Empty>
      : <ul class="jobs">{queries.map(query => <Entry key={query.id.join()} query={query} />)}</ul>}
    <p class="note">The last 200 since the server's start, without the values in them. <code>read</code>, <code>returned</code> and <code>written</code> are rows. Many rows read for few returned often means that an index is missing.</p>
  </Panel>;
}

/** Without the feeds of administration pages: they do little at a time, but for hours. */
export const slowOnes = (rows: ReadonlyMap<string, SlowQuery> | undefined): readonly SlowQuery[] => [...rows?.values() ?? []].filter(({ query }) => !isOfPage(query));

/** Whether the server says that it records none. */
export const isOff = (error: unknown): boolean => error instanceof ServerError && error.kind === 'ReqlOpFailedError' && textOfError(error).includes('--slow-query-log');

function Entry({ query: { query, timestamp, work_sec: work, outcome, read, returned, written, user, server, client_address: address } }: { query: SlowQuery }) {
  return <li class="job">
    <div class="job-facts">
      <span class="job-time" title="The work on it, without the time that its cursor waited for the client">{formatElapsed(work)}</span>
      <span class="numbers">{formatNumber(read)} read, {formatNumber(returned)} returned{written > 0 && `, ${formatNumber(written)} written`}</span>
      {outcome !== 'finished' && <span class="outcome">{outcome}</span>}
      <span class="quiet">by <b>{user}</b>{address && ` from ${address}`} on <ServerLink name={server} />, <Moment time={timestamp} /></span>
    </div>
    <QueryText text={query} />
  </li>;
}
