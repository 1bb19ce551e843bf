import { QueryError, type Span, type Term } from '../reql/term.ts';
import { Disconnected, ServerError } from '../server/connection.ts';

export interface Failure {
  readonly title: string;
  readonly message: string;
  /** The text that is to blame, in the editor. */
  readonly span?: Span;
}

const expiredMessage = 'This HTTP connection is not open.';

/** What to say of an error of a query that stands at `offset` in the editor. */
export function failureOf(error: unknown, query: Term | undefined, offset: number): Failure {
  const at = ({ from, to }: Span): Span => ({ from: from + offset, to: to + offset });
  if (error instanceof QueryError) {
    return { title: 'JavaScript error', message: error.message, span: at(error.span) };
  }
  if (error instanceof ServerError) {
    if (error.message === expiredMessage) {
      return { title: 'Server error', message: 'No more data available, the cursor timed out. Re-execute the query to retrieve more results.' };
    }
    const span = query && at(query.find(error.backtrace).span);
    return { title: `Server error: ${error.kind}`, message: error.message, ...(span ? { span } : {}) };
  }
  const title = error instanceof Disconnected ? 'Connection error' : 'Error';
  return { title, message: error instanceof Error ? error.message : String(error) };
}
