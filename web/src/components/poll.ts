import { useEffect, useRef, useState } from 'preact/hooks';

import { Disconnected } from '../server/connection.ts';
import { attention } from '../server/request.ts';

export interface Polled<T> {
  readonly value?: T;
  readonly error?: unknown;
  /** Asks again at once. */
  readonly refresh: () => void;
}

/**
 * Asks again and again while the screen is open, its window visible and the server reachable. Each time begins after the last
 * answer, so that a slow server is asked less often. The last value stays while there is an error. What is asked about is named
 * by `subject`: when it changes, the last value is forgotten. Prefer a feed (server/live.ts) where what is asked for has one.
 */
export function usePoll<T>(ask: () => Promise<T>, milliseconds: number, subject = ''): Polled<T> {
  const [state, setState] = useState<{ value?: T; error?: unknown; subject: string }>({ subject });
  const [round, setRound] = useState(0);
  const newest = useRef(ask);
  newest.current = ask;
  useEffect(() => {
    let ended = false;
    let timer = 0;
    const again = async () => {
      await attention();
      if (ended) {
        return;
      }
      try {
        const value = await newest.current();
        if (!ended) {
          setState({ value, subject });
        }
      } catch (error) {
        if (!ended && !(error instanceof Disconnected)) { // of that the page tells
          setState(last => last.subject === subject ? { ...last, error } : { error, subject });
        }
      }
      if (!ended) {
        timer = window.setTimeout(() => void again(), milliseconds);
      }
    };
    void again();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [round, subject, milliseconds]);
  const { subject: of, ...polled } = state;
  return { ...(of === subject ? polled : {}), refresh: () => setRound(n => n + 1) };
}
