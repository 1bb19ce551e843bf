import { useState } from 'preact/hooks';

import { Panel } from '../components/panel.tsx';
import { Rates } from '../components/rates.tsx';
import { tables as tableNames } from '../server/cluster.ts';
import type { StatsID } from '../server/stats.ts';
import type { Servers } from '../servers/load.ts';

const whole = JSON.stringify(['cluster'] satisfies StatsID);

/** Reads and writes per second: of everything, a server or a table. */
export function Performance({ cluster: { servers = [] } }: { cluster: Servers }) {
  const [chosen, setChosen] = useState(whole);
  const tables = [...tableNames.value ?? []].sort((a, b) => `${a.db}.${a.name}`.localeCompare(`${b.db}.${b.name}`, 'en', { numeric: true }));
  const keys = new Set([whole, ...servers.map(({ status }) => JSON.stringify(['server', status.id])), ...tables.map(({ id }) => JSON.stringify(['table', id]))]);
  const shown = keys.has(chosen) ? chosen : whole; // what was chosen may be gone
  return <Panel title="Performance" actions={<div class="toolbar">
    <select aria-label="Performance of" value={shown} onInput={event => setChosen(event.currentTarget.value)}>
      <option value={whole}>The whole cluster</option>
      {servers.length > 1 && <optgroup label="Servers">{servers.map(({ status: { id, name } }) => <option key={id} value={JSON.stringify(['server', id])}>{name}</option>)}</optgroup>}
      {tables.length > 0 && <optgroup label="Tables">{tables.map(({ id, db, name }) => <option key={id} value={JSON.stringify(['table', id])}>{db}.{name}</option>)}</optgroup>}
    </select>
  </div>}>
    <Rates key={shown} of={JSON.parse(shown) as StatsID} />
  </Panel>;
}
