import { useState } from 'preact/hooks';

import { Dialog } from '../../components/dialog.tsx';
import { textOfError } from '../../components/failure.tsx';
import { SelectField, TextField } from '../../components/field.tsx';
import { nameProblem } from '../../components/names.ts';
import { NumberField } from '../../components/numberfield.tsx';
import { notify } from '../../components/toast.tsx';
import { run } from '../../server/query.ts';
import type { Database } from '../load.ts';
import { maxShards } from '../placement/placement.ts';
import { acknowledgements, configure, durabilities } from '../settings/configure.ts';

/** All that can be said of a table when it is made. What most people leave alone is folded away. */
export function AddTable({ db, onClose }: { db: Database; onClose: () => void }) {
  const [name, setName] = useState('');
  const [key, setKey] = useState('id');
  const [durability, setDurability] = useState<'hard' | 'soft'>('hard');
  const [acks, setAcks] = useState<'majority' | 'single'>('majority');
  const [shards, setShards] = useState(1);
  const [replicas, setReplicas] = useState(1);
  const [expires, setExpires] = useState('');
  const problem = nameProblem(name, db.tables.map(table => table.name));
  const ready = name !== '' && key !== '' && problem === '' && shards >= 1 && replicas >= 1;
  const create = async () => {
    await run('r.db(db).tableCreate(name, {primaryKey: key, durability: durability, shards: shards, replicas: replicas})', { db: db.name, name, key, durability, shards, replicas });
    const rest = { ...(acks === 'majority' ? {} : { write_acks: acks }), ...(expires === '' ? {} : { ttl: { field: expires } }) };
    try {
      await configure({ db: db.name, name }, rest);
      notify(`The table ${db.name}.${name} was successfully created.`);
    } catch (error) {
      notify(`The table ${db.name}.${name} was created, but not all of its settings could be made: ${textOfError(error)}`, 'bad');
    }
  };
  return <Dialog title={`Add table to ${db.name}`} action="Add table" ready={ready} onAction={create} onClose={onClose}>
    <TextField label="Name" value={name} problem={problem} onInput={setName} />
    <details class="tables-more">
      <summary>More options</summary>
      <TextField label="Primary key" value={key} problem={key === '' ? 'A table needs one.' : ''} onInput={setKey} />
      <SelectField label="Acknowledge writes" value={durability} options={durabilities} onInput={setDurability} />
      <SelectField label="Acknowledgements needed" value={acks} options={acknowledgements} onInput={setAcks} />
      <div class="tables-columns">
        <NumberField label="Shards" value={shards} min={1} max={maxShards} onInput={setShards} />
        <NumberField label="Replicas per shard" value={replicas} min={1} onInput={setReplicas} />
      </div>
      <TextField label="Documents expire at the time in the field" value={expires} onInput={setExpires} hint="Leave it empty to keep documents until somebody deletes them." />
    </details>
  </Dialog>;
}
