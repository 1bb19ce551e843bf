import { BackupHint } from '../../components/backuphint.tsx';
import { isForbidden } from '../../components/failure.tsx';
import { Panel } from '../../components/panel.tsx';
import type { SectionProps } from '../view/view.tsx';
import { Access } from './access.tsx';
import { Expiry } from './expiry.tsx';
import { ChangeHistory } from './history.tsx';
import { WriteHook } from './hook.tsx';
import { Operations } from './operations.tsx';
import { WriteSettings } from './writes.tsx';

/** What can be set for a table. Each panel has its own button, so that nothing changes by the way. */
export function Settings({ table }: SectionProps) {
  const { config, configProblem: problem } = table;
  return <>
    {config === undefined
      ? <Panel title="Settings">
        <p class="note">{isForbidden(problem) ? <>To see and to change the settings of this table, your user needs the permission <code>config</code>.</> : 'The settings cannot be read at the moment.'}</p>
      </Panel>
      : <>
        <WriteSettings table={table} config={config} />
        <Expiry table={table} config={config} />
        <WriteHook table={table} config={config} />
        <ChangeHistory table={table} config={config} />
      </>}
    <Access table={table} />
    <Panel title="Backups"><div><BackupHint table={`${table.db}.${table.name}`} /></div></Panel>
    <Operations table={table} />
  </>;
}

