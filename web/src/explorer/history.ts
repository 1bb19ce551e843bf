import { signal } from '@preact/signals';

import { load, save } from './store.ts';

export interface Entry {
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly failed: boolean;
}

const maxEntries = 50;
/** A longer text is not remembered: the browser's storage is small. */
const maxLength = 50_000;

const stored = load<unknown>('history', []);

/** The queries that were run, newest first. */
export const history = signal<readonly Entry[]>(Array.isArray(stored) ? stored.filter(isEntry) : []);

function isEntry(entry: unknown): entry is Entry {
  return typeof entry === 'object' && entry !== null && 'text' in entry && typeof entry.text === 'string' && 'time' in entry && typeof entry.time === 'number';
}

function set(entries: readonly Entry[]): void {
  history.value = entries;
  save('history', entries);
}

export function remember(text: string, failed: boolean): void {
  if (text.trim() !== '' && text.length <= maxLength) {
    set([{ text, time: Date.now(), failed }, ...history.value.filter(entry => entry.text !== text)].slice(0, maxEntries));
  }
}

export const forget = (gone: Entry): void => set(history.value.filter(entry => entry !== gone));
export const clearHistory = (): void => set([]);
