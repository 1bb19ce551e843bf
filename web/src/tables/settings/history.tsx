import { useState } from 'preact/hooks';

import { SelectField } from '../../components/field.tsx';
import { NumberField } from '../../components/numberfield.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { formatDuration, formatNumber } from '../../components/format.ts';
import { Panel } from '../../components/panel.tsx';
import type { Datum } from '../../server/connection.ts';
import { notify } from '../../components/toast.tsx';
import { configure, type SettingsProps } from './configure.ts';

/** How far back changefeeds with resume tokens can take up again. */
export function ChangeHistory(props: SettingsProps) {
  const [asked, setAsked] = useState(false);
  const limits = props.config.changefeed_history;
  return <Panel title="Change history" actions={<button type="button" onClick={() => setAsked(true)}>Change…</button>}>
    <p>{limits === undefined ? 'Changefeeds with tokens can be resumed within the limits of the server.'
      : limits === false ? 'Changefeeds of this table cannot be resumed.'
      : `Changefeeds with tokens can be resumed for ${formatDuration(limits.age_seconds)}, and over ${formatNumber(limits.size_mb)} MB of changes.`}</p>
    {asked && <Change {...props} onClose={() => setAsked(false)} />}
  </Panel>;
}

type Kind = 'server' | 'own' | 'none';
const kinds: readonly (readonly [Kind, string])[] = [['server', 'within the limits of the server'], ['own', 'within limits of this table'], ['none', 'not at all']];
const megabytes = 64, seconds = 86_400; // the server's own, to begin with

function Change({ table, config: { changefeed_history: limits }, onClose }: SettingsProps & { onClose: () => void }) {
  const [kind, setKind] = useState<Kind>(limits === undefined ? 'server' : limits === false ? 'none' : 'own');
  const [size, setSize] = useState(limits ? limits.size_mb : megabytes);
  const [age, setAge] = useState(limits ? limits.age_seconds : seconds);
  const save = async () => {
    const value: Readonly<Record<Kind, Datum>> = { server: null, none: false, own: { size_mb: size, age_seconds: age } };
    await configure(table, { changefeed_history: value[kind] });
    notify('The change history was set.');
  };
  return <Dialog title={`Change history of ${table.db}.${table.name}`} action="Save" ready={kind !== 'own' || (size > 0 && age > 0)} onAction={save} onClose={onClose}>
    <SelectField label="Changefeeds can be resumed" value={kind} options={kinds} onInput={setKind} />
    {kind === 'own' && <div class="tables-columns">
      <NumberField label="Size in MB" value={size} min={1} onInput={setSize} />
      <NumberField label="Age in seconds" value={age} min={1} onInput={setAge} />
    </div>}
    <p class="note">The history is kept for feeds that ask for tokens, in which old versions of documents are readable.</p>
  </Dialog>;
}
