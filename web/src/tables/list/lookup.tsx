import { useId, useState } from 'preact/hooks';

import { TextField } from '../../components/field.tsx';
import { documentAddress } from '../address.ts';
import type { TableStatus } from '../load.ts';

/** Goes from a primary key to its document. */
export function LookUp({ tables }: { tables: readonly TableStatus[] }) {
  const [name, setName] = useState('');
  const [key, setKey] = useState('');
  const list = useId();
  const table = tables.find(({ db, name: own }) => `${db}.${own}` === name);
  const find = (event: Event) => {
    event.preventDefault();
    if (table !== undefined && key !== '') {
      location.hash = documentAddress(table.id, key);
    }
  };
  return <form class="tables-lookup" role="search" aria-label="Find a document" onSubmit={find}>
    <TextField label="Find a document in" placeholder="database.table" value={name} list={list} onInput={setName} />
    <datalist id={list}>{tables.map(({ id, db, name: own }) => <option key={id} value={`${db}.${own}`} />)}</datalist>
    <TextField label="Primary key" value={key} onInput={setKey} />
    <button type="submit" disabled={table === undefined || key === ''}>Find</button>
  </form>;
}
