import { useState } from 'preact/hooks';

import { SelectField } from '../../components/field.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { TextField } from '../../components/field.tsx';
import { nameProblem } from '../../components/names.ts';
import { Panel } from '../../components/panel.tsx';
import { usePoll } from '../../components/poll.ts';
import { notify } from '../../components/toast.tsx';
import { run } from '../../server/query.ts';
import { DropTables } from '../list/droptables.tsx';
import type { SectionProps } from '../view/view.tsx';
import { configure } from './configure.ts';

/** Renames and deletes the table. */
export function Operations({ table }: SectionProps) {
  const [asked, setAsked] = useState<'rename' | 'drop' | undefined>();
  const close = () => setAsked(undefined);
  return <Panel title="Operations">
    <div class="buttons">
      <button type="button" onClick={() => setAsked('rename')}>Rename table…</button>
      <button type="button" class="danger" onClick={() => setAsked('drop')}>Delete table…</button>
    </div>
    {asked === 'rename' && <Rename table={table} onClose={close} />}
    {asked === 'drop' && <DropTables tables={[table]} onDone={() => { location.hash = '#tables'; }} onClose={close} />}
  </Panel>;
}

const pollTime = 10_000; // milliseconds; databases seldom come and go

function Rename({ table, onClose }: SectionProps & { onClose: () => void }) {
  const [name, setName] = useState(table.name);
  const [db, setDB] = useState(table.db);
  const { value: databases = [{ name: table.db, tables: [] }] } = usePoll(loadNames, pollTime);
  const changed = name !== table.name || db !== table.db;
  const problem = changed ? nameProblem(name, databases.find(other => other.name === db)?.tables ?? []) : '';
  const rename = async () => {
    await configure(table, { name, db });
    notify(`The table ${table.db}.${table.name} is now called ${db}.${name}.`);
  };
  return <Dialog title={`Rename table ${table.db}.${table.name}`} action="Rename" ready={changed && name !== '' && problem === ''} onAction={rename} onClose={onClose}>
    <TextField label="New name" value={name} problem={problem} onInput={setName} />
    <SelectField label="Database" value={db} options={databases.map(other => [other.name, other.name] as const)} onInput={setDB} />
    <p class="note">Programs that use the old name stop working until they use the new one.</p>
  </Dialog>;
}

const loadNames = () => run<{ name: string; tables: string[] }[]>('r.dbList().setDifference(["rethinkdb"]).map(db => ({name: db, tables: r.db(db).tableList()}))');
