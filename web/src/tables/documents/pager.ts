import type { Datum } from '../../server/connection.ts';

export interface Page {
  readonly rows: readonly Datum[];
  /** There is nothing before it. */
  readonly first: boolean;
  /** There is nothing after it. */
  readonly last: boolean;
}

/** Goes through documents a page at a time. One thing at a time: whoever asks waits for the answer first. */
export interface Pager {
  first(): Promise<Page>;
  next(): Promise<Page>;
  previous(): Promise<Page>;
  /** The same page as it is now. */
  again(): Promise<Page>;
  /** Ends what may be going on at the server. */
  close(): void;
}
