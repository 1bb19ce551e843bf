import { data } from '../../reql/data.ts';
import type { Term } from '../../reql/term.ts';
import type { Datum } from '../../server/connection.ts';
import { run } from '../../server/query.ts';
import { named, type TableName } from '../view/table.ts';
import { keyOf } from './keys.ts';
import type { Page, Pager } from './pager.ts';
import type { Bounds } from './range.ts';

/**
 * Pages in the order of the primary key. Each begins where the last ended, by key: no documents are skipped over, whatever has come
 * or gone meanwhile, and the server keeps nothing between two pages.
 */
export class KeyPager implements Pager {
  private readonly table: TableName;
  private readonly primaryKey: string;
  private readonly bounds: Bounds;
  private readonly descending: boolean;
  private readonly size: number;
  private page: Page = { rows: [], first: true, last: true };

  constructor(table: TableName, primaryKey: string, bounds: Bounds, descending: boolean, size: number) {
    this.table = table;
    this.primaryKey = primaryKey;
    this.bounds = bounds;
    this.descending = descending;
    this.size = size;
  }

  async first(): Promise<Page> {
    const { rows, more } = await this.read({ ...this.bounds, includesLower: true, includesUpper: true }, this.descending);
    return this.page = { rows, first: true, last: !more };
  }

  async next(): Promise<Page> {
    const last = this.page.rows.at(-1);
    if (last === undefined) {
      return this.first();
    }
    const { rows, more } = await this.read(this.beyond(last, this.descending, false), this.descending);
    return rows.length === 0 ? this.page = { ...this.page, last: true } : this.page = { rows, first: false, last: !more };
  }

  async previous(): Promise<Page> {
    const first = this.page.rows[0];
    if (first === undefined) {
      return this.first();
    }
    const { rows, more } = await this.read(this.beyond(first, !this.descending, false), !this.descending);
    return rows.length < this.size ? this.first() : this.page = { rows: rows.reverse(), first: !more, last: false }; // a page of a few rows only would look odd
  }

  async again(): Promise<Page> {
    const first = this.page.rows[0];
    if (first === undefined || this.page.first) {
      return this.first();
    }
    const { rows, more } = await this.read(this.beyond(first, this.descending, true), this.descending);
    return rows.length === 0 ? this.first() : this.page = { rows, first: false, last: !more };
  }

  close(): void { /* nothing is kept */ }

  /** What comes after a row in an order, with or without the row itself. */
  private beyond(row: Datum, descending: boolean, included: boolean): Interval {
    const key = data(keyOf(row, this.primaryKey));
    return descending
      ? { lower: this.bounds.lower, upper: key, includesLower: true, includesUpper: included }
      : { lower: key, upper: this.bounds.upper, includesLower: included, includesUpper: true };
  }

  private async read({ lower, upper, includesLower, includesUpper }: Interval, descending: boolean): Promise<{ rows: Datum[]; more: boolean }> {
    const rows = await run<Datum[]>(`
      r.db(db).table(name)
        .between(lower, upper, {leftBound: left, rightBound: right})
        .orderBy({index: ${descending ? 'r.desc(key)' : 'key'}})
        .limit(n)`,
      { ...named(this.table), key: this.primaryKey, lower, upper, left: includesLower ? 'closed' : 'open', right: includesUpper ? 'closed' : 'open', n: this.size + 1 });
    return { rows: rows.slice(0, this.size), more: rows.length > this.size };
  }
}

interface Interval {
  readonly lower: Term;
  readonly upper: Term;
  readonly includesLower: boolean;
  readonly includesUpper: boolean;
}
