import { Failure, isForbidden } from '../components/failure.tsx';
import { Panel } from '../components/panel.tsx';
import { Waiting } from '../components/waiting.tsx';
import { RecentEntries } from '../logs/recent.tsx';
import { Work } from '../jobs/work.tsx';
import { useLive } from '../server/live.ts';
import { issuesFeed, workFeed, type Issue, type Job } from '../server/rows.ts';
import { useServers } from '../servers/load.ts';
import { Usage } from '../servers/usage.tsx';
import { hrefOf } from '../shell/route.ts';
import { Welcome } from '../welcome/welcome.tsx';
import { Facts } from './facts.tsx';
import { Health } from './health.tsx';
import { Issues } from './issues.tsx';
import { Performance } from './performance.tsx';
import { SecurityLine } from './securityline.tsx';
import { RecentSlowQueries } from './slow.tsx';
import './dashboard.css';

const newestEntries = 5;

/** How the cluster is, and what needs somebody. */
export function Dashboard() {
  const cluster = useServers();
  const { rows: issues, error: noIssues } = useLive<Issue>(issuesFeed).value;
  const { rows: work } = useLive<Job>(workFeed).value;
  if (isForbidden(cluster.error) && isForbidden(noIssues)) {
    return <>
      <h1>Dashboard</h1>
      <Failure error={cluster.error} />
      <p class="note">The dashboard is made of the system tables, which your user may not read. What it may do is in the <a href={hrefOf('dataexplorer')}>Data Explorer</a>.</p>
    </>;
  }
  const stats = cluster.servers?.flatMap(({ stats }) => stats ? [stats] : []) ?? [];
  const usage = cluster.servers?.flatMap(({ usage }) => usage ? [usage] : []) ?? [];
  return <>
    <h1 class="hidden">Dashboard</h1>
    <Health cluster={cluster} issues={issues && [...issues.values()]} />
    <Welcome />
    {cluster.error !== undefined && <Failure error={cluster.error} />}
    {noIssues !== undefined && <Failure error={noIssues} />}
    {issues && issues.size > 0 && <Issues issues={[...issues.values()]} />}
    {cluster.servers ? <Facts cluster={cluster} building={[...work?.values() ?? []].filter(job => job.type === 'index_construction').length} /> : cluster.error === undefined && <Waiting />}
    <Performance cluster={cluster} />
    <Work title="Indexes and other work in the background" rows={[...work?.values() ?? []]} />
    <div class="columns">
      <div class="dashboard-column">
        {stats.length > 0 && <Panel title={stats.length === 1 ? 'Use of the machine' : `Use of the ${stats.length} machines`}><Usage stats={stats} usage={usage} /></Panel>}
        <SecurityLine />
      </div>
      <div class="dashboard-column">
        <RecentSlowQueries />
        <Panel title="Newest log entries" actions={<a href={hrefOf('logs')}>All entries</a>}><RecentEntries count={newestEntries} /></Panel>
      </div>
    </div>
  </>;
}
