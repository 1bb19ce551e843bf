import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { Failure } from '../components/failure.tsx';
import { TableList } from './list/list.tsx';
import { place } from './route.ts';
import './tables.css';

/** The screen #tables: the list of all tables, or one of them. */
export function Tables() {
  const { table } = place.value;
  return table === '' ? <TableList /> : <One key={table} id={table} />;
}

/** One table; its parts are loaded when the first is opened. */
function One({ id }: { id: string }) {
  const [View, setView] = useState<ComponentType<{ id: string }> | undefined>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    import('./view/view.tsx').then(({ TableView }) => setView(() => TableView), setError);
  }, []);
  return error !== undefined ? <Failure error={error} /> : View ? <View id={id} /> : <p class="waiting" role="status">Loading…</p>;
}
