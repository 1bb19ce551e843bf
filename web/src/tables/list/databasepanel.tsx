import { Badge } from '../../components/badge.tsx';
import { formatNumber, plural } from '../../components/format.ts';
import { Icon } from '../../components/icon.tsx';
import { Menu } from '../../components/menu.tsx';
import { Pages } from '../../components/pages.tsx';
import { Panel } from '../../components/panel.tsx';
import { tableAddress } from '../address.ts';
import type { Database, TableStatus } from '../load.ts';

interface Props {
  readonly db: Database;
  /** Those of the page that is shown. */
  readonly shown: readonly TableStatus[];
  /** How many tables there are, after filtering. */
  readonly found: number;
  readonly page: number;
  readonly pageSize: number;
  readonly onPage: (page: number) => void;
  readonly counts: ReadonlyMap<string, number>;
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (tables: readonly TableStatus[], on: boolean) => void;
  readonly onAddTable: () => void;
  readonly onRename: () => void;
  readonly onDrop: () => void;
}

/** A database and a page of its tables. */
export function DatabasePanel({ db, shown, found, page, pageSize, onPage, counts, selected, onSelect, onAddTable, onRename, onDrop }: Props) {
  const actions = <div class="buttons">
    <button type="button" aria-label={`Add table to ${db.name}`} onClick={onAddTable}><Icon name="add" />Add table</button>
    <Menu label={`More about ${db.name}`} icon="more" choices={[
      { label: 'Rename database…', icon: 'edit', onChoose: onRename },
      { label: 'Delete database…', icon: 'remove', danger: true, onChoose: onDrop },
    ]} />
  </div>;
  return <Panel title={<>{db.name} <span class="quiet">{plural(db.tables.length, 'table')}</span></>} actions={actions}>
    {db.tables.length === 0 ? <p class="note">There are no tables in this database.</p> : found === 0 ? <p class="note">None of its tables matches.</p> : <>
      <div class="scroll" role="region" aria-label={`Tables of ${db.name}`} tabIndex={0}>
        <table class="list tables-list">
          <thead><tr>
            <td><input type="checkbox" aria-label={`Select all shown tables of ${db.name}`} checked={shown.every(table => selected.has(table.id))} onChange={event => onSelect(shown, event.currentTarget.checked)} /></td>
            <th scope="col">Table</th><th scope="col" class="number">Documents</th><th scope="col" class="tables-shards">Shards and replicas</th><th scope="col">Status</th>
          </tr></thead>
          <tbody>{shown.map(table => <Row key={table.id} table={table} count={counts.get(table.id)} selected={selected.has(table.id)} onSelect={on => onSelect([table], on)} />)}</tbody>
        </table>
      </div>
      <Pages label={`Pages of tables of ${db.name}`} page={page} size={pageSize} total={found} onPage={onPage} />
    </>}
  </Panel>;
}

function Row({ table, count, selected, onSelect }: { table: TableStatus; count: number | undefined; selected: boolean; onSelect: (on: boolean) => void }) {
  const shards = table.shards ?? [];
  const replicas = shards.flatMap(shard => shard.replicas);
  const ready = replicas.filter(replica => replica.state === 'ready').length;
  const { all_replicas_ready: all, ready_for_writes: writable } = table.status;
  return <tr>
    <td><input type="checkbox" aria-label={`Select ${table.db}.${table.name}`} checked={selected} onChange={event => onSelect(event.currentTarget.checked)} /></td>
    <th scope="row"><a href={tableAddress(table.id)}>{table.name}</a></th>
    <td class="number">{count === undefined ? '' : formatNumber(count)}</td>
    <td class="tables-shards">{plural(shards.length, 'shard')}, {plural(shards[0]?.replicas.length ?? 0, 'replica')}</td>
    <td><Badge tone={all ? 'good' : writable ? 'warn' : 'bad'}>Ready {ready}/{replicas.length}</Badge></td>
  </tr>;
}
