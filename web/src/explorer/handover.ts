import { goTo } from '../shell/route.ts';

/** A query of another screen that the explorer has not taken yet. It is in no address and in no storage: other pages cannot put one there. */
let handed: string | undefined;

/** Opens the Data Explorer with a query in its editor. It is not run: that is for whoever reads it to decide. */
export function openInExplorer(query: string): void {
  handed = query;
  goTo('dataexplorer');
}

/** The query that the explorer was opened with, once. */
export function takeHanded(): string | undefined {
  const query = handed;
  handed = undefined;
  return query;
}
