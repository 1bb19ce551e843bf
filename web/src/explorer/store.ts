// What the explorer remembers in the browser, for each user of the server. Without storage, as in some private windows, it remembers
// until it is closed.

import { session } from '../server/session.ts';

const memory = new Map<string, string>();
/** The page begins anew when somebody else logs in, so that this is the user all the time. */
const prefix = `rethinkdb.explorer.${session.peek()?.user ?? ''}.`;

export function load<T>(name: string, otherwise: T): T {
  let text: string | null | undefined;
  try {
    text = localStorage.getItem(prefix + name);
  } catch {
    text = memory.get(name);
  }
  try {
    return typeof text === 'string' ? JSON.parse(text) as T : otherwise;
  } catch { // somebody else has written it
    return otherwise;
  }
}

export function save(name: string, value: unknown): void {
  const text = JSON.stringify(value);
  try {
    localStorage.setItem(prefix + name, text);
  } catch {
    memory.set(name, text);
  }
}
