import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** What a screen shows just now, such as the name of a table; empty when the screen's own name is enough. */
export const subtitle = signal('');

export function useSubtitle(text: string): void {
  useEffect(() => {
    subtitle.value = text;
    return () => { subtitle.value = ''; };
  }, [text]);
}

/** Keeps the window's title in step: the most particular comes first, as tabs of browsers are narrow. */
export function useWindowTitle(screen: string, server: string): void {
  const particular = subtitle.value;
  useEffect(() => { document.title = [particular, screen, server, 'RethinkDB'].filter(part => part !== '').join(' – '); }, [particular, screen, server]);
}
