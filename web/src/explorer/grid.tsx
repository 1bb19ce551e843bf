import type { Datum } from '../server/connection.ts';
import { describe, fieldsOf } from './pseudotype.ts';

/** A table of more columns cannot be read; the tree has them all. */
const maxColumns = 50;
/** How deep fields within fields become columns of their own. */
const maxDepth = 3;
const maxCharacters = 200;

/** Rows as a table, with a column for each field that one of them has: a, b.c, b.d. */
export function Grid({ rows }: { rows: readonly Datum[] }) {
  const cells = rows.map(row => flatten(row));
  const columns = [...new Set(cells.flatMap(row => [...row.keys()]))];
  const shown = columns.slice(0, maxColumns);
  return <>
    <div class="scroll" tabIndex={0} role="region" aria-label="Rows as a table">
      <table class="grid">
        <thead><tr>{shown.map(column => <th key={column} scope="col">{column === '' ? 'value' : column}</th>)}</tr></thead>
        <tbody>{cells.map((row, i) => <tr key={i}>{shown.map(column => {
          const value = row.get(column);
          return <td key={column} class={typeof value === 'number' ? 'number' : undefined}>{value === undefined ? '' : textOf(value)}</td>;
        })}</tr>)}</tbody>
      </table>
    </div>
    {columns.length > shown.length && <p class="note">{columns.length - shown.length} more columns are in the tree.</p>}
  </>;
}

function flatten(row: Datum): Map<string, Datum> {
  const cells = new Map<string, Datum>();
  const add = (value: Datum, name: string, depth: number) => {
    const fields = fieldsOf(value);
    if (fields === undefined || depth >= maxDepth || (depth > 0 && Object.keys(fields).length === 0)) {
      cells.set(name, value);
      return;
    }
    for (const [field, inner] of Object.entries(fields)) {
      add(inner, name === '' ? field : `${name}.${field}`, depth + 1);
    }
  };
  add(row, '', 0);
  return cells;
}

function textOf(value: Datum): string {
  const text = describe(value)?.text ?? (typeof value === 'string' ? value : JSON.stringify(value));
  return text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text;
}
