import { useState } from 'preact/hooks';

import { Dialog } from '../../components/dialog.tsx';
import { TextArea } from '../../components/field.tsx';
import { Panel } from '../../components/panel.tsx';
import { notify } from '../../components/toast.tsx';
import { run } from '../../server/query.ts';
import { functionProblem, parseFunction } from '../indexes/definition.ts';
import { named } from '../view/table.ts';
import type { SettingsProps } from './configure.ts';

const template = `(context, oldRow, newRow) =>
  r.branch(newRow.eq(null), null, newRow.merge({changed: context("timestamp")}))`;

/** The function that each write goes through. */
export function WriteHook({ table, config }: SettingsProps) {
  const [asked, setAsked] = useState<'set' | 'remove' | undefined>();
  const close = () => setAsked(undefined);
  const hook = config.write_hook;
  return <Panel title="Write hook" actions={<div class="buttons">
    <button type="button" onClick={() => setAsked('set')}>{hook ? 'Replace…' : 'Set…'}</button>
    {hook && <button type="button" class="link" onClick={() => setAsked('remove')}>Remove</button>}
  </div>}>
    {hook ? <pre class="code" tabIndex={0} aria-label="The write hook">{functionOf(hook.query)}</pre> : <p>Writes go through as they come.</p>}
    {asked === 'set' && <SetHook table={table} onClose={close} />}
    {asked === 'remove' && <RemoveHook table={table} onClose={close} />}
  </Panel>;
}

/** The function in the text of the command that sets it. */
const functionOf = (query: string): string => /^setWriteHook\((.*)\)$/s.exec(query)?.[1] ?? query;

type DialogProps = Omit<SettingsProps, 'config'> & { onClose: () => void };

function SetHook({ table, onClose }: DialogProps) {
  const [text, setText] = useState(template);
  const problem = functionProblem(text);
  const set = async () => {
    await run('r.db(db).table(name).setWriteHook(hook)', { ...named(table), hook: parseFunction(text) });
    notify('The write hook was set.');
  };
  return <Dialog wide title={`Write hook of ${table.db}.${table.name}`} action="Set write hook" ready={problem === ''} onAction={set} onClose={onClose}>
    <p>What the function gives is written in place of the new row. Of a deletion, the new row is null and has to stay so.</p>
    <TextArea label="Function, in JavaScript as for the driver" rows={7} value={text} problem={problem} onInput={setText} />
  </Dialog>;
}

function RemoveHook({ table, onClose }: DialogProps) {
  const remove = async () => {
    await run('r.db(db).table(name).setWriteHook(null)', named(table));
    notify('The write hook was removed.');
  };
  return <Dialog title={`Remove the write hook of ${table.db}.${table.name}`} action="Remove" danger onAction={remove} onClose={onClose}>
    <p>Writes from then on go through as they come.</p>
  </Dialog>;
}
