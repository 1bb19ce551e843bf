// The figures of the table stats as they come in, and what they were in the last two minutes.

import { signal, type ReadonlySignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';

import { follow, sourceOf } from './live.ts';

/** The key of a row of stats. */
export type StatsID = readonly ['cluster'] | readonly ['server', string] | readonly ['table', string];

export interface StatsRow {
  readonly id: readonly string[];
  readonly query_engine: {
    readonly read_docs_per_sec: number;
    readonly written_docs_per_sec: number;
    /** The rest is not known of tables. */
    readonly queries_per_sec?: number;
    readonly client_connections?: number;
    readonly clients_active?: number;
  };
}

/** One sample a second, oldest first. A value is null for a time when nobody looked. */
export interface History {
  readonly times: readonly number[]; // seconds since 1970
  readonly reads: readonly (number | null)[];
  readonly writes: readonly (number | null)[];
}

export interface Stats {
  /** Undefined until the server has told. */
  readonly row?: StatsRow;
  readonly history: History;
  readonly error?: unknown;
}

/** How far histories go back, in seconds. */
export const historySeconds = 120;

/** Follows one row of stats while the component is there. All who follow the same row share it, with its history. */
export function useStats(id: StatsID): ReadonlySignal<Stats> {
  const key = JSON.stringify(id);
  const recorder = useMemo(() => recorderOf(key), [key]);
  useEffect(() => recorder.use(), [recorder]);
  return recorder.stats;
}

const recorders = new Map<string, Recorder>();

function recorderOf(key: string): Recorder {
  let recorder = recorders.get(key);
  if (!recorder) {
    recorder = new Recorder(key);
    recorders.set(key, recorder);
  }
  return recorder;
}

/** Keeps the history of one row. It remains for a while when nobody uses it: people come back to a screen. */
class Recorder {
  readonly stats = signal<Stats>({ history: { times: [], reads: [], writes: [] } });
  private readonly key: string;
  private users = 0;
  private stop: (() => void) | undefined;
  private forget = 0;

  constructor(key: string) { this.key = key; }

  use(): () => void {
    if (this.users++ === 0) {
      this.start();
    }
    return () => {
      if (--this.users === 0) {
        this.stop?.();
        this.forget = window.setTimeout(() => recorders.delete(this.key), historySeconds * 1000);
      }
    };
  }

  private start(): void {
    clearTimeout(this.forget);
    recorders.set(this.key, this);
    const source = sourceOf(`r.db("rethinkdb").table("stats").getAll(${this.key}).changes({includeInitial: true, includeStates: true})`);
    const leave = follow(source);
    const sample = () => {
      const { rows, error } = source.followed.peek();
      const row = rows?.values().next().value as StatsRow | undefined;
      this.stats.value = {
        history: error === undefined && row === undefined ? this.stats.peek().history : extend(this.stats.peek().history, error === undefined ? row : undefined),
        ...(row ? { row } : {}), ...(error === undefined ? {} : { error }),
      };
    };
    let shown = false;
    const unsubscribe = source.followed.subscribe(({ rows, error }) => { // the first figures show at once
      if (!shown && (rows !== undefined || error !== undefined)) {
        shown = true;
        sample();
      }
    });
    const timer = setInterval(sample, 1000);
    this.stop = () => {
      unsubscribe();
      clearInterval(timer);
      leave();
    };
  }
}

/** The history with one more sample, and without what is too old. After a pause there is a gap, not a line. */
function extend(history: History, row: StatsRow | undefined): History {
  const now = Date.now() / 1000;
  const last = history.times.at(-1);
  const gap = last !== undefined && now - last > 5 ? [null] : [];
  const from = history.times.findIndex(time => time >= now - historySeconds - 2);
  const kept = <T>(list: readonly T[]) => from < 0 ? [] : list.slice(from);
  const engine = row?.query_engine;
  return {
    times: [...kept(history.times), ...gap.map(() => now - 1), now],
    reads: [...kept(history.reads), ...gap, engine?.read_docs_per_sec ?? null],
    writes: [...kept(history.writes), ...gap, engine?.written_docs_per_sec ?? null],
  };
}
