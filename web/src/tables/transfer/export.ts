import type { FileSink } from '../../components/download.ts';
import { parse } from '../../reql/parse.ts';
import type { Datum } from '../../server/connection.ts';
import { connection } from '../../server/query.ts';
import type { Query } from '../documents/range.ts';

export interface ExportProgress {
  readonly documents: number;
  readonly characters: number;
}

/** Writes what a query finds to a file, a document in each line, as it comes. Import reads it, pseudo-types and all. */
export async function exportLines({ text, parameters }: Query, file: FileSink, signal: AbortSignal, onProgress: (progress: ExportProgress) => void): Promise<ExportProgress> {
  let progress: ExportProgress = { documents: 0, characters: 0 };
  const write = async (rows: readonly Datum[]) => {
    if (rows.length === 0) {
      return;
    }
    const lines = rows.map(row => JSON.stringify(row)).join('\n') + '\n';
    await file.write(lines);
    progress = { documents: progress.documents + rows.length, characters: progress.characters + lines.length };
    onProgress(progress);
  };
  const cursor = await connection.start(parse(text, parameters)[0]!, { signal });
  try {
    const { rows: [first], atom } = cursor.first;
    await write(atom && Array.isArray(first) ? first : cursor.first.rows);
    while (cursor.open && !signal.aborted) {
      await write((await cursor.next()).rows);
    }
  } finally {
    await cursor.stop();
  }
  return progress;
}
