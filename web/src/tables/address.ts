import { hrefOf } from '../shell/route.ts';

/** The address of a table, or of a part of it. */
export const tableAddress = (id: string, ...part: readonly string[]): string => hrefOf('tables', id, ...part);

/** Where a document is looked up by what somebody has typed as its primary key. */
export const documentAddress = (id: string, key: string): string => hrefOf('tables', id, 'documents', key);
