import { useState } from 'preact/hooks';

import { NameField, nameProblem } from '../../components/namefield.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { plural } from '../../components/format.ts';
import { run } from '../../server/query.ts';
import { write } from '../../server/write.ts';
import type { Database } from '../load.ts';

interface Props {
  readonly onDone: (notice: string) => void;
  readonly onClose: () => void;
}

/** The database of the system tables takes its name. */
const reserved = 'rethinkdb';

export function AddDatabase({ taken, onDone, onClose }: Props & { taken: readonly string[] }) {
  const [name, setName] = useState('');
  const problem = nameProblem(name, [...taken, reserved]);
  const create = async () => {
    await run('r.dbCreate(name)', { name });
    onDone(`The database ${name} was successfully created.`);
  };
  return <Dialog title="Add database" action="Add database" ready={name !== '' && problem === ''} onAction={create} onClose={onClose}>
    <NameField label="Name" value={name} problem={problem} onInput={setName} />
  </Dialog>;
}

export function RenameDatabase({ db, taken, onDone, onClose }: Props & { db: Database; taken: readonly string[] }) {
  const [name, setName] = useState(db.name);
  const problem = nameProblem(name, [...taken.filter(other => other !== db.name), reserved]);
  const rename = async () => {
    await write('r.db(old).config().update({name: name})', { old: db.name, name });
    onDone(`The database ${db.name} is now called ${name}.`);
  };
  return <Dialog title={`Rename database ${db.name}`} action="Rename" ready={name !== '' && name !== db.name && problem === ''} onAction={rename} onClose={onClose}>
    <NameField label="New name" value={name} problem={problem} onInput={setName} />
    <p class="note">Programs that use the old name stop working until they use the new one.</p>
  </Dialog>;
}

export function DropDatabase({ db, onDone, onClose }: Props & { db: Database }) {
  const [typed, setTyped] = useState('');
  const drop = async () => {
    await run('r.dbDrop(name)', { name: db.name });
    onDone(`The database ${db.name} was successfully deleted.`);
  };
  return <Dialog title={`Delete database ${db.name}`} action="Delete database" danger ready={typed === db.name} onAction={drop} onClose={onClose}>
    <p>This deletes the database and its {plural(db.tables.length, 'table')} for good. To go on, type its name: <code>{db.name}</code></p>
    <NameField label="Name of the database" value={typed} onInput={setTyped} />
  </Dialog>;
}
