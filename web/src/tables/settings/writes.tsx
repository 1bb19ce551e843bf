import { useState } from 'preact/hooks';

import { SelectField } from '../../components/field.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Panel } from '../../components/panel.tsx';
import { notify } from '../../components/toast.tsx';
import { acknowledgements, configure, durabilities, type SettingsProps } from './configure.ts';

const nameOf = <T extends string>(options: readonly (readonly [T, string])[], value: T): string => options.find(([name]) => name === value)?.[1] ?? value;

/** When a write counts as done. */
export function WriteSettings(props: SettingsProps) {
  const [asked, setAsked] = useState(false);
  const { durability, write_acks } = props.config;
  return <Panel title="Writes" actions={<button type="button" onClick={() => setAsked(true)}>Change…</button>}>
    <dl class="tables-settings">
      <div><dt>Acknowledged</dt><dd>{nameOf(durabilities, durability)}</dd></div>
      <div><dt>Acknowledgements needed</dt><dd>{nameOf(acknowledgements, write_acks)}</dd></div>
    </dl>
    {asked && <Change {...props} onClose={() => setAsked(false)} />}
  </Panel>;
}

function Change({ table, config, onClose }: SettingsProps & { onClose: () => void }) {
  const [durability, setDurability] = useState(config.durability);
  const [acks, setAcks] = useState(config.write_acks);
  const save = async () => {
    await configure(table, { durability, write_acks: acks });
    notify('The settings of writes were changed.');
  };
  return <Dialog title={`Writes to ${table.db}.${table.name}`} action="Save" ready={durability !== config.durability || acks !== config.write_acks} onAction={save} onClose={onClose}>
    <SelectField label="Acknowledge writes" value={durability} options={durabilities} onInput={setDurability} />
    <SelectField label="Acknowledgements needed" value={acks} options={acknowledgements} onInput={setAcks} />
    <p class="note">A query can ask for another durability than its table has.</p>
  </Dialog>;
}
