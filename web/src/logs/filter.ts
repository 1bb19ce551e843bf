import type { LogEntry } from '../server/rows.ts';

export interface LogFilter {
  readonly text: string;
  /** A key of levels. */
  readonly level: keyof typeof levels;
  /** The name of a server; empty for all. */
  readonly server: string;
}

export const noFilter: LogFilter = { text: '', level: 'all', server: '' };

/** What can be asked for, from everything to what is wrong. */
export const levels = {
  all: { title: 'All levels', of: undefined },
  notice: { title: 'Notices and worse', of: new Set(['notice', 'warn', 'error']) },
  warn: { title: 'Warnings and errors', of: new Set(['warn', 'error']) },
  error: { title: 'Errors', of: new Set(['error']) },
} as const satisfies Record<string, { title: string; of: ReadonlySet<string> | undefined }>;

export const isFiltering = ({ text, level, server }: LogFilter): boolean => text.trim() !== '' || level !== 'all' || server !== '';

export function filterEntries(entries: readonly LogEntry[], { text, level, server }: LogFilter): readonly LogEntry[] {
  const wanted = text.trim().toLowerCase();
  const of: ReadonlySet<string> | undefined = levels[level].of;
  return entries.filter(entry => (wanted === '' || entry.message.toLowerCase().includes(wanted))
    && (of === undefined || of.has(entry.level)) && (server === '' || entry.server === server));
}
