import { Badge } from '../components/badge.tsx';
import { useSeconds } from '../components/clock.ts';
import { Failure } from '../components/failure.tsx';
import { formatBytes, formatDuration, formatNumber, formatRate, plural } from '../components/format.ts';
import { millisecondsOf } from '../components/moment.tsx';
import { Panel } from '../components/panel.tsx';
import { Table, type Column } from '../components/table.tsx';
import { Waiting } from '../components/waiting.tsx';
import { hrefOf } from '../shell/route.ts';
import type { ScreenProps } from '../shell/screens.ts';
import { ServerView } from './view.tsx';
import { useServers, type Server } from './load.ts';
import { missingServers, rolesOf } from './roles.ts';
import './servers.css';

/** All servers, #servers, or one of them, #servers/ID. */
export function Servers({ path: [id] }: ScreenProps) {
  return id === undefined || id === '' ? <List /> : <ServerView key={id} id={id} />;
}

function List() {
  const { servers, tables, error } = useServers();
  const now = useSeconds();
  const missing = servers && tables ? missingServers(tables, new Set(servers.map(({ status }) => status.id))) : [];
  return <>
    <h1>Servers</h1>
    {error !== undefined && <Failure error={error} />}
    {servers === undefined ? error === undefined && <Waiting /> : <Panel title={`${plural(servers.length, 'server')} connected`}>
      <Table label="Servers" rows={servers} keyOf={({ status }) => status.id} columns={columns(now, ({ status }) => {
        const roles = tables && rolesOf(status.id, tables);
        return roles && { primaries: roles.filter(({ role }) => role === 'Primary replica').length, all: roles.length };
      })} />
    </Panel>}
    {missing.length > 0 && <Panel title={`${plural(missing.length, 'server')} missing`}>
      <p>Tables have replicas on {missing.length === 1 ? 'a server that is' : 'servers that are'} not connected. Start {missing.length === 1 ? 'it' : 'them'} again; what can be done without is said by the issues on the <a href={hrefOf('dashboard')}>dashboard</a>.</p>
      <ul>{missing.map(id => <li key={id}><code>{id}</code></li>)}</ul>
    </Panel>}
  </>;
}

const columns = (now: number, rolesOf: (server: Server) => { primaries: number; all: number } | undefined): readonly Column<Server>[] => [
  { title: 'Name', heading: true, show: ({ status }) => <a href={hrefOf('servers', status.id)}>{status.name}</a>, sortBy: ({ status }) => status.name },
  { title: 'Tags', show: ({ config }) => <Tags tags={config?.tags ?? []} /> },
  { title: 'Host', show: ({ status }) => status.network.hostname, sortBy: ({ status }) => status.network.hostname },
  { title: 'Up for', show: ({ status }) => formatDuration(Math.max(now - millisecondsOf(status.process.time_started), 0) / 1000), sortBy: ({ status }) => -status.process.time_started.epoch_time },
  { title: 'Replicas', show: server => {
    const roles = rolesOf(server);
    return roles ? `${plural(roles.primaries, 'primary').replace('primarys', 'primaries')}, ${plural(roles.all - roles.primaries, 'secondary').replace('secondarys', 'secondaries')}` : '–';
  } },
  { title: 'Clients', number: true, show: ({ stats }) => stats ? formatNumber(stats.query_engine.client_connections) : '–', sortBy: ({ stats }) => stats?.query_engine.client_connections ?? 0 },
  { title: 'Reads/sec', number: true, show: ({ stats }) => stats ? formatRate(stats.query_engine.read_docs_per_sec) : '–', sortBy: ({ stats }) => stats?.query_engine.read_docs_per_sec ?? 0 },
  { title: 'Writes/sec', number: true, show: ({ stats }) => stats ? formatRate(stats.query_engine.written_docs_per_sec) : '–', sortBy: ({ stats }) => stats?.query_engine.written_docs_per_sec ?? 0 },
  { title: 'Memory', number: true, show: ({ usage }) => usage ? formatBytes(usage.process.memory_bytes) : '–', sortBy: ({ usage }) => usage?.process.memory_bytes ?? 0 },
];

export function Tags({ tags }: { tags: readonly string[] }) {
  return tags.length === 0 ? <span class="quiet">none</span> : <span class="tags">{tags.map(tag => <Badge key={tag} tone="plain">{tag}</Badge>)}</span>;
}
