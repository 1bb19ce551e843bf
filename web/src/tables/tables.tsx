import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { Failure } from '../components/failure.tsx';
import { Waiting } from '../components/waiting.tsx';
import type { ScreenProps } from '../shell/screens.ts';
import { TableList } from './list/list.tsx';
import './tables.css';

/** The screen #tables: the list of all tables, or a part of one of them. */
export function Tables({ path: [table = '', section = '', ...rest] }: ScreenProps) {
  return table === '' ? <TableList /> : <One key={table} id={table} section={section} rest={rest} />;
}

export interface TableViewProps {
  readonly id: string;
  readonly section: string;
  /** What follows in the address. */
  readonly rest: readonly string[];
}

/** One table; what shows it is loaded when the first is opened. */
function One(props: TableViewProps) {
  const [View, setView] = useState<ComponentType<TableViewProps> | undefined>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    import('./view/view.tsx').then(({ TableView }) => setView(() => TableView), setError);
  }, []);
  return error !== undefined ? <Failure error={error} /> : View ? <View {...props} /> : <Waiting />;
}
