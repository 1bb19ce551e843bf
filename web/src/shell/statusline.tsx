import { formatNumber, plural } from '../components/format.ts';
import { issues, servers, tables } from '../server/cluster.ts';
import { reachable } from '../server/request.ts';
import { hrefOf } from './route.ts';

/** One line on the cluster, on every screen. Users who may not read the system tables see only where they are. */
export function StatusLine({ server }: { server: string }) {
  const known = { issues: issues.value, servers: servers.value, tables: tables.value };
  const ready = known.tables?.filter(table => table.status.all_replicas_ready).length ?? 0;
  return <ul class="status-line" aria-label="Cluster">
    <li><span class={`light ${reachable.value ? '' : 'bad'}`} aria-hidden="true" />{reachable.value ? 'Connected to' : 'Disconnected from'} <b>{server}</b></li>
    {known.issues && <li><span role="status">{known.issues.length === 0 ? 'No issues' : <a class="issues-link" href={hrefOf('dashboard')}>{plural(known.issues.length, 'issue')}</a>}</span></li>}
    {known.servers && <li><a href={hrefOf('servers')}>{plural(known.servers.length, 'server')} connected</a></li>}
    {known.tables && <li><a href={hrefOf('tables')}>{formatNumber(ready)}/{formatNumber(known.tables.length)} tables ready</a></li>}
  </ul>;
}
