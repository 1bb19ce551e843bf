// Who uses the page. The browser keeps the session in a cookie, which no script can read; the server tells what it is about.

import { computed, signal } from '@preact/signals';

export interface Permissions {
  readonly read: boolean;
  readonly write: boolean;
  readonly config: boolean;
}

/** What the server tells of who is logged in. */
export interface Session {
  readonly user: string;
  /** none: there is no password yet, and everybody is admin. web_page: a log-in here. http_basic: a proxy has asked for the password. */
  readonly method: 'none' | 'web_page' | 'http_basic' | 'http_bearer';
  readonly server: { readonly id: string; readonly name: string; readonly version: string };
  /** What to show. What is allowed the server decides with each query. */
  readonly rights: { readonly admin: boolean; readonly global: Permissions; readonly system: Permissions; readonly connect: boolean };
  /** Of a log-in here: how long it lasts while nobody does anything, 0 for as long as it can, and when it ends at last. */
  readonly idle_seconds?: number;
  readonly ends_at?: string;
}

/** Undefined until it is known; null while somebody has to log in. */
export const session = signal<Session | null | undefined>(undefined);

const shown = globalThis.document?.getElementById('app')?.dataset['server'] ?? '';
const latest = signal<Session | undefined>(undefined);

/** The name of the server; empty before the first log-in. */
export const serverName = computed(() => latest.value?.server.name ?? shown);

/** Marks our requests for the server; pages of others cannot send it. Its value says whether a person is behind it: see request.ts. */
export const pageHeader = 'X-RethinkDB-Page';

/** Counts log-ins, so that a request from before the last one is not taken for a session that has ended. */
export let logIns = 0;

export type Refusal = { readonly why: 'wrong' } | { readonly why: 'wait'; readonly seconds: number } | { readonly why: 'unreachable' | 'refused'; readonly text: string };

/** Asks who is logged in. It throws when there is no answer. */
export async function findSession(): Promise<void> {
  await ask('active');
}

async function ask(mark: 'active' | 'background'): Promise<void> {
  const before = logIns;
  const response = await send('GET', 'session', mark);
  if (!response.ok) {
    throw new Error(await reasonOf(response));
  }
  const found = await response.json() as Session | Nobody;
  if (found.user !== null || before === logIns) { // otherwise a log-in has overtaken the answer
    enter(found);
  }
}

/** Logs in, or says why not. */
export async function logIn(user: string, password: string): Promise<Refusal | undefined> {
  let response: Response;
  try {
    response = await send('POST', 'login', 'active', JSON.stringify({ user, password }));
  } catch (error) {
    return { why: 'unreachable', text: String(error) };
  }
  switch (response.status) {
    case 200:
      enter(await response.json() as Session);
      return undefined;
    case 401:
      return { why: 'wrong' };
    case 429:
      return { why: 'wait', seconds: Number(response.headers.get('Retry-After') ?? 1) };
    default:
      return { why: 'refused', text: await reasonOf(response) };
  }
}

/** Logs out here, or in all browsers, and begins the page anew. */
export async function logOut(everywhere = false): Promise<void> {
  await send('POST', everywhere ? 'logout?everywhere' : 'logout', 'active');
  location.reload();
}

/** Resolves when somebody is logged in, after a request has been answered that nobody is. before is logIns as it was sent. */
export async function loggedIn(before: number, signal?: AbortSignal): Promise<void> {
  if (before === logIns && session.value) {
    asking ??= askAgain().finally(() => { asking = undefined; });
    await asking;
  }
  await new Promise<void>((resolve, reject) => {
    const stop = session.subscribe(now => {
      if (now) {
        queueMicrotask(() => stop()); // the first call comes before there is anything to end
        resolve();
      }
    });
    const abort = () => { stop(); reject(signal?.reason as Error); };
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) {
      abort();
    }
  });
}

/** Many requests may learn at the same time that there is no session any more. */
let asking: Promise<void> | undefined;

/** Perhaps a proxy vouches for the user, or somebody has logged in again in another window. */
async function askAgain(): Promise<void> {
  try {
    await ask('background');
  } catch {
    session.value = null; // the form finds out why there is no answer
  }
}

interface Nobody { readonly user: null }

function enter(found: Session | Nobody): void {
  if (found.user === null) {
    session.value = null;
    return;
  }
  if (latest.value && latest.value.user !== found.user) {
    location.reload(); // what is on the screen is somebody else's
    return;
  }
  logIns++;
  latest.value = found;
  session.value = found;
}

function send(method: string, path: string, mark: 'active' | 'background', body?: string): Promise<Response> {
  return fetch(new URL(`ajax/${path}`, document.baseURI), { method, cache: 'no-store', headers: { [pageHeader]: mark }, ...(body === undefined ? {} : { body }) });
}

async function reasonOf(response: Response): Promise<string> {
  const text = (await response.text()).trim();
  return text === '' || text.startsWith('<') ? `The server answers ${response.status} ${response.statusText}.` : text;
}
