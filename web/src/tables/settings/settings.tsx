import type { ComponentChildren } from 'preact';

import { Panel } from '../../components/panel.tsx';
import { isForbidden } from '../load.ts';
import type { SectionProps } from '../view/view.tsx';
import { Access } from './access.tsx';
import { Expiry } from './expiry.tsx';
import { ChangeHistory } from './history.tsx';
import { WriteHook } from './hook.tsx';
import { Operations } from './operations.tsx';
import { WriteSettings } from './writes.tsx';

/** What can be set for a table. Each panel has its own button, so that nothing changes by the way. */
export function Settings({ table, onChange }: SectionProps) {
  const { config, problem } = table;
  return <>
    {config === undefined
      ? <Panel title="Settings">
        <p class="note">{isForbidden(problem) ? <>To see and to change the settings of this table, your user needs the permission <code>config</code>.</> : 'The settings cannot be read at the moment.'}</p>
      </Panel>
      : <>
        <WriteSettings table={table} config={config} onChange={onChange} />
        <Expiry table={table} config={config} onChange={onChange} />
        <WriteHook table={table} config={config} onChange={onChange} />
        <ChangeHistory table={table} config={config} onChange={onChange} />
      </>}
    <Access table={table} />
    <Operations table={table} onChange={onChange} />
  </>;
}

/** A line of what is set, and the button that changes it. */
export function Setting({ name, value, action }: { name: string; value: ComponentChildren; action: ComponentChildren }) {
  return <div class="setting">
    <div><dt>{name}</dt><dd>{value}</dd></div>
    {action}
  </div>;
}
