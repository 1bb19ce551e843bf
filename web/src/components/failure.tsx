import { ServerError } from '../server/connection.ts';

export const textOfError = (error: unknown): string => isForbidden(error) ? error.message.replace('Unexpected exception: ', '') : error instanceof Error ? error.message : String(error);

/** Whether the user lacks a permission. */
export const isForbidden = (error: unknown): error is ServerError => error instanceof ServerError && error.forbidden;

/** An error in place of what could not be shown. */
export function Failure({ error }: { error: unknown }) {
  return <div class="failure" role="alert">
    <strong>{isForbidden(error) ? 'Your user may not see this.' : error instanceof ServerError ? error.kind : 'Error'}</strong>
    <p class="text">{textOfError(error)}</p>
  </div>;
}
