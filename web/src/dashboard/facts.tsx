import type { ComponentChildren } from 'preact';

import { formatNumber, formatRate } from '../components/format.ts';
import { tables as tableStates } from '../server/cluster.ts';
import type { Servers } from '../servers/load.ts';
import { missingServers } from '../servers/roles.ts';
import { hrefOf } from '../shell/route.ts';

/** The cluster in numbers. What the user may not know is left out. */
export function Facts({ cluster: { servers = [], tables }, building }: { cluster: Servers; building: number }) {
  const missing = tables ? missingServers(tables, new Set(servers.map(({ status }) => status.id))).length : 0;
  const states = tableStates.value;
  const ready = states?.filter(table => table.status.all_replicas_ready).length ?? 0;
  const stats = servers.flatMap(({ stats }) => stats ? [stats.query_engine] : []);
  const sum = (of: (row: typeof stats[number]) => number) => stats.reduce((total, row) => total + of(row), 0);
  return <ul class="facts" aria-label="The cluster in numbers">
    <Fact href={hrefOf('servers')} name="Servers" value={formatNumber(servers.length)} note={missing > 0 ? `connected, ${formatNumber(missing)} missing` : 'connected'} attention={missing > 0} />
    {states && <Fact href={hrefOf('tables')} name="Tables" value={ready === states.length ? formatNumber(ready) : `${formatNumber(ready)} of ${formatNumber(states.length)}`} note="ready" attention={ready < states.length} />}
    {tables && <Fact href={hrefOf('tables')} name="Secondary indexes" value={formatNumber(tables.reduce((total, { indexes }) => total + indexes.length, 0))} note={building > 0 ? `${formatNumber(building)} building` : 'built'} />}
    {stats.length > 0 && <>
      <Fact href={hrefOf('jobs')} name="Clients" value={formatNumber(sum(row => row.client_connections))} note={`connected, ${formatNumber(sum(row => row.clients_active))} waiting`} />
      <Fact href={hrefOf('jobs')} name="Queries" value={formatRate(sum(row => row.queries_per_sec))} note="per second" />
    </>}
  </ul>;
}

function Fact({ href, name, value, note, attention = false }: { href: string; name: string; value: string; note: ComponentChildren; attention?: boolean }) {
  return <li><a class={attention ? 'fact attention' : 'fact'} href={href}><span class="fact-name">{name}</span><span><b>{value}</b> {note}</span></a></li>;
}
