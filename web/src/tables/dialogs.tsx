import { useId, useState } from 'preact/hooks';

import { Dialog } from '../components/dialog.tsx';
import { plural } from '../components/format.ts';
import { run } from '../server/query.ts';
import type { Database, TableRow } from './load.ts';

interface Props {
  readonly onDone: (notice: string) => void;
  readonly onClose: () => void;
}

/** The server's rule for names, so that a mistake shows before it is sent. */
function nameProblem(name: string, taken: readonly string[]): string {
  if (name !== '' && !/^[A-Za-z0-9_-]+$/.test(name)) {
    return 'Use A-Z, a-z, 0-9, _ and - only.';
  }
  return taken.includes(name) ? 'There is one of this name already.' : '';
}

function NameField({ label, value, problem, onInput }: { label: string; value: string; problem: string; onInput: (value: string) => void }) {
  const id = useId();
  return <p class="form-row">
    <label for={id}>{label}</label>
    <input id={id} value={value} autocomplete="off" spellcheck={false} aria-invalid={problem !== ''} aria-describedby={`${id}-problem`} onInput={event => onInput(event.currentTarget.value)} />
    <span id={`${id}-problem`} class="problem" role="status">{problem}</span>
  </p>;
}

export function AddDatabase({ taken, onDone, onClose }: Props & { taken: readonly string[] }) {
  const [name, setName] = useState('');
  const problem = nameProblem(name, taken);
  const create = async () => {
    await run('r.dbCreate(name)', { name });
    onDone(`The database ${name} was successfully created.`);
  };
  return <Dialog title="Add database" action="Add" ready={name !== '' && problem === ''} onAction={create} onClose={onClose}>
    <NameField label="Name" value={name} problem={problem} onInput={setName} />
  </Dialog>;
}

export function AddTable({ db, onDone, onClose }: Props & { db: Database }) {
  const [name, setName] = useState('');
  const [key, setKey] = useState('id');
  const [hard, setHard] = useState(true);
  const problem = nameProblem(name, db.tables.map(table => table.name));
  const create = async () => {
    await run('r.db(db).tableCreate(name, {primaryKey: key, durability: durability})', { db: db.name, name, key, durability: hard ? 'hard' : 'soft' });
    onDone(`The table ${db.name}.${name} was successfully created.`);
  };
  return <Dialog title={`Add table to ${db.name}`} action="Add" ready={name !== '' && key !== '' && problem === ''} onAction={create} onClose={onClose}>
    <NameField label="Name" value={name} problem={problem} onInput={setName} />
    <NameField label="Primary key" value={key} problem={key === '' ? 'A table needs one.' : ''} onInput={setKey} />
    <p class="form-row"><label><input type="checkbox" checked={hard} onChange={event => setHard(event.currentTarget.checked)} /> Acknowledge writes only when written to disk</label></p>
  </Dialog>;
}

export function DropDatabase({ db, onDone, onClose }: Props & { db: Database }) {
  const [typed, setTyped] = useState('');
  const drop = async () => {
    await run('r.dbDrop(name)', { name: db.name });
    onDone(`The database ${db.name} was successfully deleted.`);
  };
  return <Dialog title={`Delete database ${db.name}`} action="Delete" danger ready={typed === db.name} onAction={drop} onClose={onClose}>
    <p>This deletes the database and its {plural(db.tables.length, 'table')} for good. To go on, type its name.</p>
    <NameField label="Name of the database" value={typed} problem="" onInput={setTyped} />
  </Dialog>;
}

export function DropTables({ tables, onDone, onClose }: Props & { tables: readonly TableRow[] }) {
  const drop = async () => {
    for (const { db, name } of tables) {
      await run('r.db(db).tableDrop(name)', { db, name });
    }
    const names = tables.map(table => `${table.db}.${table.name}`);
    onDone(names.length === 1 ? `The table ${names[0]} was successfully deleted.` : `The tables ${names.join(', ')} were successfully deleted.`);
  };
  return <Dialog title={`Delete ${plural(tables.length, 'table')}`} action="Delete" danger onAction={drop} onClose={onClose}>
    <p>These tables and all of their documents are deleted for good:</p>
    <ul>{tables.map(table => <li key={table.id}><code>{table.db}.{table.name}</code></li>)}</ul>
  </Dialog>;
}
