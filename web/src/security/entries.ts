// Entries of the audit log, and what they say in plain words.

import { formatMoment, type Time } from '../components/moment.tsx';
import type { Datum } from '../server/connection.ts';

/** A row of `audit`. What does not belong to an event is not there. */
export interface Entry {
  readonly id: readonly [number, string];
  readonly timestamp: Time;
  readonly event: string;
  readonly user?: string;
  readonly peer?: string;
  readonly port?: string;
  readonly method?: string;
  readonly reason?: string;
  readonly action?: string;
  readonly on?: string;
  readonly key?: Datum;
  readonly fields?: readonly string[];
  readonly old?: Datum;
  readonly new?: Datum;
  readonly detail?: string;
  /** How often, since the time `since`; missing for once. */
  readonly count?: number;
  readonly since?: Time;
}

export const newestFirst = (entries: readonly Entry[]): readonly Entry[] => [...entries].sort((a, b) => b.id[0] - a.id[0]);

/** The address without the port, which is another one each time. */
export const hostOf = (peer: string): string => peer.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');

/** The choices of the filter: events that belong together. */
export const kinds: Readonly<Record<string, { readonly title: string; readonly events: readonly string[] }>> = {
  logins: { title: 'Log-ins', events: ['log_in'] },
  refused: { title: 'Refused', events: ['log_in_refused', 'peer_refused', 'denied'] },
  changes: { title: 'Changes', events: ['change', 'kill'] },
  server: { title: 'The server', events: ['server_started', 'server_stopped', 'torn_line', 'chain_broken', 'rotated', 'lost'] },
};

const titles: Readonly<Record<string, string>> = {
  log_in: 'Log-in', log_in_refused: 'Log-in refused', peer_refused: 'Address refused', change: 'Change', denied: 'Not allowed', kill: 'Query ended',
  server_started: 'Server started', server_stopped: 'Server stopped', torn_line: 'Torn line', chain_broken: 'Log was tampered with', rotated: 'New file', lost: 'Entries lost',
};

export const titleOf = ({ event }: Entry): string => titles[event] ?? event;

export const toneOf = ({ event }: Entry): 'bad' | 'warn' | 'info' | '' =>
  event === 'chain_broken' || event === 'lost' ? 'bad' : kinds['refused']!.events.includes(event) ? 'warn' : event === 'change' || event === 'kill' ? 'info' : '';

/** What has happened, without who did it. */
export function describe(entry: Entry): string {
  const { event, action, on, key, fields, reason, detail, method, port } = entry;
  switch (event) {
    case 'log_in':
      return `${port ?? ''} port, ${methods[method ?? ''] ?? method ?? ''}`;
    case 'log_in_refused':
    case 'peer_refused':
      return [reason ?? 'refused', port && `${port} port`].filter(Boolean).join(' – ');
  }
  const untold = action === 'grant' ? [] : fields?.filter(field => !(field in objectOf(entry.old)) && !(field in objectOf(entry.new)) && !ofNoInterest.has(field)) ?? [];
  const what = [action, on, key === undefined ? '' : JSON.stringify(key), untold.length > 0 ? `(${untold.join(', ')})` : ''].filter(Boolean).join(' ');
  return [what, reason, detail].filter(Boolean).join(' – ');
}

/** Fields that every row of their table gets. */
const ofNoInterest: ReadonlySet<string> = new Set(['id', 'created_at']);

const objectOf = (value: Datum | undefined): { readonly [name: string]: Datum } => value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};

export interface FieldChange {
  readonly field: string;
  readonly before?: string;
  readonly after?: string;
}

/** What a change has made of the fields whose values the log has. Of permissions these are the rights. */
export function changesOf(entry: Entry): readonly FieldChange[] {
  const before = objectOf(entry.old), after = objectOf(entry.new);
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].map(field => ({
    field,
    ...(field in before ? { before: textOf(before[field]!) } : {}),
    ...(field in after ? { after: textOf(after[field]!) } : {}),
  }));
}

const textOf = (value: Datum): string => '$reql_type$' in objectOf(value) ? formatMoment(value as unknown as Time) : JSON.stringify(value);

const methods: Readonly<Record<string, string>> = {
  none: 'without a password', scram_sha_256: 'with a password', scram_sha_256_plus: 'with a password, bound to TLS', auth_key: 'with the authentication key of an old driver',
  http_basic: 'with a password (HTTP Basic)', http_bearer: 'with a bearer token', admin_command_line: 'by rethinkdb admin', server: 'another server', web_page: 'on this page',
};

/** Log-ins that were refused, put together by who tried from where. */
export interface Refusals {
  readonly user: string;
  readonly host: string;
  readonly port: string;
  readonly reason: string;
  readonly times: number;
  readonly last: Time;
}

export function refusalsOf(entries: readonly Entry[]): readonly Refusals[] {
  const found = new Map<string, Refusals>();
  for (const entry of newestFirst(entries)) {
    if (entry.event !== 'log_in_refused' && entry.event !== 'peer_refused') {
      continue;
    }
    const one = { user: entry.user ?? '', host: hostOf(entry.peer ?? ''), port: entry.port ?? '', reason: entry.reason ?? '' };
    const key = JSON.stringify([one.user, one.host, one.port]);
    const seen = found.get(key);
    const times = (seen?.times ?? 0) + (entry.count ?? 1);
    found.set(key, seen ? { ...seen, times } : { ...one, times, last: entry.timestamp });
  }
  return [...found.values()];
}
