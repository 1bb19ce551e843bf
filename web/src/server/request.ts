// One request to the server, and whether it can be reached at all.

import { signal } from '@preact/signals';

import { loggedIn, logIns, pageHeader } from './session.ts';

/** The server cannot be reached. */
export class Disconnected extends Error {}

/** The server, or a proxy before it, answers that it does not want the request. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Whether the last request was answered. While it is false, the page tries again by itself: see reconnect.ts. */
export const reachable = signal(true);

/** How long after the last touch a request still counts as the user's, in milliseconds. */
const attentionLasts = 60_000;

let touched = performance.now();
for (const event of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart']) {
  addEventListener(event, () => { touched = performance.now(); }, { passive: true, capture: true });
}

/** What a proxy answers when there is no server behind it. */
const gatewayErrors: ReadonlySet<number> = new Set([502, 503, 504]);

/** A browser that keeps no cookies never gets further than the log-in. */
const maxTries = 3;

/** Sends a POST, again when somebody has to log in before. Throws Disconnected or Refused, or an AbortError when the signal has ended it. */
export async function post(url: string, body: string | Uint8Array<ArrayBuffer>, signal?: AbortSignal): Promise<Response> {
  for (let tries = 1; ; tries++) {
    const before = logIns;
    const response = await postOnce(url, body, signal);
    if (response.status !== 401 || tries === maxTries) {
      return accepted(response);
    }
    await loggedIn(before, signal);
  }
}

async function postOnce(url: string, body: string | Uint8Array<ArrayBuffer>, signal?: AbortSignal): Promise<Response> {
  // What nobody has asked for keeps no log-in alive.
  const person = performance.now() - touched <= attentionLasts;
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST', body, cache: 'no-store', headers: { [pageHeader]: person ? 'active' : 'background' }, ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) {
      throw error;
    }
    reachable.value = false;
    throw new Disconnected('The server cannot be reached.', { cause: error });
  }
  reachable.value = !gatewayErrors.has(response.status);
  if (!reachable.value) {
    throw new Disconnected(`The proxy before the server answers ${response.status} ${response.statusText}.`);
  }
  return response;
}

async function accepted(response: Response): Promise<Response> {
  if (!response.ok) {
    const text = (await response.text()).trim();
    throw new Refused(response.status, text.startsWith('<') || text === '' ? `The server answers ${response.status} ${response.statusText}.` : text);
  }
  return response;
}

/** Resolves when the server can be reached. */
export function whenReachable(): Promise<void> {
  return new Promise(resolve => {
    const unsubscribe = reachable.subscribe(yes => {
      if (yes) {
        queueMicrotask(() => unsubscribe()); // the first call comes before there is anything to end
        resolve();
      }
    });
  });
}

/** Resolves when the page is seen and the server can be reached: what is only shown need not be asked for before. */
export async function attention(): Promise<void> {
  while (document.hidden || !reachable.peek()) {
    await (document.hidden ? new Promise(resolve => document.addEventListener('visibilitychange', resolve, { once: true })) : whenReachable());
  }
}
