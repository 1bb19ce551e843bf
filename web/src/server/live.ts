// What screens follow of the server: feeds, all of them in one query. A browser has six connections to a server, and a feed keeps
// one of them busy; so the feeds of everything that is on screen become one union, and whoever follows the same shares it.

import { signal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';

import { parse } from '../reql/parse.ts';
import { Disconnected, ServerError, type Cursor } from './connection.ts';
import { connection } from './query.ts';
import { whenReachable } from './request.ts';

/** Rows that are followed, by their primary keys as JSON. */
export interface Followed<Row> {
  /** Undefined until the first rows are there. They stay while there is an error. */
  readonly rows?: ReadonlyMap<string, Row>;
  /** How often the feed has begun: what happened before is not among the rows of one without includeInitial. */
  readonly began: number;
  readonly error?: unknown;
}

type AnyRow = { readonly id: unknown };
type Change = { readonly state?: string; readonly new_val?: AnyRow | null; readonly old_val?: AnyRow | null };
type Item = { readonly [ofThisPage]: number; readonly change: Change };

/** The name in the queries of this page that lists of queries know them by. */
const ofThisPage = 'administration_page';

/** Whether a query follows something for an administration page, by its text. */
export const isOfPage = (query: string): boolean => query.includes(ofThisPage);

const paceMilliseconds = 300; // between two requests for changes, so that changes gather
/** After so long without changes the server says that there are none, before some proxy takes the request for dead. */
const quietSeconds = 20;
const maxNews = 2000; // of a feed that only tells what is new: older ones are forgotten
const hiddenMilliseconds = 60_000; // until a window that nobody sees stops following
const probeMilliseconds = 10_000; // until a feed that the server has refused is tried again
const retryMilliseconds = [500, 1000, 2000, 5000]; // after errors

class Source {
  readonly text: string;
  readonly followed = signal<Followed<AnyRow>>({ began: 0 });
  users = 0;
  refused = false;
  private began = 0;
  private rows = new Map<string, AnyRow>();
  private whole = true; // the feed has told what was there at first
  private initial: Map<string, AnyRow> | undefined; // while the feed tells what is there

  constructor(text: string) { this.text = text; }

  /** Takes in what the feed says. */
  apply({ state, new_val: now, old_val: before }: Change): void {
    if (state === 'initializing') {
      this.initial = new Map();
    } else if (state === 'ready') {
      this.whole = this.initial !== undefined;
      this.rows = this.initial ?? new Map();
      this.initial = undefined;
      this.began++;
    } else {
      const rows = this.initial ?? this.rows;
      if (before && !now) {
        rows.delete(JSON.stringify(before.id));
      } else if (now) {
        rows.set(JSON.stringify(now.id), now);
        if (this.initial === undefined && !this.whole && rows.size > maxNews) {
          rows.delete(rows.keys().next().value!);
        }
      }
    }
  }

  publish(): void {
    if (this.initial === undefined) {
      this.followed.value = { rows: new Map(this.rows), began: this.began };
    }
  }

  fail(error: unknown): void { this.followed.value = { ...this.followed.peek(), error }; }
}

const sources = new Map<string, Source>();
/** Ends the feed that is on. */
let end: (() => void) | undefined;
let planned = false;

/**
 * Follows a feed while the component is there. The text is a query in the language of the Data Explorer, which ends with a call of
 * changes that has includeStates: true, and includeInitial unless only news are wanted.
 */
export function useLive<Row extends { readonly id: unknown }>(text: string): ReadonlySignal<Followed<Row>> {
  const source = useMemo(() => sourceOf(text), [text]);
  useEffect(() => follow(source), [source]);
  return source.followed as ReadonlySignal<Followed<unknown>> as ReadonlySignal<Followed<Row>>;
}

/** The feed of a text, whether anybody follows it or not. */
export function sourceOf(text: string): Source {
  let source = sources.get(text);
  if (!source) {
    source = new Source(text);
    sources.set(text, source);
  }
  return source;
}

/** Follows a feed until the function that it gives is called. */
export function follow(source: Source): () => void {
  sources.set(source.text, source);
  if (source.users++ === 0) {
    source.refused = false;
    plan();
  }
  return () => {
    if (--source.users === 0) {
      sources.delete(source.text);
      plan();
    }
  };
}

/** Begins anew with what is followed now, once everything that changes at the moment has changed. */
function plan(): void {
  if (!planned) {
    planned = true;
    setTimeout(() => {
      planned = false;
      begin();
    });
  }
}

function begin(): void {
  end?.();
  const list = [...sources.values()].filter(source => source.users > 0);
  if (list.length === 0) {
    end = undefined;
    return;
  }
  const feed = new Feed(list);
  end = () => feed.stop();
  void feed.run();
}

let hiding = 0;
document.addEventListener('visibilitychange', () => {
  clearTimeout(hiding);
  if (document.hidden) {
    hiding = window.setTimeout(() => {
      end?.();
      end = undefined;
    }, hiddenMilliseconds);
  } else if (end === undefined) {
    begin();
  }
});

/** A page that is left says so, rather than letting the server wait for it; one that comes back from the browser's memory goes on. */
addEventListener('pagehide', () => {
  end?.();
  end = undefined;
  void connection.close().catch(() => undefined); // the server will find out
});
addEventListener('pageshow', event => {
  if (event.persisted) {
    begin();
  }
});

/** The union of some feeds, from its start to its end. */
class Feed {
  private readonly sources: readonly Source[];
  private readonly ending = new AbortController();
  private cursor: Cursor | undefined;
  private failures = 0;

  constructor(list: readonly Source[]) { this.sources = list; }

  stop(): void {
    this.ending.abort();
    this.cursor?.stop().catch(() => undefined); // a server that does not answer has ended it
  }

  private get ended(): boolean { return this.ending.signal.aborted; }

  async run(): Promise<void> {
    const probes = setInterval(() => void this.probe(), probeMilliseconds);
    while (!this.ended) {
      try {
        await this.follow();
      } catch (error) {
        if (this.ended) {
          break;
        }
        if (error instanceof Disconnected) { // of that the page tells
          await whenReachable();
          continue;
        }
        if (error instanceof ServerError && error.kind !== 'ReqlDriverError') {
          await this.findRefused();
        } else if (this.failures > 0) { // the first time it may be a connection that has expired, or an impatient proxy
          this.sources.forEach(source => source.fail(error));
        }
        await pause(retryMilliseconds[Math.min(this.failures++, retryMilliseconds.length - 1)]!, this.ending.signal);
      }
    }
    clearInterval(probes);
  }

  /** Follows the feeds that the server does not refuse, until there is an error. */
  private async follow(): Promise<void> {
    const list = this.sources.filter(source => !source.refused);
    if (list.length === 0) {
      await pause(probeMilliseconds, this.ending.signal);
      return;
    }
    const cursor = await start(list);
    this.cursor = cursor;
    this.failures = 0;
    if (this.ended) {
      await cursor.stop();
      return;
    }
    take(list, cursor.first.rows as readonly unknown[] as readonly Item[]);
    while (cursor.open && !this.ended) {
      await pause(paceMilliseconds, this.ending.signal);
      const { rows } = await cursor.next();
      if (!this.ended) {
        take(list, rows as readonly unknown[] as readonly Item[]);
      }
    }
  }

  /** Finds out which of the feeds the server refuses, for which an error of all does not tell. */
  private async findRefused(): Promise<void> {
    for (const source of this.sources) {
      await this.test(source);
    }
  }

  /** Tries feeds that were refused again. When one is no longer, everything begins anew. */
  private async probe(): Promise<void> {
    for (const source of this.sources.filter(source => source.refused)) {
      await this.test(source);
      if (!source.refused && !this.ended) {
        plan();
        return;
      }
    }
  }

  private async test(source: Source): Promise<void> {
    try {
      await (await start([source])).stop();
      source.refused = false;
    } catch (error) {
      if (!this.ended) {
        source.refused = error instanceof ServerError;
        source.fail(error);
      }
    }
  }
}

function start(list: readonly Source[]): Promise<Cursor> {
  const feeds = list.map(({ text }, i) => `(${text}).map(change => ({${ofThisPage}: ${i}, change: change}))`);
  return connection.start(parse(feeds.length === 1 ? feeds[0]! : `r.union(${feeds.join(', ')})`)[0]!, { maxBatchSeconds: quietSeconds });
}

function take(list: readonly Source[], items: readonly Item[]): void {
  const touched = new Set<Source>();
  for (const item of items) {
    const source = list[item[ofThisPage]]!;
    source.apply(item.change);
    touched.add(source);
  }
  touched.forEach(source => source.publish());
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
    if (signal.aborted) {
      done();
    }
  });
}
