import { Failure } from '../components/failure.tsx';
import { formatBytes, formatDuration, formatNumber, plural } from '../components/format.ts';
import { Panel } from '../components/panel.tsx';
import { Rates } from '../components/rates.tsx';
import { usePoll } from '../components/poll.ts';
import { Connect } from './connect.tsx';
import { loadOverview, type Overview } from './load.ts';

import './dashboard.css';

const pollTime = 5000; // milliseconds

export function Dashboard() {
  const { value, error } = usePoll(loadOverview, pollTime);
  return <>
    <h1 class="hidden">Dashboard</h1>
    {error !== undefined && <Failure error={error} />}
    {value && <Facts overview={value} />}
    {value && <Issues issues={value.issues} />}
    <Panel title="Cluster performance"><Rates of={['cluster']} /></Panel>
    {value && <Servers overview={value} />}
    <Connect port={value?.servers[0]?.port ?? 28015} />
  </>;
}

function Facts({ overview: { servers, tables, ready, indexes, building, cacheBytes, cacheLimit, diskBytes } }: { overview: Overview }) {
  return <dl class="facts">
    <Fact name="Servers" value={formatNumber(servers.length)} note="connected" good />
    <Fact name="Tables" value={`${formatNumber(ready)}/${formatNumber(tables)}`} note="ready" good={ready === tables} />
    <Fact name="Secondary indexes" value={formatNumber(indexes)} note={building > 0 ? `${building} building` : 'all built'} good={building === 0} />
    <Fact name="Cache" value={formatBytes(cacheBytes)} note={`of ${formatBytes(cacheLimit)}`} good />
    <Fact name="On disk" value={formatBytes(diskBytes)} note="data of tables" good />
  </dl>;
}

function Fact({ name, value, note, good }: { name: string; value: string; note: string; good: boolean }) {
  return <div class={good ? 'fact' : 'fact attention'}><dt>{name}</dt><dd><b>{value}</b> {note}</dd></div>;
}

function Issues({ issues }: { issues: Overview['issues'] }) {
  if (issues.length === 0) {
    return <p class="no-issues"><span class="light good" aria-hidden="true" />No issues</p>;
  }
  return <Panel title={`${plural(issues.length, 'issue')} to resolve`}>
    <ul class="issues">{issues.map(issue => <li key={issue.id}><span class={`badge ${issue.critical ? 'bad' : ''}`}>{issue.type.replaceAll('_', ' ')}</span><p class="text">{issue.description}</p></li>)}</ul>
  </Panel>;
}

function Servers({ overview: { servers } }: { overview: Overview }) {
  return <Panel title="Servers">
    <div class="scroll"><table class="list">
      <thead><tr><th scope="col">Name</th><th scope="col">Host</th><th scope="col">Version</th><th scope="col">Up for</th><th scope="col" class="number">Clients</th></tr></thead>
      <tbody>{servers.map(server => <tr key={server.id}>
        <th scope="row">{server.name}</th><td>{server.hostname}</td><td>{server.version}</td><td>{formatDuration(server.uptime)}</td><td class="number">{formatNumber(server.clients)}</td>
      </tr>)}</tbody>
    </table></div>
  </Panel>;
}
