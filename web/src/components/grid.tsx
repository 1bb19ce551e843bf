import type { Datum } from '../server/connection.ts';
import { cellsOf, cellText } from './cells.ts';

/** A table of more columns cannot be read; the tree has them all. */
const maxColumns = 50;

/** Rows as a table, with a column for each field that one of them has: a, b.c, b.d. */
export function Grid({ rows }: { rows: readonly Datum[] }) {
  const cells = rows.map(cellsOf);
  const columns = [...new Set(cells.flatMap(row => [...row.keys()]))];
  const shown = columns.slice(0, maxColumns);
  return <>
    <div class="scroll" tabIndex={0} role="region" aria-label="Rows as a table">
      <table class="grid">
        <thead><tr>{shown.map(column => <th key={column} scope="col">{column === '' ? 'value' : column}</th>)}</tr></thead>
        <tbody>{cells.map((row, i) => <tr key={i}>{shown.map(column => {
          const value = row.get(column);
          return <td key={column} class={typeof value === 'number' ? 'number' : undefined}>{value === undefined ? '' : cellText(value)}</td>;
        })}</tr>)}</tbody>
      </table>
    </div>
    {columns.length > shown.length && <p class="note">{columns.length - shown.length} more columns are in the tree.</p>}
  </>;
}
