import { ServerError } from '../server/connection.ts';

export const textOfError = (error: unknown): string => error instanceof Error ? error.message : String(error);

/** An error in place of what could not be shown. */
export function Failure({ error }: { error: unknown }) {
  const forbidden = error instanceof ServerError && error.kind === 'ReqlPermissionError';
  return <div class="failure" role="alert">
    <strong>{forbidden ? 'Your user may not see this.' : error instanceof ServerError ? error.kind : 'Error'}</strong>
    <p class="text">{textOfError(error)}</p>
  </div>;
}
