import { useSignal } from '@preact/signals';

import { Failure } from '../components/failure.tsx';
import { formatBytes, formatNumber, plural } from '../components/format.ts';
import { usePoll } from '../components/poll.ts';
import { AddDatabase, AddTable, DropDatabase, DropTables } from './dialogs.tsx';
import { loadDatabases, type Database, type TableRow } from './load.ts';

type Question =
  | { readonly kind: 'addDatabase' }
  | { readonly kind: 'addTable' | 'dropDatabase'; readonly db: Database }
  | { readonly kind: 'dropTables' };

const pollTime = 5000; // milliseconds

export function Tables() {
  const { value: databases, error, refresh } = usePoll(loadDatabases, pollTime);
  const question = useSignal<Question | undefined>(undefined);
  const selected = useSignal<ReadonlySet<string>>(new Set());
  const notice = useSignal('');

  const select = (table: TableRow, on: boolean) => {
    const next = new Set(selected.value);
    if (on) {
      next.add(table.id);
    } else {
      next.delete(table.id);
    }
    selected.value = next;
  };
  const chosen = databases?.flatMap(db => db.tables).filter(table => selected.value.has(table.id)) ?? [];
  const done = (text: string) => {
    notice.value = text;
    selected.value = new Set();
    refresh();
  };
  const close = () => { question.value = undefined; };
  const asked = question.value;
  return <>
    <div class="head">
      <h1>Tables</h1>
      <div class="buttons">
        <button type="button" class="primary" onClick={() => { question.value = { kind: 'addDatabase' }; }}>Add database</button>
        <button type="button" disabled={chosen.length === 0} onClick={() => { question.value = { kind: 'dropTables' }; }}>Delete selected tables</button>
      </div>
    </div>
    <p class="notice" role="status">{notice.value}</p>
    {error !== undefined && <Failure error={error} />}
    {databases === undefined ? error === undefined && <p class="waiting" role="status">Loading…</p>
      : databases.length === 0 ? <p class="note">There are no databases yet.</p>
      : databases.map(db => <DatabasePanel key={db.name} db={db} selected={selected.value} onSelect={select}
          onAddTable={() => { question.value = { kind: 'addTable', db }; }} onDrop={() => { question.value = { kind: 'dropDatabase', db }; }} />)}
    {asked?.kind === 'addDatabase' && <AddDatabase taken={databases?.map(db => db.name) ?? []} onDone={done} onClose={close} />}
    {asked?.kind === 'addTable' && <AddTable db={asked.db} onDone={done} onClose={close} />}
    {asked?.kind === 'dropDatabase' && <DropDatabase db={asked.db} onDone={done} onClose={close} />}
    {asked?.kind === 'dropTables' && <DropTables tables={chosen} onDone={done} onClose={close} />}
  </>;
}

interface PanelProps {
  readonly db: Database;
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (table: TableRow, on: boolean) => void;
  readonly onAddTable: () => void;
  readonly onDrop: () => void;
}

function DatabasePanel({ db, selected, onSelect, onAddTable, onDrop }: PanelProps) {
  return <section class="panel" aria-label={`Database ${db.name}`}>
    <div class="panel-head">
      <h2>{db.name} <span class="quiet">{plural(db.tables.length, 'table')}</span></h2>
      <div class="buttons">
        <button type="button" onClick={onAddTable}>Add table</button>
        <button type="button" class="link" onClick={onDrop}>Delete database</button>
      </div>
    </div>
    {db.tables.length === 0 ? <p class="note">No tables in this database.</p> : <div class="scroll">
      <table class="list">
        <thead><tr><th scope="col"><span class="hidden">Select</span></th><th scope="col">Table</th><th scope="col" class="number">Documents</th><th scope="col" class="number">On disk</th><th scope="col">Status</th></tr></thead>
        <tbody>{db.tables.map(table => <tr key={table.id}>
          <td><input type="checkbox" aria-label={`Select ${table.name}`} checked={selected.has(table.id)} onChange={event => onSelect(table, event.currentTarget.checked)} /></td>
          <th scope="row">{table.name}</th>
          <td class="number">{table.documents === null ? '–' : formatNumber(table.documents)}</td>
          <td class="number">{table.bytes === null ? '–' : formatBytes(table.bytes)}</td>
          <td><span class={`badge ${table.ready ? 'good' : 'bad'}`}>{table.ready ? 'Ready' : 'Not ready'}</span> <span class="quiet">{plural(table.shards, 'shard')}, {plural(table.replicas, 'replica')}</span></td>
        </tr>)}</tbody>
      </table>
    </div>}
  </section>;
}
