import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

const now = signal(Date.now());
let users = 0;
let timer = 0;

/** The time, in milliseconds since 1970, each second while a component that shows it is there. */
export function useSeconds(): number {
  useEffect(() => {
    if (users++ === 0) {
      timer = window.setInterval(() => { now.value = Date.now(); }, 1000);
    }
    return () => {
      if (--users === 0) {
        clearInterval(timer);
      }
    };
  }, []);
  return now.value;
}
