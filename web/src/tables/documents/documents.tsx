import { useEffect, useState } from 'preact/hooks';

import { Empty } from '../../components/empty.tsx';
import { Failure, isForbidden } from '../../components/failure.tsx';
import { plural } from '../../components/format.ts';
import { Icon } from '../../components/icon.tsx';
import { usePoll } from '../../components/poll.ts';
import { Segments } from '../../components/segments.tsx';
import { Waiting } from '../../components/waiting.tsx';
import { data } from '../../reql/data.ts';
import type { Datum } from '../../server/connection.ts';
import { run } from '../../server/query.ts';
import { Exporting } from '../transfer/exporting.tsx';
import { Importing } from '../transfer/importing.tsx';
import { documentsOf, named, type Table } from '../view/table.ts';
import type { SectionProps } from '../view/view.tsx';
import { CursorPager } from './cursorpager.ts';
import { OpenDocument, InsertDocument } from './edit.tsx';
import { keyOf, keyText } from './keys.ts';
import { KeyPager } from './keypager.ts';
import { boundsOf, everything, queryOf, type Query, type Range } from './range.ts';
import { RangeBar } from './rangebar.tsx';
import { DeleteDocuments } from './remove.tsx';
import { DocumentTable, DocumentTrees, type ListProps } from './rows.tsx';
import { usePages } from './usepages.ts';

type Question =
  | { readonly kind: 'edit'; readonly document: Datum }
  | { readonly kind: 'insert' | 'delete' | 'import' }
  | { readonly kind: 'export'; readonly query: Query; readonly what: string };

const pageSize = 25;
const pollTime = 30_000; // milliseconds; indexes seldom come and go

/** The documents of a table. */
export function Documents({ table, rest: [key] }: SectionProps & { rest: readonly string[] }) {
  if (table.info === undefined) {
    return table.infoProblem === undefined ? <Waiting /> : <Failure error={table.infoProblem} />;
  }
  return <Browser table={table} primaryKey={table.info.primary_key} key={key} {...(key === undefined ? {} : { wanted: key })} />;
}

function Browser({ table, primaryKey, wanted }: { table: Table; primaryKey: string; wanted?: string }) {
  const [range, setRange] = useState<Range>(wanted === undefined ? everything : { ...everything, kind: 'equal', from: wanted });
  const [view, setView] = useState<'table' | 'tree'>('table');
  const [selected, setSelected] = useState<ReadonlyMap<string, Datum>>(new Map());
  const [question, setQuestion] = useState<Question | undefined>();
  const { value: indexes = [] } = usePoll(() => loadOrderedIndexes(table), pollTime);
  const query = queryOf(table, primaryKey, range);
  const byKey = range.index === '' && range.kind !== 'equal';
  const { page, error, busy, go } = usePages(
    () => byKey ? new KeyPager(table, primaryKey, boundsOf(range), range.descending, pageSize) : new CursorPager(query, pageSize),
    JSON.stringify([table.id, range]));
  useEffect(() => setSelected(new Map()), [range]);

  const select = (documents: readonly Datum[], on: boolean) => {
    const next = new Map(selected);
    for (const document of documents) {
      const key = keyOf(document, primaryKey);
      if (on) {
        next.set(keyText(key), key);
      } else {
        next.delete(keyText(key));
      }
    }
    setSelected(next);
  };
  const changed = () => {
    setSelected(new Map());
    go('again');
  };
  const close = () => setQuestion(undefined);
  const list: ListProps = { documents: page?.rows ?? [], primaryKey, selected, onSelect: select, onEdit: document => setQuestion({ kind: 'edit', document }) };
  const keys = [...selected.values()];
  const about = documentsOf(table);
  return <section class="panel" aria-label="Documents">
    <div class="toolbar">
      <button type="button" class="primary" onClick={() => setQuestion({ kind: 'insert' })}><Icon name="add" />Insert…</button>
      <button type="button" onClick={() => setQuestion({ kind: 'import' })}><Icon name="upload" />Import…</button>
      <button type="button" onClick={() => setQuestion({ kind: 'export', query, what: range === everything ? 'the whole table' : 'the documents of this choice' })}><Icon name="download" />Export…</button>
      <button type="button" class="plain" disabled={busy} onClick={() => go('again')}><Icon name="refresh" />Refresh</button>
      <Segments label="How to show documents" value={view} options={[['table', 'Table'], ['tree', 'Tree']]} onChange={setView} />
    </div>
    <RangeBar primaryKey={primaryKey} indexes={indexes} range={range} onRange={setRange} />
    {keys.length > 0 && <div class="tables-selection" role="status">
      <span>{plural(keys.length, 'document')} selected</span>
      <button type="button" onClick={() => setQuestion({ kind: 'export', what: plural(keys.length, 'selected document'), query: selectionOf(table, keys) })}>Export selected…</button>
      <button type="button" class="danger" onClick={() => setQuestion({ kind: 'delete' })}>Delete selected…</button>
      <button type="button" class="plain" onClick={() => setSelected(new Map())}>Select none</button>
    </div>}
    {error !== undefined && <Failure error={error} />}
    {page === undefined ? error === undefined && <Waiting />
      : page.rows.length === 0 ? <Nothing range={range} primaryKey={primaryKey} onInsert={() => setQuestion({ kind: 'insert' })} />
      : view === 'table' ? <DocumentTable {...list} /> : <DocumentTrees {...list} />}
    {page !== undefined && page.rows.length > 0 && <nav class="pages" aria-label="Pages of documents">
      <button type="button" disabled={busy || page.first} onClick={() => go('first')}>First</button>
      <button type="button" disabled={busy || page.first} onClick={() => go('previous')}>Previous</button>
      <span role="status">{plural(page.rows.length, 'document')}{about !== undefined && range === everything && <span class="quiet"> of about {plural(about, 'document')}</span>}</span>
      <button type="button" disabled={busy || page.last} onClick={() => go('next')}>Next</button>
    </nav>}
    {question?.kind === 'edit' && <OpenDocument table={table} primaryKey={primaryKey} document={question.document} onDone={changed} onClose={close} />}
    {question?.kind === 'insert' && <InsertDocument table={table} primaryKey={primaryKey} onDone={changed} onClose={close} />}
    {question?.kind === 'delete' && <DeleteDocuments table={table} keys={keys} onDone={changed} onClose={close} />}
    {question?.kind === 'import' && <Importing table={table} onDone={changed} onClose={close} />}
    {question?.kind === 'export' && <Exporting table={table} query={question.query} what={question.what} onClose={close} />}
  </section>;
}

function Nothing({ range, primaryKey, onInsert }: { range: Range; primaryKey: string; onInsert: () => void }) {
  if (range === everything) {
    return <Empty icon="document" title="This table is empty" action={<button type="button" onClick={onInsert}>Insert a document</button>}>Insert or import documents to begin.</Empty>;
  }
  return <p class="note" role="status">{range.kind === 'equal' ? `No document has the ${range.index === '' ? primaryKey : `value in ${range.index}`} ${range.from}.` : 'No document is in this range.'}</p>;
}

const selectionOf = (table: Table, keys: readonly Datum[]): Query => ({ text: 'r.db(db).table(name).getAll(r.args(keys))', parameters: { ...named(table), keys: data([...keys]) } });

/** The indexes that documents can be put in order by: geospatial ones have no order, and others have to be built. */
async function loadOrderedIndexes(table: Table): Promise<readonly string[]> {
  try {
    return await run<string[]>('r.db(db).table(name).indexStatus().filter({geo: false, ready: true})("index")', named(table));
  } catch (error) {
    if (isForbidden(error)) {
      return [];
    }
    throw error;
  }
}
