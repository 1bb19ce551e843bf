import { useState } from 'preact/hooks';

import { SelectField } from '../../components/field.tsx';
import { NumberField } from '../../components/numberfield.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { formatDuration } from '../../components/format.ts';
import { TextField } from '../../components/field.tsx';
import { Panel } from '../../components/panel.tsx';
import type { TableConfig } from '../view/table.ts';
import { notify } from '../../components/toast.tsx';
import { configure, type SettingsProps } from './configure.ts';

/** How long documents live. */
export function Expiry(props: SettingsProps) {
  const [asked, setAsked] = useState(false);
  return <Panel title="Time to live" actions={<button type="button" onClick={() => setAsked(true)}>Change…</button>}>
    <p><Rule ttl={props.config.ttl} /></p>
    {asked && <Change {...props} onClose={() => setAsked(false)} />}
  </Panel>;
}

function Rule({ ttl }: { ttl: TableConfig['ttl'] }) {
  if (!ttl) {
    return <>Documents stay until somebody deletes them.</>;
  }
  return 'field' in ttl
    ? <>Documents go at the time in their field <code>{ttl.field}</code>.</>
    : <>Documents go {formatDuration(ttl.seconds)} after the time in the index <code>{ttl.index}</code>.</>;
}

type Kind = 'none' | 'field' | 'index';
const kinds: readonly (readonly [Kind, string])[] = [['none', 'never'], ['field', 'at the time in a field'], ['index', 'some time after the time in an index']];

function Change({ table, config: { ttl }, onClose }: SettingsProps & { onClose: () => void }) {
  const indexes = table.info?.indexes ?? [];
  const [kind, setKind] = useState<Kind>(!ttl ? 'none' : 'field' in ttl ? 'field' : 'index');
  const [field, setField] = useState(ttl && 'field' in ttl ? ttl.field : '');
  const [index, setIndex] = useState(ttl && 'index' in ttl ? ttl.index : indexes[0] ?? '');
  const [seconds, setSeconds] = useState(ttl && 'seconds' in ttl ? ttl.seconds : 86_400);
  const ready = kind === 'none' || (kind === 'field' ? field !== '' : index !== '' && seconds >= 0);
  const save = async () => {
    await configure(table, { ttl: kind === 'none' ? null : kind === 'field' ? { field } : { index, seconds } });
    notify(kind === 'none' ? 'Documents do not expire any more.' : 'The time to live was set.');
  };
  return <Dialog title={`Time to live in ${table.db}.${table.name}`} action="Save" danger={kind !== 'none'} ready={ready} onAction={save} onClose={onClose}>
    <SelectField label="Documents expire" value={kind} options={kinds} onInput={setKind} />
    {kind === 'field' && <TextField label="Field" value={field} onInput={setField} />}
    {kind === 'index' && (indexes.length === 0 ? <p class="problem">The table has no secondary index. Create one of the time first.</p> : <>
      <SelectField label="Index" value={index} options={indexes.map(name => [name, name] as const)} onInput={setIndex} />
      <NumberField label="Time to live in seconds" value={seconds} min={0} onInput={setSeconds} />
    </>)}
    {kind === 'none' ? <p class="note">Documents stay until somebody deletes them.</p>
      : <p class="note">Documents whose time is over already go at once, for good. Those without a time in it stay.{kind === 'field' && ' The table gets an index of the field, unless it has one.'}</p>}
  </Dialog>;
}
