import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

import { Icon } from './icon.tsx';

export interface Column<Row> {
  readonly title: string;
  /** The heading is read aloud only: boxes to tick, buttons. */
  readonly untitled?: boolean;
  readonly number?: boolean;
  /** The column that names the row. */
  readonly heading?: boolean;
  /** Buttons, at the end of the row. */
  readonly actions?: boolean;
  readonly show: (row: Row) => ComponentChildren;
  /** By what the rows are sorted when somebody clicks on the heading. */
  readonly sortBy?: (row: Row) => number | string;
}

interface Props<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
}

/** Up to some hundred rows. It scrolls in itself where the screen is narrow; more rows need a list that renders only what is in view. */
export function Table<Row>({ label, columns, rows, keyOf }: Props<Row>) {
  const [order, setOrder] = useState<{ column: string; descending: boolean } | undefined>();
  const sortBy = columns.find(column => column.title === order?.column)?.sortBy;
  const sorted = sortBy ? [...rows].sort((a, b) => compare(sortBy(a), sortBy(b)) * (order!.descending ? -1 : 1)) : rows;
  const sort = (column: string) => setOrder(order?.column === column ? { column, descending: !order.descending } : { column, descending: false });
  return <div class="scroll" role="region" aria-label={label} tabIndex={0}>
    <table class="list">
      <thead><tr>{columns.map(column => <th key={column.title} scope="col" class={column.number ? 'number' : undefined} aria-sort={order?.column === column.title ? (order.descending ? 'descending' : 'ascending') : undefined}>
        {column.untitled ? <span class="hidden">{column.title}</span>
          : column.sortBy ? <button type="button" onClick={() => sort(column.title)}>{column.title}{order?.column === column.title && <Icon name={order.descending ? 'down' : 'up'} />}</button>
          : column.title}
      </th>)}</tr></thead>
      <tbody>{sorted.map(row => <tr key={keyOf(row)}>{columns.map(column => column.heading
        ? <th key={column.title} scope="row">{column.show(row)}</th>
        : <td key={column.title} class={column.number ? 'number' : column.actions ? 'actions' : undefined}>{column.show(row)}</td>)}</tr>)}</tbody>
    </table>
  </div>;
}

const compare = (a: number | string, b: number | string): number => typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true });
