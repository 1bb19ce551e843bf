import { Badge } from '../components/badge.tsx';
import { Code } from '../components/code.tsx';
import { Panel } from '../components/panel.tsx';
import { plural } from '../components/format.ts';
import type { Issue } from '../server/rows.ts';
import { adviceOn } from './advice.tsx';

/** What is wrong, and what to do about it. Critical issues come first. */
export function Issues({ issues }: { issues: readonly Issue[] }) {
  const sorted = [...issues].sort((a, b) => Number(b.critical) - Number(a.critical) || a.type.localeCompare(b.type) || a.id.localeCompare(b.id));
  return <Panel title={`${plural(issues.length, 'issue')} to resolve`}>
    <ul class="issues">{sorted.map(issue => <Card key={issue.id} issue={issue} />)}</ul>
  </Panel>;
}

function Card({ issue }: { issue: Issue }) {
  const { title, todo, commands = [] } = adviceOn(issue);
  return <li class={issue.critical ? 'issue critical' : 'issue'}>
    <h3>{title} {issue.critical && <Badge tone="bad">critical</Badge>}</h3>
    <p class="text">{issue.description}</p>
    {todo && <div class="todo"><b>What to do:</b> {todo}</div>}
    {commands.map(({ label, text }) => <Code key={text} label={label} text={text} />)}
  </li>;
}
