import { useState } from 'preact/hooks';

import { Badge } from '../components/badge.tsx';
import { Icon, type IconName } from '../components/icon.tsx';
import { servers } from '../server/cluster.ts';
import { serverName } from '../server/session.ts';
import { SetPassword } from '../users/password.tsx';
import { adminName } from '../users/rights.ts';
import type { SecurityState, Severity } from './load.ts';
import { verdictOf, type Tone } from './verdict.ts';

const icons: Readonly<Record<Tone, IconName>> = { good: 'security', info: 'security', warn: 'warning', bad: 'warning' };
const counted: readonly (readonly [Severity, string, string, 'bad' | 'warn' | 'info'])[] = [
  ['critical', 'critical', 'critical', 'bad'], ['serious', 'serious', 'serious', 'bad'], ['warning', 'warning', 'warnings', 'warn'], ['note', 'note', 'notes', 'info'],
];

/** The first thing to read. */
export function VerdictBanner({ state }: { state: SecurityState }) {
  const [asked, setAsked] = useState(false);
  const { tone, title, text } = verdictOf(state);
  const counts = counted.map(([severity, one, several, look]) => ({ look, n: state.findings.filter(finding => finding.severity === severity).length, one, several })).filter(({ n }) => n > 0);
  return <section class={`verdict ${tone}`} aria-label="Verdict">
    <Icon name={icons[tone]} />
    <div class="verdict-text">
      <p class="verdict-title">{title}</p>
      <p>{text}{servers.value !== undefined && servers.value.length > 1 && ` This is about the server ${serverName.value}; the others say it of themselves on their own pages.`}</p>
      <p class="row">{counts.length === 0 ? <Badge tone="good">nothing to close</Badge>
        : counts.map(({ look, n, one, several }) => <Badge key={one} tone={look}>{n} {n === 1 ? one : several}</Badge>)}</p>
    </div>
    {!state.server.password && <button type="button" class="primary" onClick={() => setAsked(true)}><Icon name="key" />Set a password</button>}
    {asked && <SetPassword name={adminName} onClose={() => setAsked(false)} />}
  </section>;
}
