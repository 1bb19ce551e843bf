import { formatDuration, plural } from '../components/format.ts';
import { useSeconds } from '../components/clock.ts';
import { Icon } from '../components/icon.tsx';
import { millisecondsOf } from '../components/moment.tsx';
import { tables as tableStates } from '../server/cluster.ts';
import { reachable } from '../server/request.ts';
import type { Issue } from '../server/rows.ts';
import type { Servers } from '../servers/load.ts';
import { missingServers } from '../servers/roles.ts';

type Tone = 'good' | 'warn' | 'bad';

/** How the cluster is, in a sentence. */
export function Health({ cluster, issues }: { cluster: Servers; issues: readonly Issue[] | undefined }) {
  const now = useSeconds();
  if (!cluster.servers || !issues) {
    return null;
  }
  const { tone, title } = judge(cluster, issues);
  const started = Math.min(...cluster.servers.map(({ status }) => millisecondsOf(status.process.time_started)));
  const versions = [...new Set(cluster.servers.map(({ status }) => status.process.version))];
  return <section class={`health ${tone}`} aria-label="Health of the cluster">
    <Icon name={tone === 'good' ? 'good' : 'warning'} />
    <div>
      <p class="health-title" role="status">{title}</p>
      <p class="quiet">{plural(cluster.servers.length, 'server')}, up for {formatDuration(Math.max(now - started, 0) / 1000)}, {versions.length === 1 ? versions[0] : `${versions.length} different versions`}</p>
    </div>
  </section>;
}

/** What matters most comes first. */
function judge({ servers = [], tables = [] }: Servers, issues: readonly Issue[]): { readonly tone: Tone; readonly title: string } {
  const critical = issues.filter(issue => issue.critical).length;
  const missing = missingServers(tables, new Set(servers.map(({ status }) => status.id))).length;
  const unready = (tableStates.value ?? []).filter(table => !table.status.all_replicas_ready).length;
  if (!reachable.value) {
    return { tone: 'bad', title: 'The server cannot be reached. This is how it was.' };
  }
  if (critical > 0) {
    return { tone: 'bad', title: `${critical === 1 ? 'A critical issue needs' : `${plural(critical, 'critical issue')} need`} you now.` };
  }
  if (missing > 0) {
    return { tone: 'bad', title: `${missing === 1 ? 'A server is' : `${plural(missing, 'server')} are`} missing.` };
  }
  if (unready > 0) {
    return { tone: 'warn', title: `${unready === 1 ? 'A table is' : `${plural(unready, 'table')} are`} not ready.` };
  }
  if (issues.length > 0) {
    return { tone: 'warn', title: `Everything works, but ${issues.length === 1 ? 'an issue needs' : `${plural(issues.length, 'issue')} need`} attention.` };
  }
  return { tone: 'good', title: 'Everything works.' };
}
