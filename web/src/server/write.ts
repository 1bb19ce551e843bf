import type { Value } from '../reql/value.ts';
import { ServerError, type Datum } from './connection.ts';
import { run } from './query.ts';

/** What the server answers to a write. */
export interface Written {
  readonly deleted: number;
  readonly errors: number;
  readonly inserted: number;
  readonly replaced: number;
  readonly skipped: number;
  readonly unchanged: number;
  readonly first_error?: string;
  readonly generated_keys?: readonly string[];
  readonly changes?: readonly { readonly old_val: Datum; readonly new_val: Datum }[];
}

/** Runs a write to its end. A row that could not be written is an error here, where the server only counts it. */
export async function write(text: string, parameters: Readonly<Record<string, Value>> = {}): Promise<Written> {
  const written = await run<Written>(text, parameters);
  if (written.errors > 0) {
    throw new ServerError('ReqlOpFailedError', written.first_error ?? 'The write failed.', []);
  }
  return written;
}
