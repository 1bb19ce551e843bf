import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { Dialog } from '../../components/dialog.tsx';
import { SelectField } from '../../components/field.tsx';
import { formatBytes, formatNumber, plural } from '../../components/format.ts';
import { notify } from '../../components/toast.tsx';
import type { Table } from '../view/table.ts';
import { Import, type Conflict, type ImportProgress } from './import.ts';

const conflicts: readonly (readonly [Conflict, string])[] = [['error', 'leave it as it is, and report it'], ['replace', 'replace it'], ['update', 'merge the new fields into it']];

/** Inserts the documents of a file. */
export function Importing({ table, onDone, onClose }: { table: Table; onDone: () => void; onClose: () => void }) {
  const [file, setFile] = useState<File | undefined>();
  const [conflict, setConflict] = useState<Conflict>('error');
  const [progress, setProgress] = useState<ImportProgress | undefined>();
  const [ended, setEnded] = useState(false);
  const running = useRef<AbortController | undefined>(undefined);
  const id = useId();
  useEffect(() => () => running.current?.abort(), []);

  const start = async () => {
    if (ended) {
      return;
    }
    const controller = new AbortController();
    running.current = controller;
    try {
      const result = await new Import(table, conflict, setProgress).run(file!, controller.signal);
      notify(`${plural(result.inserted, 'document')} inserted into ${table.db}.${table.name}.`);
    } finally {
      setEnded(true);
      onDone();
    }
  };
  return <Dialog wide title={`Import into ${table.db}.${table.name}`} action={ended ? 'Close' : 'Import'} ready={file !== undefined} stay={!ended} onAction={start} onClose={onClose}>
    <p class="form-row">
      <label for={id}>File with documents</label>
      <input id={id} type="file" accept=".json,.jsonl,.ndjson,application/json,text/plain" disabled={progress !== undefined} onChange={event => setFile(event.currentTarget.files?.[0])} />
      <span class="hint">JSON: an array of documents, or one document after the other, as in JSON lines.</span>
    </p>
    <SelectField label="A document whose primary key is there already" value={conflict} options={conflicts} disabled={progress !== undefined} onInput={setConflict} />
    {progress && <Progress progress={progress} size={file?.size ?? 0} ended={ended} />}
  </Dialog>;
}

function Progress({ progress, size, ended }: { progress: ImportProgress; size: number; ended: boolean }) {
  const { bytes, inserted, replaced, unchanged, failed, problems } = progress;
  return <>
    <p class="tables-progress"><progress max={Math.max(1, size)} value={bytes} aria-label="How much of the file is read" /><span>{formatBytes(bytes)} of {formatBytes(size)}</span></p>
    <p role="status">{ended && 'Done. '}{formatNumber(inserted)} inserted, {formatNumber(replaced)} changed, {formatNumber(unchanged)} as they were, {formatNumber(failed)} not written.</p>
    {problems.length > 0 && <section aria-label="Documents that were not written">
      <h3>Not written</h3>
      <ol class="tables-problems" tabIndex={0}>{problems.map((problem, i) => <li key={i}>{problem}</li>)}</ol>
      {failed > problems.length && <p class="note">Only the first {formatNumber(problems.length)} are listed.</p>}
    </section>}
  </>;
}
