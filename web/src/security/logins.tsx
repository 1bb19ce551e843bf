import { useState } from 'preact/hooks';

import { Empty } from '../components/empty.tsx';
import { Failure } from '../components/failure.tsx';
import { formatNumber } from '../components/format.ts';
import { Moment } from '../components/moment.tsx';
import { Panel } from '../components/panel.tsx';
import { Table, type Column } from '../components/table.tsx';
import { Waiting } from '../components/waiting.tsx';
import { refusalsOf, type Refusals } from './entries.ts';
import { useEntries } from './load.ts';

const shownAtFirst = 8;

/** Who has tried to log in and failed. */
export function RefusedLogIns() {
  const { rows, error } = useEntries();
  const [all, setAll] = useState(false);
  const refusals = rows && refusalsOf(rows);
  return <Panel title="Who fails to get in">
    {error !== undefined ? <Failure error={error} />
      : refusals === undefined ? <Waiting />
      : refusals.length === 0 ? <Empty icon="security" title="Nobody">No log-in was refused lately.</Empty>
      : <>
        <Table label="Refused log-ins" rows={all ? refusals : refusals.slice(0, shownAtFirst)} keyOf={({ user, host, port }) => JSON.stringify([user, host, port])} columns={columns} />
        {refusals.length > shownAtFirst && !all && <button type="button" class="link" onClick={() => setAll(true)}>Show all {formatNumber(refusals.length)}</button>}
        <p class="hint">After five wrong passwords within a minute, this address has to wait longer and longer for this user.</p>
      </>}
  </Panel>;
}

const columns: readonly Column<Refusals>[] = [
  { title: 'User', heading: true, sortBy: one => one.user, show: one => one.user || <span class="quiet">–</span> },
  { title: 'From', sortBy: one => one.host, show: one => <code>{one.host}</code> },
  { title: 'Times', number: true, sortBy: one => one.times, show: one => formatNumber(one.times) },
  { title: 'Last', sortBy: one => one.last.epoch_time, show: one => <Moment time={one.last} /> },
  { title: 'Why', show: one => <>{one.reason} <span class="quiet">{one.port}</span></> },
];
