import { Panel } from '../../components/panel.tsx';
import { formatNumber, plural } from '../../components/format.ts';
import { Pages } from '../../components/pages.tsx';
import type { Database, TableRow } from '../load.ts';
import { tableAddress } from '../route.ts';

interface Props {
  readonly db: Database;
  /** Those of the page that is shown. */
  readonly shown: readonly TableRow[];
  /** How many tables there are, after filtering. */
  readonly found: number;
  readonly page: number;
  readonly pageSize: number;
  readonly onPage: (page: number) => void;
  readonly counts: ReadonlyMap<string, number>;
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (tables: readonly TableRow[], on: boolean) => void;
  readonly onAddTable: () => void;
  readonly onRename: () => void;
  readonly onDrop: () => void;
}

/** A database and a page of its tables. */
export function DatabasePanel({ db, shown, found, page, pageSize, onPage, counts, selected, onSelect, onAddTable, onRename, onDrop }: Props) {
  return <Panel title={<>{db.name} <span class="quiet">{plural(db.tables.length, 'table')}</span></>} actions={<div class="buttons">
    <button type="button" aria-label={`Add table to ${db.name}`} onClick={onAddTable}>Add table</button>
    <button type="button" class="link" aria-label={`Rename database ${db.name}`} onClick={onRename}>Rename</button>
    <button type="button" class="link" aria-label={`Delete database ${db.name}`} onClick={onDrop}>Delete database</button>
  </div>}>
    {db.tables.length === 0 ? <p class="note">There are no tables in this database.</p> : found === 0 ? <p class="note">None of its tables matches.</p> : <>
      <div class="scroll" tabIndex={-1}>
        <table class="list tables">
          <thead><tr>
            <td><input type="checkbox" aria-label={`Select all shown tables of ${db.name}`} checked={shown.every(table => selected.has(table.id))} onChange={event => onSelect(shown, event.currentTarget.checked)} /></td>
            <th scope="col">Table</th><th scope="col" class="number">Documents</th><th scope="col">Shards and replicas</th><th scope="col">Status</th>
          </tr></thead>
          <tbody>{shown.map(table => <Row key={table.id} table={table} count={counts.get(table.id)} selected={selected.has(table.id)} onSelect={on => onSelect([table], on)} />)}</tbody>
        </table>
      </div>
      <Pages label={`Tables of ${db.name}`} page={page} size={pageSize} total={found} onPage={onPage} />
    </>}
  </Panel>;
}

function Row({ table, count, selected, onSelect }: { table: TableRow; count: number | undefined; selected: boolean; onSelect: (on: boolean) => void }) {
  return <tr>
    <td><input type="checkbox" aria-label={`Select ${table.db}.${table.name}`} checked={selected} onChange={event => onSelect(event.currentTarget.checked)} /></td>
    <th scope="row"><a href={tableAddress(table.id)}>{table.name}</a></th>
    <td class="number">{count === undefined ? '' : formatNumber(count)}</td>
    <td>{plural(table.shards, 'shard')}, {plural(table.replicas, 'replica')}</td>
    <td><span class={`badge ${table.ready === table.replicas && table.writable ? 'good' : table.writable ? 'fair' : 'bad'}`}>Ready {table.ready}/{table.replicas}</span></td>
  </tr>;
}
