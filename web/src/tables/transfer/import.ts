import { data } from '../../reql/data.ts';
import { ServerError, type Datum } from '../../server/connection.ts';
import { run } from '../../server/query.ts';
import type { Written } from '../../server/write.ts';
import { named, type TableName } from '../view/table.ts';
import { Splitter, type Piece } from './splitter.ts';

/** What to do with a document whose primary key is there already. */
export type Conflict = 'error' | 'replace' | 'update';

export interface ImportProgress {
  readonly bytes: number;
  readonly inserted: number;
  /** Those that were there, and are changed now. */
  readonly replaced: number;
  readonly unchanged: number;
  readonly failed: number;
  /** What went wrong, the first ones. */
  readonly problems: readonly string[];
}

/** So many documents or characters go to the server at once. */
const batchDocuments = 500, batchCharacters = 1 << 20;
/** More problems are counted, not told. */
const maxProblems = 100;
const maxCharacters = 300; // of a problem

/** Reads a file, and inserts its documents as they come. Whatever is wrong with one document does not keep out the others. */
export class Import {
  private readonly table: TableName;
  private readonly conflict: Conflict;
  private readonly onProgress: (progress: ImportProgress) => void;
  private progress: ImportProgress = { bytes: 0, inserted: 0, replaced: 0, unchanged: 0, failed: 0, problems: [] };
  private batch: Datum[] = [];
  private characters = 0;

  constructor(table: TableName, conflict: Conflict, onProgress: (progress: ImportProgress) => void) {
    this.table = table;
    this.conflict = conflict;
    this.onProgress = onProgress;
  }

  /** Ends early when the signal says so; what is written then stays. */
  async run(file: Blob, signal: AbortSignal): Promise<ImportProgress> {
    const splitter = new Splitter();
    const decoder = new TextDecoder('utf-8', { fatal: true });
    const reader = file.stream().getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        await this.add(done ? [...splitter.push(decoder.decode()), ...splitter.end()] : splitter.push(decoder.decode(value, { stream: true })), signal);
        this.tell({ bytes: this.progress.bytes + (value?.length ?? 0) });
        if (done || signal.aborted) {
          break;
        }
      }
      if (!signal.aborted) {
        await this.flush();
      }
    } catch (error) {
      if (error instanceof TypeError) { // of the decoder
        throw new Error('The file is no text in UTF-8.', { cause: error });
      }
      throw error;
    } finally {
      await reader.cancel();
    }
    return this.progress;
  }

  private async add(pieces: readonly Piece[], signal: AbortSignal): Promise<void> {
    for (const { text, line } of pieces) {
      if (signal.aborted) {
        return;
      }
      const document = parseDocument(text);
      if (typeof document === 'string') {
        this.fail(1, [`Line ${line}: ${document}`]);
        continue;
      }
      this.batch.push(document);
      this.characters += text.length;
      if (this.batch.length >= batchDocuments || this.characters >= batchCharacters) {
        await this.flush();
      }
    }
  }

  private async flush(): Promise<void> {
    const documents = this.batch;
    if (documents.length === 0) {
      return;
    }
    this.batch = [];
    this.characters = 0;
    try {
      const { inserted, replaced, unchanged, errors, problems } = await run<Written & { problems: string[] }>(`
        r.db(db).table(name).insert(documents, {conflict: conflict, returnChanges: "always"}).do(written =>
          written.without("changes").merge({
            problems: written("changes").default([]).hasFields("error")("error").limit(most).coerceTo("array"),
          }))`, { ...named(this.table), documents: data(documents), conflict: this.conflict, most: maxProblems });
      this.fail(errors, problems);
      this.tell({ inserted: this.progress.inserted + inserted, replaced: this.progress.replaced + replaced, unchanged: this.progress.unchanged + unchanged });
    } catch (error) {
      if (!(error instanceof ServerError) || error.forbidden) {
        throw error;
      }
      this.fail(documents.length, [error.message]);
    }
  }

  private fail(count: number, problems: readonly string[]): void {
    const shown = problems.map(problem => problem.length > maxCharacters ? `${problem.slice(0, maxCharacters)}…` : problem);
    this.tell({ failed: this.progress.failed + count, problems: [...this.progress.problems, ...shown].slice(0, maxProblems) });
  }

  private tell(change: Partial<ImportProgress>): void {
    this.progress = { ...this.progress, ...change };
    this.onProgress(this.progress);
  }
}

/** The document of a text, or what is wrong with it. */
function parseDocument(text: string): Exclude<Datum, string> | string {
  let value: Datum;
  try {
    value = JSON.parse(text) as Datum;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return value === null || typeof value !== 'object' || Array.isArray(value) ? 'This is no document: documents are objects.' : value;
}
