import { useEffect, useState } from 'preact/hooks';

import { SelectField, TextField } from '../../components/field.tsx';
import { Icon } from '../../components/icon.tsx';
import type { Kind, Range } from './range.ts';
import { everything } from './range.ts';

interface Props {
  readonly primaryKey: string;
  /** Those that have an order. */
  readonly indexes: readonly string[];
  readonly range: Range;
  readonly onRange: (range: Range) => void;
}

const kinds: readonly (readonly [Kind, string])[] = [['all', 'has any value'], ['equal', 'is'], ['between', 'is between'], ['prefix', 'begins with']];

/** Chooses which documents are shown: by the primary key or an index, and its values. */
export function RangeBar({ primaryKey, indexes, range, onRange }: Props) {
  const [draft, setDraft] = useState(range);
  useEffect(() => setDraft(range), [range]);
  const set = (change: Partial<Range>) => setDraft({ ...draft, ...change });
  const ready = draft.kind === 'all' || draft.kind === 'between' || draft.from !== '';
  const show = (event: Event) => {
    event.preventDefault();
    onRange(draft);
  };
  return <form class="tables-range" role="search" aria-label="Which documents to show" onSubmit={show}>
    <SelectField label="Documents whose" value={draft.index} onInput={index => set({ index })}
      options={[['', `${primaryKey} (primary key)`], ...indexes.map(name => [name, `${name} (index)`] as const)]} />
    <SelectField label="Value" value={draft.kind} options={kinds} onInput={kind => set({ kind })} />
    {draft.kind !== 'all' && <TextField label={draft.kind === 'between' ? 'From' : 'This'} value={draft.from} onInput={from => set({ from })} />}
    {draft.kind === 'between' && <TextField label="To" value={draft.to} onInput={to => set({ to })} />}
    {draft.kind !== 'equal' && <SelectField label="Order" value={draft.descending ? 'down' : 'up'} options={[['up', 'ascending'], ['down', 'descending']]} onInput={order => set({ descending: order === 'down' })} />}
    <div class="buttons">
      <button type="submit" disabled={!ready}><Icon name="filter" />Show</button>
      {range !== everything && <button type="button" class="plain" onClick={() => onRange(everything)}>Show all</button>}
    </div>
    {draft.kind !== 'all' && <p class="hint">Numbers, <code>true</code>, arrays such as <code>["a", 1]</code> and texts in double quotes are read as JSON, anything else as text.</p>}
  </form>;
}
