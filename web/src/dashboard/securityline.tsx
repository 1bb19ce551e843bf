import { Badge } from '../components/badge.tsx';
import { Failure } from '../components/failure.tsx';
import { plural } from '../components/format.ts';
import { Panel } from '../components/panel.tsx';
import { usePoll } from '../components/poll.ts';
import { Waiting } from '../components/waiting.tsx';
import { run } from '../server/query.ts';
import { hrefOf } from '../shell/route.ts';

interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly level: number;
  readonly description: string;
}

/** Findings change when somebody changes the server; looking for them reads files. */
const pollTime = 30_000; // milliseconds
const seriousLevel = 2, warningLevel = 1;
const shownAtMost = 3;

const load = () => run<readonly Finding[]>('r.db("rethinkdb").table("security_status").filter({type: "finding"}).pluck("id", "severity", "level", "description").orderBy(r.desc("level"))');

/** What could be closed better, in short. */
export function SecurityLine() {
  const { value, error } = usePoll(load, pollTime);
  const findings = value?.filter(({ level }) => level >= warningLevel) ?? [];
  const serious = findings.filter(({ level }) => level >= seriousLevel).length;
  return <Panel title="Security" actions={<a href={hrefOf('security')}>Who may come in</a>}>
    {value === undefined ? (error === undefined ? <Waiting /> : <Failure error={error} />)
      : findings.length === 0 ? <p><Badge tone="good">Good</Badge> Nothing stands open that could be closed.</p>
      : <>
        <p>{serious > 0 ? <Badge tone="bad">{plural(serious, 'serious finding')}</Badge> : <Badge tone="warn">{plural(findings.length, 'warning')}</Badge>}</p>
        <ul class="findings">{findings.slice(0, shownAtMost).map(({ id, description }) => <li key={id}>{description}</li>)}</ul>
        {findings.length > shownAtMost && <p class="note">And {findings.length - shownAtMost} more.</p>}
      </>}
  </Panel>;
}
