import { QueryError, type Span, type Term } from '../reql/term.ts';
import { Disconnected, ServerError } from '../server/connection.ts';

export interface Failure {
  readonly title: string;
  readonly message: string;
  /** The text that was run, and the part of it that is to blame. */
  readonly text: string;
  readonly blamed?: Span;
  /** Where that part is in the editor. */
  readonly span?: Span;
}

const expiredMessage = 'This HTTP connection is not open.';

/** What to say of an error of a text that stands at `offset` in the editor. */
export function failureOf(error: unknown, text: string, query: Term | undefined, offset: number): Failure {
  const about = (title: string, message: string, blamed?: Span): Failure =>
    ({ title, message, text, ...(blamed ? { blamed, span: { from: blamed.from + offset, to: blamed.to + offset } } : {}) });
  if (error instanceof QueryError) {
    return about('JavaScript error', error.message, error.span);
  }
  if (error instanceof ServerError) {
    return error.message === expiredMessage
      ? about('Server error', 'No more data available, the cursor timed out. Re-execute the query to retrieve more results.')
      : about(`Server error: ${error.kind}`, error.message, query?.find(error.backtrace).span);
  }
  return about(error instanceof Disconnected ? 'Connection error' : 'Error', error instanceof Error ? error.message : String(error));
}
