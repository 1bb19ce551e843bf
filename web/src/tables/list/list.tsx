import { useSignal } from '@preact/signals';

import { Empty } from '../../components/empty.tsx';
import { Failure } from '../../components/failure.tsx';
import { TextField } from '../../components/field.tsx';
import { plural } from '../../components/format.ts';
import { Icon } from '../../components/icon.tsx';
import { Waiting } from '../../components/waiting.tsx';
import { useDatabases, type Database, type TableStatus } from '../load.ts';
import { AddTable } from './addtable.tsx';
import { useCounts } from './counts.ts';
import { AddDatabase, DropDatabase, RenameDatabase } from './database.tsx';
import { DatabasePanel } from './databasepanel.tsx';
import { DropTables } from './droptables.tsx';
import { LookUp } from './lookup.tsx';

type Question =
  | { readonly kind: 'addDatabase' }
  | { readonly kind: 'addTable' | 'renameDatabase' | 'dropDatabase'; readonly db: Database }
  | { readonly kind: 'dropTables' };

/** Tables of a database that are shown at once. */
const pageSize = 25;

/** All databases and their tables. */
export function TableList() {
  const { databases: known, restricted, error } = useDatabases();
  const databases = known ?? [];
  const question = useSignal<Question | undefined>(undefined);
  const selected = useSignal<ReadonlySet<string>>(new Set());
  const filter = useSignal('');
  const pages = useSignal<ReadonlyMap<string, number>>(new Map());

  const wanted = filter.value.trim().toLowerCase();
  const panels = databases.map(db => {
    const found = db.tables.filter(table => `${db.name}.${table.name}`.toLowerCase().includes(wanted));
    const page = Math.min(pages.value.get(db.name) ?? 0, Math.max(0, Math.ceil(found.length / pageSize) - 1));
    return { db, found, page, shown: found.slice(page * pageSize, (page + 1) * pageSize) };
  }).filter(({ db, found }) => found.length > 0 || db.name.toLowerCase().includes(wanted));
  const counts = useCounts(panels.flatMap(panel => panel.shown));
  const tables = databases.flatMap(db => db.tables);
  const chosen = tables.filter(table => selected.value.has(table.id));
  const names = databases.map(db => db.name);

  const select = (of: readonly TableStatus[], on: boolean) => {
    const next = new Set(selected.value);
    of.forEach(table => on ? next.add(table.id) : next.delete(table.id));
    selected.value = next;
  };
  const ask = (asked: Question) => () => { question.value = asked; };
  const close = () => { question.value = undefined; };
  const asked = question.value;
  return <>
    <div class="head">
      <h1>Tables</h1>
      <div class="buttons">
        {chosen.length > 0 && <button type="button" class="danger" onClick={ask({ kind: 'dropTables' })}><Icon name="remove" />Delete {plural(chosen.length, 'table')}…</button>}
        <button type="button" class="primary" onClick={ask({ kind: 'addDatabase' })}><Icon name="add" />Add database</button>
      </div>
    </div>
    {restricted && <p class="information">Your user may not read the system tables. What everybody may know of databases and tables is shown.</p>}
    {error !== undefined && <Failure error={error} />}
    {known === undefined && error === undefined && <Waiting />}
    {known?.length === 0 && <Empty icon="tables" title="There are no databases yet"><>Tables are in databases. Add one to begin.</></Empty>}
    {databases.length > 0 && <>
      <div class="panel tables-finders">
        <TextField type="search" label="Filter by name" placeholder="A part of database.table" value={filter.value} onInput={text => { filter.value = text; }} />
        <LookUp tables={tables} />
      </div>
      {panels.length === 0 && <p class="note" role="status">No table matches “{filter.value}”.</p>}
      {panels.map(({ db, found, page, shown }) => <DatabasePanel key={db.name} db={db} shown={shown} found={found.length} page={page} pageSize={pageSize}
        onPage={next => { pages.value = new Map(pages.value).set(db.name, next); }} counts={counts} selected={selected.value} onSelect={select}
        onAddTable={ask({ kind: 'addTable', db })} onRename={ask({ kind: 'renameDatabase', db })} onDrop={ask({ kind: 'dropDatabase', db })} />)}
    </>}
    {asked?.kind === 'addDatabase' && <AddDatabase taken={names} onClose={close} />}
    {asked?.kind === 'addTable' && <AddTable db={asked.db} onClose={close} />}
    {asked?.kind === 'renameDatabase' && <RenameDatabase db={asked.db} taken={names} onClose={close} />}
    {asked?.kind === 'dropDatabase' && <DropDatabase db={asked.db} onClose={close} />}
    {asked?.kind === 'dropTables' && <DropTables tables={chosen} onDone={() => { selected.value = new Set(); }} onClose={close} />}
  </>;
}
