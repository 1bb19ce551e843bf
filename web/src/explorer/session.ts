import { batch, computed, signal } from '@preact/signals';

import { ungroup } from '../components/pseudotype.ts';
import { parse } from '../reql/parse.ts';
import type { Term } from '../reql/term.ts';
import { Connection, Disconnected, ServerError, type Batch, type Cursor, type Datum } from '../server/connection.ts';
import { noteFields } from './editor/names.ts';
import { failureOf, type Failure } from './failure.ts';
import { remember } from './history.ts';
import { options } from './options.ts';

/** How many events wait while a feed is paused; older ones are dropped. */
const maxWaiting = 10_000;
/** What the page keeps of a result. An export has the rest, too. */
export const maxRows = 200_000;
const maxBytes = 256 << 20;

export interface HowToRun {
  readonly profile?: boolean;
  readonly explain?: boolean;
  /** Where the text begins in the editor. */
  readonly offset?: number;
}

/** One query at a time, and what has come of it. */
export class Session {
  readonly running = signal(false);
  readonly failure = signal<Failure | undefined>();
  /** Counts the queries, so that what shows results knows when it has to begin anew. */
  readonly number = signal(0);
  /** Rows that were fetched; of a feed, the newest first. */
  readonly rows = signal<readonly Datum[]>([]);
  /** How many of them are shown. */
  readonly shown = signal(0);
  readonly kind = signal<'none' | 'value' | 'rows' | 'feed'>('none');
  /** The server may have more rows. */
  readonly more = signal(false);
  /** Rows that were read, for an export, but not kept. */
  readonly dropped = signal(0);
  readonly profile = signal<Datum>(null);
  /** Milliseconds: from here to the server and back, and what the server says that it needed. */
  readonly took = signal<{ readonly roundTrip: number; readonly server: number } | undefined>();
  readonly paused = signal(false);
  readonly waiting = signal(0);
  readonly events = signal(0);
  readonly aborted = signal(false);

  readonly visible = computed(() => this.shown.value >= this.rows.value.length ? this.rows.value : this.rows.value.slice(0, this.shown.value));
  readonly moreToShow = computed(() => this.more.value || this.rows.value.length > this.shown.value);

  private readonly connection = new Connection();
  private cursor: Cursor | undefined;
  private query: Term | undefined;
  private text = '';
  private offset = 0;
  private bytes = 0;
  private controller = new AbortController();
  private held: readonly Datum[] = [];

  /** Runs the queries of a text one after the other; what the last one answers is the result. */
  async run(text: string, { profile = false, explain = false, offset = 0 }: HowToRun = {}): Promise<void> {
    await this.abort();
    const controller = this.begin(text, offset);
    try {
      const queries = parse(text);
      const began = performance.now();
      for (const query of queries) {
        await this.cursor?.stop(); // of the query before: nobody looks at its rows
        this.query = query;
        this.cursor = await this.connection.start(query, { profile, explain, signal: controller.signal });
      }
      const { first } = this.cursor!;
      batch(() => {
        this.took.value = { roundTrip: performance.now() - began, server: first.milliseconds };
        this.profile.value = profile ? first.profile : null;
        this.kind.value = first.feed ? 'feed' : first.atom && !isRows(first) ? 'value' : 'rows';
        this.take(first);
      });
      noteFields(this.rows.value);
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
      this.end(controller);
    }
  }

  /** Shows the next page, and fetches what is missing of it. */
  next(): Promise<void> { return this.show(this.shown.value + options.value.rowsPerPage); }

  /** Shows all rows, as many as the page can keep. */
  all(): Promise<void> { return this.show(maxRows); }

  /** Hands out all rows from the first, also those that the page does not keep, some at a time. It leaves none unread. */
  async drain(onRows: (rows: readonly Datum[]) => Promise<void>): Promise<void> {
    const { controller } = this;
    this.running.value = true;
    try {
      for (let given = 0; !controller.signal.aborted;) {
        const rows = this.rows.value;
        if (given < rows.length) {
          await onRows(rows.slice(given, given + drainedAtOnce));
          given = Math.min(given + drainedAtOnce, rows.length);
        } else if (this.cursor?.open && this.kind.value === 'rows') {
          const extra = this.take(await this.cursor.next(controller.signal));
          if (extra.length > 0) {
            await onRows(extra);
          }
        } else {
          break;
        }
      }
      controller.signal.throwIfAborted();
    } finally {
      this.end(controller);
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
    batch(() => {
      this.running.value = false;
      this.more.value = false;
    });
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
    const held = this.held;
    this.held = [];
    batch(() => {
      this.paused.value = false;
      this.waiting.value = 0;
      this.prepend(held);
    });
  }

  async close(): Promise<void> {
    await this.abort();
    await this.connection.close();
  }

  private begin(text: string, offset: number): AbortController {
    const controller = new AbortController();
    this.controller = controller;
    this.held = [];
    this.text = text;
    this.offset = offset;
    this.bytes = 0;
    this.query = undefined;
    batch(() => {
      this.number.value++;
      this.running.value = true;
      this.aborted.value = this.paused.value = this.more.value = false;
      this.failure.value = this.took.value = undefined;
      this.rows.value = [];
      this.shown.value = options.value.rowsPerPage;
      this.kind.value = 'none';
      this.waiting.value = this.events.value = this.dropped.value = 0;
      this.profile.value = null;
    });
    return controller;
  }

  private end(controller: AbortController): void {
    if (this.controller === controller) {
      this.running.value = false;
    }
  }

  private async show(upTo: number): Promise<void> {
    if (this.running.value || this.kind.value !== 'rows') {
      return;
    }
    const { controller } = this;
    this.running.value = true;
    try {
      while (this.cursor?.open && this.rows.value.length < upTo && this.roomLeft) {
        this.take(await this.cursor.next(controller.signal));
        this.shown.value = Math.min(upTo, this.rows.value.length);
      }
      this.shown.value = Math.min(upTo, this.rows.value.length);
    } catch (error) {
      this.fail(error, controller.signal);
    } finally {
      this.end(controller);
    }
  }

  /** Waits for the events of a feed until it ends or is aborted. */
  private async follow(signal: AbortSignal): Promise<void> {
    while (this.cursor?.open && !signal.aborted) {
      const batchOfEvents = await this.cursor.next(signal);
      if (!signal.aborted) {
        this.take(batchOfEvents);
      }
    }
  }

  private get roomLeft(): boolean { return this.rows.value.length < maxRows && this.bytes < maxBytes; }

  /** Takes rows in. Gives those for which there is no room. */
  private take(from: Batch): readonly Datum[] {
    this.more.value = from.more;
    this.bytes += from.bytes;
    if (this.kind.value === 'feed') {
      this.takeEvents(from.rows);
      return [];
    }
    const rows = from.atom && isRows(from) ? from.rows[0] as Datum[] : from.rows;
    const grouped = rows.length === 1 ? ungroup(rows[0]!) : undefined;
    if (grouped) {
      this.kind.value = 'rows';
    }
    if (!this.roomLeft) {
      this.dropped.value += rows.length;
      return rows;
    }
    this.rows.value = this.rows.value.concat(grouped ?? rows);
    return [];
  }

  private takeEvents(events: readonly Datum[]): void {
    if (events.length === 0) {
      return;
    }
    noteFields(events);
    batch(() => {
      this.events.value += events.length;
      if (this.paused.value) {
        this.held = [...this.held, ...events].slice(-maxWaiting);
        this.waiting.value = this.held.length;
      } else {
        this.prepend(events);
      }
    });
  }

  private prepend(events: readonly Datum[]): void {
    this.rows.value = [...events.toReversed(), ...this.rows.value].slice(0, options.value.rowsPerPage);
  }

  private fail(error: unknown, signal: AbortSignal): void {
    if (!signal.aborted) {
      this.more.value = false;
      this.failure.value = failureOf(error, this.text, this.query, this.offset);
    }
  }
}

/** How many rows an export gets at once. */
const drainedAtOnce = 5000;

/** An array that is the answer is shown as its elements. */
const isRows = (from: Batch): boolean => Array.isArray(from.rows[0]);
