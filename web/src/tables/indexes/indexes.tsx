import { useState } from 'preact/hooks';

import { Badge } from '../../components/badge.tsx';
import { Failure } from '../../components/failure.tsx';
import { Panel } from '../../components/panel.tsx';
import { usePoll } from '../../components/poll.ts';
import { Waiting } from '../../components/waiting.tsx';
import { run } from '../../server/query.ts';
import { named } from '../view/table.ts';
import type { SectionProps } from '../view/view.tsx';
import { CreateIndex } from './create.tsx';
import { DropIndex, RenameIndex } from './change.tsx';

/** A row of indexStatus. */
export interface IndexStatus {
  readonly index: string;
  readonly ready: boolean;
  readonly progress?: number;
  readonly multi: boolean;
  readonly geo: boolean;
  readonly unique?: boolean;
  readonly outdated: boolean;
  /** A text of the command that makes it. */
  readonly query: string;
  /** Why it could not be built. */
  readonly error?: string;
}

const pollTime = 1000; // milliseconds, for the progress of those that are being built

type Question = { readonly kind: 'create' } | { readonly kind: 'rename' | 'drop'; readonly index: string };

/** The secondary indexes of a table. */
export function Indexes({ table }: SectionProps) {
  const { value: indexes, error, refresh } = usePoll(() => run<IndexStatus[]>('r.db(db).table(name).indexStatus()', named(table)), pollTime);
  const [question, setQuestion] = useState<Question | undefined>();
  const close = () => {
    setQuestion(undefined);
    refresh();
  };
  const unavailable = !table.status.ready_for_writes;
  const names = indexes?.map(({ index }) => index) ?? [];
  return <Panel title="Secondary indexes" actions={<button type="button" class="primary" disabled={unavailable} onClick={() => setQuestion({ kind: 'create' })}>Create index…</button>}>
    {unavailable && <p class="note">Secondary indexes cannot be updated while a primary replica is unavailable.</p>}
    {error !== undefined && <Failure error={error} />}
    {indexes === undefined ? error === undefined && <Waiting />
      : indexes.length === 0 ? <p class="note">This table has no secondary indexes. With one, documents are found by other fields than their primary key without reading all of them.</p>
      : <ul class="tables-indexes">{indexes.map(index => <Row key={index.index} index={index} fixed={unavailable}
          onRename={() => setQuestion({ kind: 'rename', index: index.index })} onDrop={() => setQuestion({ kind: 'drop', index: index.index })} />)}</ul>}
    {question?.kind === 'create' && <CreateIndex table={table} taken={names} onClose={close} />}
    {question?.kind === 'rename' && <RenameIndex table={table} index={question.index} taken={names} onClose={close} />}
    {question?.kind === 'drop' && <DropIndex table={table} index={question.index} onClose={close} />}
  </Panel>;
}

function Row({ index: { index, ready, progress = 0, multi, geo, unique = false, outdated, query, error }, fixed, onRename, onDrop }: { index: IndexStatus; fixed: boolean; onRename: () => void; onDrop: () => void }) {
  const kinds = Object.entries({ multi, geo, unique }).filter(([, on]) => on).map(([kind]) => kind);
  return <li>
    <div class="tables-index-head">
      <h3>{index}</h3>
      {kinds.map(kind => <Badge key={kind} tone="plain">{kind}</Badge>)}
      {error !== undefined ? <Badge tone="bad">not built</Badge> : ready ? <Badge tone="good">ready</Badge> : <Badge tone="warn">building</Badge>}
      {outdated && <Badge tone="bad">outdated</Badge>}
      <span class="buttons">
        <button type="button" class="link" disabled={fixed} aria-label={`Rename index ${index}`} onClick={onRename}>Rename</button>
        <button type="button" class="link" disabled={fixed} aria-label={`Delete index ${index}`} onClick={onDrop}>Delete</button>
      </span>
    </div>
    {!ready && error === undefined && <p class="tables-progress"><progress max={1} value={progress} aria-label={`How far the index ${index} is built`} /><span>{Math.floor(progress * 100)} %</span></p>}
    {error !== undefined && <p class="failure">{error}</p>}
    {outdated && <p class="note">An older version of the server has made it. Build it anew with <code>rethinkdb index-rebuild</code>.</p>}
    <code class="tables-definition">{definitionOf(query)}</code>
  </li>;
}

/** The function in the text of the command; its name and options are shown already. */
function definitionOf(query: string): string {
  const inner = /^indexCreate\('(?:[^'\\]|\\.)*', (.*?)(?:, \{[a-z: ,]*\})?\)$/s.exec(query)?.[1] ?? query;
  const field = /^function\((\w+)\) \{ return \1\.getField\(("(?:[^"\\]|\\.)*")\); \}$/.exec(inner)?.[2];
  return field === undefined ? inner : `the field ${field}`;
}
