// A document as a line of a table.

import type { Datum } from '../server/connection.ts';
import { fieldsOf, summarize } from './pseudotype.ts';

/** How deep fields within fields become columns of their own. */
const maxDepth = 3;
const maxCharacters = 200;

/** The values of a row by the columns that they belong in: a, b.c, b.d. What is no object has the column ''. */
export function cellsOf(row: Datum): ReadonlyMap<string, Datum> {
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

/** A value as it is written into a cell. */
export function cellText(value: Datum): string {
  const text = summarize(value) ?? (typeof value === 'string' ? value : JSON.stringify(value));
  return text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text;
}
