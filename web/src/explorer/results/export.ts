// Results as files. Rows go into the file while they are read, a part at a time, so that a large result needs little memory here.

import { cellsOf } from '../../components/cells.ts';
import { summarize } from '../../components/pseudotype.ts';
import type { Datum } from '../../server/connection.ts';

/** Whatever hands out rows, some at a time. */
export type Source = (onRows: (rows: readonly Datum[]) => Promise<void>) => Promise<void>;

/** An array of the rows, one in a line, with pseudo-types as the server writes them, so that rethinkdb import reads them back. */
export async function toJSON(source: Source): Promise<Blob> {
  const parts: Blob[] = [];
  let before = '[\n';
  await source(async rows => {
    for (const lines of await linesOf(rows)) {
      parts.push(new Blob([before, lines]));
      before = ',\n';
    }
  });
  return new Blob([...(parts.length > 0 ? parts : ['[']), '\n]\n'], { type: 'application/json' });
}

/** A table with a column for each field: a, b.c. Its first line has the names, which are known when all rows have been read. */
export async function toCSV(source: Source): Promise<Blob> {
  const names = new Set<string>();
  const parts: Blob[] = [];
  await source(async rows => {
    rows.forEach(row => [...cellsOf(row).keys()].forEach(name => names.add(name)));
    for (const lines of await linesOf(rows)) {
      parts.push(new Blob(['[', lines, ']']));
    }
  });
  const columns = [...names];
  const lines: BlobPart[] = [`${columns.map(name => csvCell(name === '' ? 'value' : name)).join(',')}\r\n`];
  for (const part of parts) {
    const rows = JSON.parse(await part.text()) as Datum[];
    lines.push(new Blob(rows.map(row => {
      const cells = cellsOf(row);
      return `${columns.map(name => csvCell(cells.get(name))).join(',')}\r\n`;
    })));
  }
  return new Blob(lines, { type: 'text/csv;charset=utf-8' });
}

const rowsAtOnce = 1000;

/** Rows as JSON, one in a line, in parts between which the page can do other things. */
async function linesOf(rows: readonly Datum[]): Promise<string[]> {
  const parts: string[] = [];
  for (let i = 0; i < rows.length; i += rowsAtOnce) {
    parts.push(rows.slice(i, i + rowsAtOnce).map(row => JSON.stringify(row)).join(',\n'));
    await new Promise(resolve => setTimeout(resolve));
  }
  return parts;
}

/**
 * A value in CSV (RFC 4180). Programs for spreadsheets run what begins like a formula, so a text that does gets an apostrophe,
 * which they take for the mark of a text.
 */
export function csvCell(value: Datum | undefined): string {
  if (value === undefined || value === null) {
    return '';
  }
  let text = typeof value === 'string' ? value : summarize(value) ?? (typeof value === 'object' ? JSON.stringify(value) : String(value));
  if (typeof value === 'string' && /^[=+\-@\t\r]/.test(text) && !/^[+-]?\d+([.,]\d+)*$/.test(text)) {
    text = `'${text}`;
  }
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
