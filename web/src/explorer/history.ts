import { signal } from '@preact/signals';

import { load, save } from './store.ts';

/** A query that was run. */
export interface Entry {
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly failed: boolean;
}

/** A query that was given a name. */
export interface Saved {
  readonly name: string;
  readonly text: string;
}

const maxEntries = 200, maxSaved = 500;
/** A longer text is not remembered: the browser's storage is small. */
const maxLength = 50_000;

const isEntry = (entry: unknown): entry is Entry => isObject(entry) && typeof entry['text'] === 'string' && typeof entry['time'] === 'number';
const isSaved = (entry: unknown): entry is Saved => isObject(entry) && typeof entry['text'] === 'string' && typeof entry['name'] === 'string';

/** Newest first. */
export const history = signal<readonly Entry[]>(list('history', isEntry));
/** By name. */
export const saved = signal<readonly Saved[]>(list('saved', isSaved));

/** Whatever is stored may be somebody else's. */
function list<T>(name: string, is: (entry: unknown) => entry is T): readonly T[] {
  const stored = load<unknown>(name, []);
  return Array.isArray(stored) ? stored.filter(is) : [];
}

function isObject(value: unknown): value is Record<string, unknown> { return typeof value === 'object' && value !== null; }

function setHistory(entries: readonly Entry[]): void {
  history.value = entries;
  save('history', entries);
}

function setSaved(entries: readonly Saved[]): void {
  saved.value = entries;
  save('saved', entries);
}

export function remember(text: string, failed: boolean): void {
  if (text.trim() !== '' && text.length <= maxLength) {
    setHistory([{ text, time: Date.now(), failed }, ...history.value.filter(entry => entry.text !== text)].slice(0, maxEntries));
  }
}

export const forget = (gone: Entry): void => setHistory(history.value.filter(entry => entry !== gone));
export const clearHistory = (): void => setHistory([]);

/** Keeps a query under a name; it replaces the one that had it. */
export function keepAs(name: string, text: string): void {
  const others = saved.value.filter(entry => entry.name !== name);
  setSaved([...others, { name, text }].sort((a, b) => a.name.localeCompare(b.name)).slice(0, maxSaved));
}

export const discard = (gone: Saved): void => setSaved(saved.value.filter(entry => entry !== gone));
