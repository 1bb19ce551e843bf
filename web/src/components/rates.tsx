import { useStats, historySeconds, type StatsID } from '../server/stats.ts';
import { Failure } from './failure.tsx';
import { formatRate } from './format.ts';
import { Plot } from './plot.tsx';

/** The reads and writes per second of the cluster, a server or a table, live. */
export function Rates({ of }: { of: StatsID }) {
  const { row, history, error } = useStats(of).value;
  if (row === undefined) {
    return error === undefined ? <p class="waiting" role="status">Loading…</p> : <Failure error={error} />;
  }
  return <Plot label="Documents read and written per second in the last two minutes" times={history.times} span={historySeconds} format={formatRate}
    series={[{ name: 'reads/sec', color: 'reads', values: history.reads }, { name: 'writes/sec', color: 'writes', values: history.writes }]} />;
}
