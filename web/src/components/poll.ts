import { useEffect, useState } from 'preact/hooks';

export interface Polled<T> {
  readonly value?: T;
  readonly error?: unknown;
  /** Asks again at once. */
  readonly refresh: () => void;
}

/**
 * Asks again and again while the screen is open and its window visible. Each time begins after the last answer, so that a slow
 * server is asked less often. The last value stays while there is an error.
 */
export function usePoll<T>(ask: () => Promise<T>, milliseconds: number): Polled<T> {
  const [state, setState] = useState<{ value?: T; error?: unknown }>({});
  const [round, setRound] = useState(0);
  useEffect(() => {
    let ended = false;
    let timer = 0;
    const again = async () => {
      if (!document.hidden) {
        try {
          const value = await ask();
          if (!ended) {
            setState({ value });
          }
        } catch (error) {
          if (!ended) {
            setState(last => ({ ...last, error }));
          }
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
  }, [round]);
  return { ...state, refresh: () => setRound(n => n + 1) };
}
