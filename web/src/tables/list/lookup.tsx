import { useId, useState } from 'preact/hooks';

import type { TableRow } from '../load.ts';
import { documentAddress } from '../route.ts';

/** Goes from a primary key to its document. */
export function LookUp({ tables }: { tables: readonly TableRow[] }) {
  const [name, setName] = useState('');
  const [key, setKey] = useState('');
  const id = useId();
  const table = tables.find(({ db, name: own }) => `${db}.${own}` === name);
  const find = (event: Event) => {
    event.preventDefault();
    if (table !== undefined && key !== '') {
      location.hash = documentAddress(table.id, key);
    }
  };
  return <form class="lookup" role="search" aria-label="Find a document" onSubmit={find}>
    <p class="form-row">
      <label for={`${id}-table`}>Table</label>
      <input id={`${id}-table`} list={`${id}-tables`} value={name} placeholder="database.table" autocomplete="off" spellcheck={false} onInput={event => setName(event.currentTarget.value)} />
      <datalist id={`${id}-tables`}>{tables.map(({ id: table, db, name: own }) => <option key={table} value={`${db}.${own}`} />)}</datalist>
    </p>
    <p class="form-row">
      <label for={`${id}-key`}>Primary key</label>
      <input id={`${id}-key`} value={key} autocomplete="off" spellcheck={false} onInput={event => setKey(event.currentTarget.value)} />
    </p>
    <button type="submit" disabled={table === undefined || key === ''}>Find document</button>
  </form>;
}
