import { useState } from 'preact/hooks';

import type { Datum } from '../server/connection.ts';
import { describe } from './pseudotype.ts';

/** More children than that are shown on demand, and longer strings. */
const firstChildren = 100;
const firstCharacters = 1000;

/** Any value as a tree. Whatever is in a document becomes text, never markup. */
export function Tree({ value, open = false }: { value: Datum; open?: boolean }) {
  const described = describe(value);
  if (described) {
    return <span class={`v-${described.kind}`}>{described.text}</span>;
  }
  if (value === null || typeof value !== 'object') {
    return <Leaf value={value} />;
  }
  return <Branch value={value} open={open} />;
}

function Leaf({ value }: { value: null | boolean | number | string }) {
  const [all, setAll] = useState(false);
  if (typeof value !== 'string') {
    return <span class={`v-${value === null ? 'null' : typeof value}`}>{String(value)}</span>;
  }
  if (value.length <= firstCharacters || all) {
    return <span class="v-string">{JSON.stringify(value)}</span>;
  }
  return <span class="v-string">{JSON.stringify(value.slice(0, firstCharacters)).slice(0, -1)}
    <button type="button" class="link" onClick={() => setAll(true)}>… {value.length - firstCharacters} more characters</button></span>;
}

function Branch({ value, open: initially }: { value: Datum[] | { [name: string]: Datum }; open: boolean }) {
  const [open, setOpen] = useState(initially);
  const [limit, setLimit] = useState(firstChildren);
  const list = Array.isArray(value);
  const names = list ? undefined : Object.keys(value);
  const count = names ? names.length : (value as Datum[]).length;
  const [left, right] = list ? ['[', ']'] : ['{', '}'];
  if (count === 0) {
    return <span class="punctuation">{left}{right}</span>;
  }
  if (!open) {
    return <button type="button" class="fold" aria-expanded="false" onClick={() => setOpen(true)}>
      <span class="arrow" aria-hidden="true" />{left} {count} {list ? (count === 1 ? 'element' : 'elements') : (count === 1 ? 'field' : 'fields')} {right}
    </button>;
  }
  const children = names
    ? names.slice(0, limit).map(name => <li key={name}><span class="field">{JSON.stringify(name)}</span><span class="punctuation">: </span><Tree value={(value as { [name: string]: Datum })[name] ?? null} /></li>)
    : (value as Datum[]).slice(0, limit).map((item, i) => <li key={i}><Tree value={item} /></li>);
  return <>
    <button type="button" class="fold" aria-expanded="true" aria-label="Fold" onClick={() => setOpen(false)}><span class="arrow" aria-hidden="true" />{left}</button>
    <ul class="tree">{children}
      {count > limit && <li><button type="button" class="link" onClick={() => setLimit(limit + firstChildren)}>… {count - limit} more</button></li>}
    </ul>
    <span class="punctuation">{right}</span>
  </>;
}
