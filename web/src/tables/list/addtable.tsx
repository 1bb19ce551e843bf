import { useState } from 'preact/hooks';

import { Choice, NumberField } from '../../components/choice.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { textOfError } from '../../components/failure.tsx';
import { NameField, nameProblem } from '../../components/namefield.tsx';
import { data } from '../../reql/data.ts';
import { run } from '../../server/query.ts';
import { write } from '../../server/write.ts';
import type { Database } from '../load.ts';
import { maxShards } from '../placement/placement.ts';

interface Props {
  readonly db: Database;
  readonly onDone: (notice: string) => void;
  readonly onClose: () => void;
}

/** All that can be said of a table when it is made. What most people leave alone is folded away. */
export function AddTable({ db, onDone, onClose }: Props) {
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
    const table = { db: db.name, name };
    await run('r.db(db).tableCreate(name, {primaryKey: key, durability: durability, shards: shards, replicas: replicas})', { ...table, key, durability, shards, replicas });
    const rest = { ...(acks === 'majority' ? {} : { write_acks: acks }), ...(expires === '' ? {} : { ttl: { field: expires } }) };
    if (Object.keys(rest).length > 0) {
      try {
        await write('r.db(db).table(name).config().update(rest)', { ...table, rest: data(rest) });
      } catch (error) {
        onDone(`The table ${db.name}.${name} was created, but not all of its settings could be made: ${textOfError(error)}`);
        return;
      }
    }
    onDone(`The table ${db.name}.${name} was successfully created.`);
  };
  return <Dialog title={`Add table to ${db.name}`} action="Add table" ready={ready} onAction={create} onClose={onClose}>
    <NameField label="Name" value={name} problem={problem} onInput={setName} />
    <NameField label="Primary key" value={key} problem={key === '' ? 'A table needs one.' : ''} onInput={setKey} />
    <details class="more">
      <summary>More options</summary>
      <Choice label="Acknowledge writes" value={durability} onChange={setDurability}
        options={[['hard', 'when written to disk (durability hard)'], ['soft', 'when in memory (durability soft: faster, may be lost in a crash)']]} />
      <Choice label="Write acknowledgements" value={acks} onChange={setAcks} options={[['majority', 'of the majority of replicas'], ['single', 'of a single replica']]} />
      <div class="columns">
        <NumberField label="Shards" value={shards} min={1} max={maxShards} onInput={setShards} />
        <NumberField label="Replicas per shard" value={replicas} min={1} onInput={setReplicas} />
      </div>
      <NameField label="Documents expire at the time in the field" value={expires} onInput={setExpires} />
      <p class="note">Leave it empty to keep documents until somebody deletes them.</p>
    </details>
  </Dialog>;
}
