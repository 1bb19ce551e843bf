import { batch, computed, signal } from '@preact/signals';

import { ungroup } from '../components/pseudotype.ts';
import { parse } from '../reql/parse.ts';
import { QueryError, type Span, type Term } from '../reql/term.ts';
import { Connection, Disconnected, ServerError, type Batch, type Cursor, type Datum } from '../server/connection.ts';
import { remember } from './history.ts';

/** How many rows a page of results has, and how many events of a feed are kept. */
export const pageRows = 40;
/** How many events wait while a feed is paused; older ones are dropped, and counted. */
const maxWaiting = 10_000;

export interface Failure {
  readonly kind: string;
  readonly message: string;
  readonly span?: Span;
}

/** The session of the explorer: one query at a time, and what has come of it. */
export class ExplorerSession {
  readonly running = signal(false);
  readonly failure = signal<Failure | undefined>();
  /** Rows that were fetched; of a feed, the newest first. */
  readonly rows = signal<readonly Datum[]>([]);
  /** How many of them are shown. */
  readonly shown = signal(pageRows);
  readonly kind = signal<'none' | 'value' | 'rows' | 'feed'>('none');
  readonly more = signal(false);
  readonly profile = signal<Datum>(null);
  /** Milliseconds: from here to the server and back, and what the server says that it needed. */
  readonly took = signal<{ roundTrip: number; server: number } | undefined>();
  readonly paused = signal(false);
  readonly waiting = signal(0);
  readonly events = signal(0);
  readonly aborted = signal(false);

  readonly visible = computed(() => this.rows.value.slice(0, this.shown.value));

  private readonly connection = new Connection();
  private cursor: Cursor | undefined;
  private query: Term | undefined;
  private controller = new AbortController();
  private held: Datum[] = [];

  /** Runs the queries of a text one after the other; what the last one answers is the result. */
  async run(text: string, profile: boolean): Promise<void> {
    await this.abort();
    const controller = new AbortController();
    this.controller = controller;
    this.held = [];
    batch(() => {
      this.running.value = true;
      this.aborted.value = this.paused.value = this.more.value = false;
      this.failure.value = this.took.value = undefined;
      this.rows.value = [];
      this.shown.value = pageRows;
      this.kind.value = 'none';
      this.waiting.value = this.events.value = 0;
      this.profile.value = null;
    });
    try {
      const queries = parse(text);
      const began = performance.now();
      for (const query of queries) {
        await this.cursor?.stop(); // of the query before: nobody looks at its rows
        this.query = query;
        this.cursor = await this.connection.start(query, { profile, signal: controller.signal });
      }
      const first = this.cursor!.first;
      batch(() => {
        this.took.value = { roundTrip: performance.now() - began, server: first.milliseconds };
        this.profile.value = profile ? first.profile : null;
        this.kind.value = first.feed ? 'feed' : first.atom && !isRows(first) ? 'value' : 'rows';
        this.take(first);
      });
      remember(text, false);
      if (first.feed) {
        await this.follow(controller.signal);
      }
    } catch (error) {
      this.fail(error, controller.signal);
      if (!controller.signal.aborted) {
        remember(text, true);
      }
    } finally {
      if (this.controller === controller) {
        this.running.value = false;
      }
    }
  }

  /** Shows the next page, and fetches what is missing of it. */
  async next(): Promise<void> {
    const { signal } = this.controller;
    const shown = this.shown.value + pageRows;
    try {
      this.running.value = true;
      while (this.cursor?.open && this.rows.value.length < shown) {
        this.take(await this.cursor.next(signal));
      }
      this.shown.value = shown;
    } catch (error) {
      this.fail(error, signal);
    } finally {
      this.running.value = false;
    }
  }

  /** Ends what is running, on the server too. */
  async abort(): Promise<void> {
    const cursor = this.cursor;
    this.cursor = undefined;
    if (this.running.value) {
      this.aborted.value = true;
    }
    const stopped = cursor?.stop(); // before the request that waits for its rows is given up
    this.controller.abort();
    this.running.value = false;
    this.more.value = false;
    try {
      await stopped;
    } catch (error) {
      if (!(error instanceof Disconnected || error instanceof ServerError)) { // it is as gone as it can be
        throw error;
      }
    }
  }

  pause(): void { this.paused.value = true; }

  resume(): void {
    this.paused.value = false;
    const held = this.held;
    this.held = [];
    this.waiting.value = 0;
    this.show(held);
  }

  async close(): Promise<void> {
    await this.abort();
    await this.connection.close();
  }

  /** Waits for the events of a feed until it ends or is aborted. */
  private async follow(signal: AbortSignal): Promise<void> {
    while (this.cursor?.open && !signal.aborted) {
      this.take(await this.cursor.next(signal));
    }
  }

  private take(from: Batch): void {
    this.more.value = from.more;
    if (this.kind.value !== 'feed') {
      const rows = from.atom && isRows(from) ? from.rows[0] as Datum[] : from.rows;
      const grouped = rows.length === 1 ? ungroup(rows[0]!) : undefined;
      this.rows.value = [...this.rows.value, ...(grouped ?? rows)];
      if (grouped) {
        this.kind.value = 'rows';
      }
      return;
    }
    this.events.value += from.rows.length;
    if (this.paused.value) {
      this.held = [...this.held, ...from.rows].slice(-maxWaiting);
      this.waiting.value = this.held.length;
    } else {
      this.show(from.rows);
    }
  }

  private show(events: readonly Datum[]): void {
    this.rows.value = [...[...events].reverse(), ...this.rows.value].slice(0, pageRows);
  }

  private fail(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) {
      return;
    }
    this.more.value = false;
    if (error instanceof QueryError) {
      this.failure.value = { kind: 'Query', message: error.message, span: error.span };
    } else if (error instanceof ServerError) {
      const expired = error.message === 'This HTTP connection is not open.';
      const message = expired ? 'No more data available, the cursor timed out. Re-execute the query to retrieve more results.' : error.message;
      this.failure.value = this.query && !expired ? { kind: error.kind, message, span: this.query.find(error.backtrace).span } : { kind: error.kind, message };
    } else {
      this.failure.value = { kind: error instanceof Disconnected ? 'Connection' : 'Error', message: error instanceof Error ? error.message : String(error) };
    }
  }
}

/** An array that is the answer is shown as its elements. */
const isRows = (from: Batch): boolean => Array.isArray(from.rows[0]);
