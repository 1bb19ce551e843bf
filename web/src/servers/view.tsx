import { useState } from 'preact/hooks';

import { useSeconds } from '../components/clock.ts';
import { Empty } from '../components/empty.tsx';
import { Failure } from '../components/failure.tsx';
import { formatDuration } from '../components/format.ts';
import { formatMoment, millisecondsOf } from '../components/moment.tsx';
import { TableLink } from '../components/namelink.tsx';
import { Panel } from '../components/panel.tsx';
import { Rates } from '../components/rates.tsx';
import { Table } from '../components/table.tsx';
import { Waiting } from '../components/waiting.tsx';
import { RecentEntries } from '../logs/recent.tsx';
import { tables as tableNames } from '../server/cluster.ts';
import type { TablePlaces } from '../server/rows.ts';
import { hrefOf } from '../shell/route.ts';
import { useSubtitle } from '../shell/title.ts';
import { EditServer } from './edit.tsx';
import { useServers, type Server } from './load.ts';
import { rolesOf } from './roles.ts';
import { Tags } from './servers.tsx';
import { Usage } from './usage.tsx';

const newestEntries = 5;

/** One server. */
export function ServerView({ id }: { id: string }) {
  const { servers, tables, error } = useServers();
  const [editing, setEditing] = useState(false);
  const server = servers?.find(({ status }) => status.id === id);
  useSubtitle(server?.status.name ?? '');
  if (!server) {
    return <>
      <h1>Server</h1>
      {error !== undefined ? <Failure error={error} /> : servers === undefined ? <Waiting />
        : <Empty icon="servers" title="There is no such server." action={<a class="button" href={hrefOf('servers')}>All servers</a>}>It may be disconnected, or its address was mistyped: <code>{id}</code></Empty>}
    </>;
  }
  const { status, config, stats, usage } = server;
  return <>
    <div class="head">
      <h1>Server {status.name}</h1>
      {config && <button type="button" onClick={() => setEditing(true)}>Edit name, tags and cache</button>}
    </div>
    <Panel title="Performance"><Rates of={['server', id]} /></Panel>
    <div class="columns">
      <div class="server-column">
        <Facts server={server} />
        {tables && <Tables id={id} tables={tables} />}
      </div>
      <div class="server-column">
        {stats && <Panel title="Use of the machine"><Usage stats={[stats]} usage={usage ? [usage] : []} /></Panel>}
        <Panel title="Newest log entries" actions={<a href={hrefOf('logs', id)}>All of this server</a>}><RecentEntries count={newestEntries} server={status.name} /></Panel>
      </div>
    </div>
    {editing && config && <EditServer config={config} others={servers!.filter(other => other !== server).map(other => other.status.name)} onClose={() => setEditing(false)} />}
  </>;
}

function Facts({ server: { status: { id, network, process }, config } }: { server: Server }) {
  const now = useSeconds();
  const connected = Object.entries(network.connected_to).filter(([, yes]) => yes).map(([name]) => name);
  return <Panel title="About">
    <dl class="server-facts">
      <dt>Version</dt><dd>{process.version}</dd>
      <dt>Up for</dt><dd>{formatDuration(Math.max(now - millisecondsOf(process.time_started), 0) / 1000)} <span class="quiet">since {formatMoment(process.time_started)}</span></dd>
      {config && <><dt>Tags</dt><dd><Tags tags={config.tags} /></dd></>}
      <dt>Host</dt><dd>{network.hostname} <span class="quiet">process {process.pid}</span></dd>
      <dt>Ports</dt><dd>{network.reql_port} <span class="quiet">drivers,</span> {network.cluster_port} <span class="quiet">other servers,</span> {typeof network.http_admin_port === 'number' ? <>{network.http_admin_port} <span class="quiet">this page</span></> : <span class="quiet">no web port</span>}</dd>
      {network.canonical_addresses.length > 0 && <><dt>Addresses</dt><dd class="text">{network.canonical_addresses.map(({ host, port }) => host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`).join('\n')}</dd></>}
      {connected.length > 0 && <><dt>Connected to</dt><dd>{connected.join(', ')}</dd></>}
      <dt>Started with</dt><dd><code class="text">{process.argv.join(' ')}</code></dd>
      <dt>Identifier</dt><dd><code>{id}</code></dd>
    </dl>
  </Panel>;
}

function Tables({ id, tables }: { id: string; tables: readonly TablePlaces[] }) {
  const names = new Map((tableNames.value ?? []).map(table => [table.id, table]));
  const roles = rolesOf(id, tables).map(role => ({ ...role, db: names.get(role.table.id)?.db ?? '' })).sort((a, b) => `${a.db}.${a.table.name}`.localeCompare(`${b.db}.${b.table.name}`, 'en', { numeric: true }) || a.shard - b.shard);
  return <Panel title="Tables on this server">
    {roles.length === 0 ? <p class="note">No table has a replica here.</p>
      : <Table label="Tables on this server" rows={roles} keyOf={({ table, shard }) => `${table.id}/${shard}`} columns={[
        { title: 'Table', heading: true, show: ({ db, table }) => <TableLink db={db} name={table.name} />, sortBy: ({ db, table }) => `${db}.${table.name}` },
        { title: 'Shard', show: ({ shard, shards }) => `${shard} of ${shards}` },
        { title: 'Role', show: ({ role }) => role, sortBy: ({ role }) => role },
      ]} />}
  </Panel>;
}
