// Log entries as far as they have been read: the newest, those that come, and older ones when somebody wants them.

import { signal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';

import { follow, sourceOf } from '../server/live.ts';
import { run } from '../server/query.ts';
import { newLogsFeed, type LogEntry } from '../server/rows.ts';

export interface Log {
  /** Newest first. Undefined until they are known. */
  readonly entries?: readonly LogEntry[];
  /** There are no older ones. */
  readonly whole: boolean;
  readonly loading: boolean;
  readonly error?: unknown;
}

/** An open page does not keep more than that; the servers do not show more than 1,000 of each of them either. */
const maxEntries = 10_000;

/** Follows the log while the component is there, beginning with so many entries. more() reads older ones. */
export function useLog(first: number): { readonly log: ReadonlySignal<Log>; readonly more: (count: number) => Promise<void> } {
  const history = useMemo(() => new LogHistory(first), [first]);
  useEffect(() => history.follow(), [history]);
  return useMemo(() => ({ log: history.log, more: count => history.more(count) }), [history]);
}

class LogHistory {
  readonly log = signal<Log>({ whole: false, loading: false });
  private readonly first: number;
  private began = 0;

  constructor(first: number) { this.first = first; }

  follow(): () => void {
    const source = sourceOf(newLogsFeed);
    const leave = follow(source);
    const unsubscribe = source.followed.subscribe(({ rows, began, error }) => {
      if (error !== undefined) {
        this.set({ error });
      } else if (rows !== undefined) {
        this.add([...rows.values()] as readonly { readonly id: unknown }[] as readonly LogEntry[]);
        if (began !== this.began) { // what came between two feeds is in neither
          this.began = began;
          void this.begin();
        }
      }
    });
    return () => {
      unsubscribe();
      leave();
    };
  }

  /** Reads older entries. */
  async more(count: number): Promise<void> {
    const { entries, whole, loading } = this.log.peek();
    const oldest = entries?.at(-1);
    if (whole || loading || !oldest) {
      return;
    }
    this.set({ loading: true });
    try {
      const older = await page(count, `.between(r.minval, ${JSON.stringify(oldest.id)})`);
      this.add(older);
      this.set({ whole: older.length < count, loading: false });
    } catch (error) {
      this.set({ error, loading: false });
    }
  }

  /** Reads the newest entries. Where they do not reach back to those that are here already, the older ones are forgotten. */
  private async begin(): Promise<void> {
    try {
      const newest = await page(this.first, '');
      const { entries = [] } = this.log.peek();
      const known = new Set(entries.map(keyOf));
      if (newest.length === this.first && !newest.some(entry => known.has(keyOf(entry)))) {
        this.log.value = { entries: newest, whole: false, loading: false };
      } else {
        this.add(newest);
        this.set({ whole: this.log.peek().whole || newest.length < this.first });
      }
    } catch (error) {
      this.set({ error });
    }
  }

  private add(some: readonly LogEntry[]): void {
    const { entries, error: _, ...rest } = this.log.peek();
    const all = new Map([...entries ?? [], ...some].map(entry => [keyOf(entry), entry]));
    if (entries === undefined || all.size > entries.length) {
      this.log.value = { ...rest, entries: [...all.values()].sort((a, b) => b.id[0] === a.id[0] ? 0 : b.id[0] < a.id[0] ? -1 : 1).slice(0, maxEntries) };
    }
  }

  private set(change: Partial<Log>): void { this.log.value = { ...this.log.peek(), ...change }; }
}

export const keyOf = (entry: LogEntry): string => entry.id.join();

const page = (count: number, range: string): Promise<readonly LogEntry[]> =>
  run(`r.db("rethinkdb").table("logs")${range}.orderBy({index: r.desc("id")}).limit(${count})`);
