import { useState } from 'preact/hooks';

import { Badge } from '../components/badge.tsx';
import { Code } from '../components/code.tsx';
import { Empty } from '../components/empty.tsx';
import { Panel } from '../components/panel.tsx';
import { Fix, fixOf } from './fix.tsx';
import type { Finding, SecurityState, Severity } from './load.ts';

const tones: Readonly<Record<Severity, 'bad' | 'warn' | 'info'>> = { critical: 'bad', serious: 'bad', warning: 'warn', note: 'info' };

/** What could be closed, each with the button or the commands that close it. */
export function Findings({ state }: { state: SecurityState }) {
  const [fixing, setFixing] = useState('');
  const { findings } = state;
  const chosen = findings.find(finding => finding.id === fixing);
  return <Panel title="What to close">
    {findings.length === 0
      ? <Empty icon="security" title="There is nothing to close">The server looks again all the time: whatever opens it shows here.</Empty>
      : <ol class="to-close">{findings.map(finding => <Item key={finding.id} finding={finding} onFix={() => setFixing(finding.id)} />)}</ol>}
    {chosen && <Fix finding={chosen} state={state} onClose={() => setFixing('')} />}
  </Panel>;
}

function Item({ finding, onFix }: { finding: Finding; onFix: () => void }) {
  const fix = fixOf(finding);
  const { severity, description, remedy, commands, restart } = finding;
  return <li class={`finding ${tones[severity]}`}>
    <div class="finding-head">
      <Badge tone={tones[severity]}>{severity}</Badge>
      <p class="finding-text">{description}</p>
      {fix && <button type="button" class={finding.level >= 1 ? 'primary' : ''} onClick={onFix}>{fix.label}</button>}
    </div>
    {fix
      ? <details><summary>Or by a command</summary><div class="stack"><p class="quiet">{remedy}</p><Commands commands={commands} /></div></details>
      : <><p class="quiet">{remedy}{restart && ' It takes a restart of the server.'}</p><Commands commands={commands} /></>}
  </li>;
}

const isQuery = (command: string): boolean => command.startsWith('r.');

function Commands({ commands }: { commands: readonly string[] }) {
  return <>{commands.map(command => <Code key={command} text={command} label={isQuery(command) ? 'Command for the Data Explorer or a driver' : 'Command for a shell on the machine of the server'} />)}</>;
}
