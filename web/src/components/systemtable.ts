import { useMemo } from 'preact/hooks';

import { useLive } from '../server/live.ts';
import { isForbidden } from './failure.tsx';

export interface SystemTable<Row> {
  /** Undefined until they are known, and when the user may no longer see them. They stay while there is another error. */
  readonly rows?: readonly Row[];
  readonly error?: unknown;
}

/** All rows of a system table, kept up to date while the component is there. */
export function useSystemTable<Row extends { readonly id: unknown }>(name: string): SystemTable<Row> {
  const { rows, error } = useLive<Row>(`r.db("rethinkdb").table("${name}").changes({includeInitial: true, includeStates: true})`).value;
  return useMemo(() => ({ ...(rows && !isForbidden(error) ? { rows: [...rows.values()] } : {}), ...(error === undefined ? {} : { error }) }), [rows, error]);
}
