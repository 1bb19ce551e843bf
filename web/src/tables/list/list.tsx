import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';

import { Failure } from '../../components/failure.tsx';
import { plural } from '../../components/format.ts';
import { usePoll } from '../../components/poll.ts';
import { loadDatabases, type Database, type TableRow } from '../load.ts';
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

const pollTime = 5000; // milliseconds
/** Tables of a database that are shown at once. */
const pageSize = 25;

/** All databases and their tables. */
export function TableList() {
  const { value, error, refresh } = usePoll(loadDatabases, pollTime);
  const question = useSignal<Question | undefined>(undefined);
  const selected = useSignal<ReadonlySet<string>>(new Set());
  const notice = useSignal('');
  const filter = useSignal('');
  const pages = useSignal<ReadonlyMap<string, number>>(new Map());
  const filterID = useId();

  const databases = value?.databases ?? [];
  const wanted = filter.value.trim().toLowerCase();
  const panels = databases.map(db => {
    const found = db.tables.filter(table => `${db.name}.${table.name}`.toLowerCase().includes(wanted));
    const page = Math.min(pages.value.get(db.name) ?? 0, Math.max(0, Math.ceil(found.length / pageSize) - 1));
    return { db, found, page, shown: found.slice(page * pageSize, (page + 1) * pageSize) };
  }).filter(({ db, found }) => found.length > 0 || db.name.toLowerCase().includes(wanted));
  const counts = useCounts(panels.flatMap(panel => panel.shown));
  const tables = databases.flatMap(db => db.tables);
  const chosen = tables.filter(table => selected.value.has(table.id));

  const select = (of: readonly TableRow[], on: boolean) => {
    const next = new Set(selected.value);
    of.forEach(table => on ? next.add(table.id) : next.delete(table.id));
    selected.value = next;
  };
  const ask = (asked: Question) => () => { question.value = asked; };
  const close = () => { question.value = undefined; };
  const done = (text: string) => {
    notice.value = text;
    selected.value = new Set();
    refresh();
  };
  const asked = question.value;
  return <>
    <div class="head">
      <h1>Tables</h1>
      <div class="buttons">
        <button type="button" class="primary" onClick={ask({ kind: 'addDatabase' })}>Add database</button>
        <button type="button" disabled={chosen.length === 0} onClick={ask({ kind: 'dropTables' })}>{chosen.length === 0 ? 'Delete selected tables' : `Delete ${plural(chosen.length, 'selected table')}`}</button>
      </div>
    </div>
    <p class="notice" role="status">{notice.value}</p>
    {value?.restricted && <p class="note">Your user may not read the system tables. What everybody may know of databases and tables is shown.</p>}
    {error !== undefined && <Failure error={error} />}
    {value === undefined ? error === undefined && <p class="waiting" role="status">Loading…</p> : <>
      {tables.length > 0 && <div class="panel finders">
        <p class="form-row">
          <label for={filterID}>Filter by name</label>
          <input id={filterID} type="search" value={filter.value} autocomplete="off" spellcheck={false} onInput={event => { filter.value = event.currentTarget.value; }} />
        </p>
        <LookUp tables={tables} />
      </div>}
      {databases.length === 0 && <p class="note">There are no databases yet. Add one to begin.</p>}
      {databases.length > 0 && panels.length === 0 && <p class="note" role="status">No table matches “{filter.value}”.</p>}
      {panels.map(({ db, found, page, shown }) => <DatabasePanel key={db.name} db={db} shown={shown} found={found.length} page={page} pageSize={pageSize}
        onPage={next => { pages.value = new Map(pages.value).set(db.name, next); }} counts={counts} selected={selected.value} onSelect={select}
        onAddTable={ask({ kind: 'addTable', db })} onRename={ask({ kind: 'renameDatabase', db })} onDrop={ask({ kind: 'dropDatabase', db })} />)}
    </>}
    {asked?.kind === 'addDatabase' && <AddDatabase taken={databases.map(db => db.name)} onDone={done} onClose={close} />}
    {asked?.kind === 'addTable' && <AddTable db={asked.db} onDone={done} onClose={close} />}
    {asked?.kind === 'renameDatabase' && <RenameDatabase db={asked.db} taken={databases.map(db => db.name)} onDone={done} onClose={close} />}
    {asked?.kind === 'dropDatabase' && <DropDatabase db={asked.db} onDone={done} onClose={close} />}
    {asked?.kind === 'dropTables' && <DropTables tables={chosen} onDone={done} onClose={close} />}
  </>;
}
