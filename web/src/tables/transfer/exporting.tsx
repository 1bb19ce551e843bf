import { useEffect, useRef, useState } from 'preact/hooks';

import { Dialog } from '../../components/dialog.tsx';
import { openFile } from '../../components/download.ts';
import { formatBytes, plural } from '../../components/format.ts';
import { notify } from '../../components/toast.tsx';
import type { Query } from '../documents/range.ts';
import type { Table } from '../view/table.ts';
import { exportLines, type ExportProgress } from './export.ts';

interface Props {
  readonly table: Table;
  readonly query: Query;
  /** What is exported, in words. */
  readonly what: string;
  readonly onClose: () => void;
}

/** Writes documents to a file. Closing the dialog ends it. */
export function Exporting({ table, query, what, onClose }: Props) {
  const [progress, setProgress] = useState<ExportProgress | undefined>();
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const start = async () => {
    const file = await openFile(`${table.db}.${table.name}.jsonl`);
    if (file === undefined) {
      throw new Error('No file was chosen.');
    }
    const controller = new AbortController();
    running.current = controller;
    try {
      const { documents } = await exportLines(query, file, controller.signal, setProgress);
      if (controller.signal.aborted) {
        await file.abort();
        return;
      }
      await file.close();
      notify(`${plural(documents, 'document')} exported.`);
    } catch (error) {
      await file.abort();
      throw error;
    }
  };
  return <Dialog title={`Export from ${table.db}.${table.name}`} action="Export" onAction={start} onClose={onClose}>
    <p>Writes {what} to a file of JSON lines: each document is a line. Times, binary data and places on the earth are written as the server sends them, and an import gives them back exactly.</p>
    {progress && <p role="status">{plural(progress.documents, 'document')}, {formatBytes(progress.characters)} so far.</p>}
  </Dialog>;
}
