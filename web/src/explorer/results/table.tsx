import { useRef, useState } from 'preact/hooks';

import { cellsOf, cellText } from '../../components/cells.ts';
import { IconButton } from '../../components/iconbutton.tsx';
import { formatNumber } from '../../components/format.ts';
import { pixelsOf, useWindow } from '../../components/window.ts';
import type { Datum } from '../../server/connection.ts';
import { TreeView } from './treeview.tsx';

const lineRem = 1.9; // .result-table in results.css has it, too
/** A table of more columns cannot be read; the tree has them all. */
const maxColumns = 50;
/** How many rows are asked for their fields. */
const maxLookedAt = 10_000;
/** Widths in characters. The first rows show how wide a column has to be. */
const sampleRows = 50, minWidth = 5, maxWidth = 42;

interface Columns {
  readonly names: readonly string[];
  readonly left: number;
  readonly widths: readonly number[];
}

/** Rows as a table, with a column for each field that one of them has: a, b.c, b.d. */
export function TableView({ rows, onEnd }: { rows: readonly Datum[]; onEnd?: (() => void) | undefined }) {
  const columns = useColumns(rows);
  const [dragged, setDragged] = useState<Readonly<Record<string, number>>>({});
  const [opened, setOpened] = useState<number | undefined>();
  const line = pixelsOf(lineRem);
  const { box, onScroll, first, end, before, after } = useWindow({ count: rows.length, lineHeight: line, headHeight: line, onEnd });
  const widthOf = (name: string, i: number) => dragged[name] ?? columns.widths[i]!;
  const numbers = `${String(rows.length).length + 3}ch`;
  const row = opened === undefined ? undefined : rows[opened];
  return <>
    <div class="result-table" ref={box} onScroll={onScroll} tabIndex={0} role="region" aria-label="Rows as a table">
      <table aria-rowcount={rows.length + 1}>
        <colgroup>
          <col style={{ width: numbers }} />
          {columns.names.map((name, i) => <col key={name} style={{ width: `${widthOf(name, i)}ch` }} />)}
        </colgroup>
        <thead><tr aria-rowindex={1}>
          <th scope="col"><span class="hidden">Row</span></th>
          {columns.names.map((name, i) => <th key={name} scope="col" title={name}>
            {name === '' ? 'value' : name}
            <Edge width={widthOf(name, i)} onDrag={width => setDragged(last => ({ ...last, [name]: width }))} />
          </th>)}
        </tr></thead>
        <tbody>
          <tr class="spacer" aria-hidden="true" style={{ height: `${before}px` }} />
          {rows.slice(first, end).map((value, i) => <Row key={first + i} number={first + i} value={value} columns={columns.names} opened={opened === first + i} onOpen={setOpened} />)}
          <tr class="spacer" aria-hidden="true" style={{ height: `${after}px` }} />
        </tbody>
      </table>
    </div>
    {columns.left > 0 && <p class="note">{formatNumber(columns.left)} more columns are in the tree.</p>}
    {row !== undefined && <section class="result-row" aria-label={`Row ${opened! + 1}`}>
      <div class="panel-head"><h3>Row {formatNumber(opened! + 1)}</h3><IconButton icon="close" label="Close the row" onClick={() => setOpened(undefined)} /></div>
      <TreeView key={opened} rows={[row]} label={`Row ${opened! + 1} as a tree`} />
    </section>}
  </>;
}

function Row({ number, value, columns, opened, onOpen }: { number: number; value: Datum; columns: readonly string[]; opened: boolean; onOpen: (number: number) => void }) {
  const cells = cellsOf(value);
  return <tr class={opened ? 'opened' : undefined} aria-rowindex={number + 2}>
    <th scope="row"><button type="button" class="plain" aria-label={`Show row ${number + 1} as a tree`} onClick={() => onOpen(number)}>{formatNumber(number + 1)}</button></th>
    {columns.map(name => {
      const cell = cells.get(name);
      const text = cell === undefined ? '' : cellText(cell);
      return <td key={name} class={typeof cell === 'number' ? 'number' : undefined} title={text.length > 20 ? text : undefined}>{text}</td>;
    })}
  </tr>;
}

/** The edge of a column, which the pointer can drag. */
function Edge({ width, onDrag }: { width: number; onDrag: (width: number) => void }) {
  const from = useRef<{ x: number; width: number; character: number } | undefined>(undefined);
  return <span class="column-edge" aria-hidden="true"
    onPointerDown={event => {
      const cell = event.currentTarget.parentElement!;
      event.currentTarget.setPointerCapture(event.pointerId);
      from.current = { x: event.clientX, width, character: cell.getBoundingClientRect().width / width };
    }}
    onPointerMove={event => {
      if (from.current) {
        onDrag(Math.max(minWidth, from.current.width + (event.clientX - from.current.x) / from.current.character));
      }
    }}
    onPointerUp={() => { from.current = undefined; }} />;
}

/** The columns of rows. More rows can only add to them, so that nothing moves while they come. */
function useColumns(rows: readonly Datum[]): Columns {
  const found = useRef<{ rows: readonly Datum[]; looked: number; names: Map<string, number> }>({ rows: [], looked: 0, names: new Map() });
  const state = found.current;
  if (state.rows !== rows) {
    if (state.rows[0] !== rows[0] || state.looked > rows.length) {
      state.looked = 0;
      state.names = new Map();
    }
    state.rows = rows;
    for (; state.looked < Math.min(rows.length, maxLookedAt); state.looked++) {
      for (const [name, value] of cellsOf(rows[state.looked]!)) {
        const width = state.looked < sampleRows ? cellText(value).length : 0;
        state.names.set(name, Math.max(state.names.get(name) ?? name.length, width));
      }
    }
  }
  const names = [...state.names.keys()].slice(0, maxColumns);
  return { names, left: state.names.size - names.length, widths: names.map(name => Math.min(Math.max(state.names.get(name)! + 3, minWidth), maxWidth)) };
}
