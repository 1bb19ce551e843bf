import { useState } from 'preact/hooks';

import { Confirm } from '../../components/confirm.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { TextField } from '../../components/field.tsx';
import { plural } from '../../components/format.ts';
import { nameProblem } from '../../components/names.ts';
import { notify } from '../../components/toast.tsx';
import { run } from '../../server/query.ts';
import { write } from '../../server/write.ts';
import type { Database } from '../load.ts';

/** The database of the system tables takes its name. */
const reserved = 'rethinkdb';

export function AddDatabase({ taken, onClose }: { taken: readonly string[]; onClose: () => void }) {
  const [name, setName] = useState('');
  const problem = nameProblem(name, [...taken, reserved]);
  const create = async () => {
    await run('r.dbCreate(name)', { name });
    notify(`The database ${name} was successfully created.`);
  };
  return <Dialog title="Add database" action="Add database" ready={name !== '' && problem === ''} onAction={create} onClose={onClose}>
    <TextField label="Name" value={name} problem={problem} onInput={setName} />
  </Dialog>;
}

export function RenameDatabase({ db, taken, onClose }: { db: Database; taken: readonly string[]; onClose: () => void }) {
  const [name, setName] = useState(db.name);
  const problem = nameProblem(name, [...taken.filter(other => other !== db.name), reserved]);
  const rename = async () => {
    await write('r.db(old).config().update({name: name})', { old: db.name, name });
    notify(`The database ${db.name} is now called ${name}.`);
  };
  return <Dialog title={`Rename database ${db.name}`} action="Rename" ready={name !== '' && name !== db.name && problem === ''} onAction={rename} onClose={onClose}>
    <TextField label="New name" value={name} problem={problem} onInput={setName} hint="Programs that use the old name stop working until they use the new one." />
  </Dialog>;
}

export function DropDatabase({ db, onClose }: { db: Database; onClose: () => void }) {
  const drop = async () => {
    await run('r.dbDrop(name)', { name: db.name });
    notify(`The database ${db.name} was successfully deleted.`);
  };
  return <Confirm title={`Delete database ${db.name}`} action="Delete database" phrase={db.name} onAction={drop} onClose={onClose}>
    <p>This deletes the database and its {plural(db.tables.length, 'table')}, with all of their documents, for good.</p>
  </Confirm>;
}
