import { parse } from '../../reql/parse.ts';
import { Disconnected, ServerError, type Cursor, type Datum } from '../../server/connection.ts';
import { connection } from '../../server/query.ts';
import type { Page, Pager } from './pager.ts';
import type { Query } from './range.ts';

/** Pages that are kept to go back to; those before are forgotten. */
const maxPages = 50;

/**
 * Pages in any order. A secondary index has no key to go on from that every kind of index would give away, so the server keeps a
 * cursor; pages that were seen are kept here.
 */
export class CursorPager implements Pager {
  private readonly query: Query;
  private readonly size: number;
  private cursor: Cursor | undefined;
  /** Rows that have come and are on no page yet. */
  private waiting: Datum[] = [];
  private pages: (readonly Datum[])[] = [];
  private at = 0;
  /** How many pages before the first of `pages` are forgotten. */
  private forgotten = 0;

  constructor(query: Query, size: number) {
    this.query = query;
    this.size = size;
  }

  async first(): Promise<Page> {
    this.close();
    this.pages = [];
    this.waiting = [];
    this.at = this.forgotten = 0;
    const cursor = await connection.start(parse(this.query.text, this.query.parameters)[0]!);
    this.cursor = cursor;
    this.take(cursor.first.rows, cursor.first.atom);
    this.pages.push(await this.fetch());
    return this.page();
  }

  async next(): Promise<Page> {
    if (this.at + 1 < this.pages.length) {
      this.at++;
      return this.page();
    }
    const rows = await this.fetch();
    if (rows.length > 0) {
      this.pages.push(rows);
      if (this.pages.length > maxPages) {
        this.pages.shift();
        this.forgotten++;
      }
      this.at = this.pages.length - 1;
    }
    return this.page();
  }

  async previous(): Promise<Page> {
    this.at = Math.max(0, this.at - 1);
    return this.page();
  }

  async again(): Promise<Page> {
    const number = this.forgotten + this.at;
    let page = await this.first();
    for (let i = 0; i < number && !page.last; i++) {
      page = await this.next();
    }
    return page;
  }

  close(): void {
    this.cursor?.stop().catch((error: unknown) => {
      if (!(error instanceof ServerError || error instanceof Disconnected)) { // then it is gone anyway
        throw error;
      }
    });
    this.cursor = undefined;
  }

  /** The rows of the next page. One more is read, to know whether there is another page. */
  private async fetch(): Promise<readonly Datum[]> {
    while (this.cursor?.open && this.waiting.length <= this.size) {
      this.take((await this.cursor.next()).rows, false);
    }
    return this.waiting.splice(0, this.size);
  }

  private take(rows: readonly Datum[], atom: boolean): void {
    this.waiting.push(...(atom && Array.isArray(rows[0]) ? rows[0] : rows));
  }

  private page(): Page {
    return { rows: this.pages[this.at] ?? [], first: this.at === 0, last: this.at === this.pages.length - 1 && this.waiting.length === 0 && !this.cursor?.open };
  }
}
