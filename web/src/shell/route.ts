import { signal } from '@preact/signals';

/** Where the page is: #tables/ID is the screen tables with the path [ID]. A slash at the end is ignored. */
export interface Route {
  readonly screen: string;
  readonly path: readonly string[];
}

export const route = signal(read(location.hash));
addEventListener('hashchange', () => { route.value = read(location.hash); });

function read(hash: string): Route {
  const [screen = '', ...path] = hash.replace(/^#\/?/, '').replace(/\/$/, '').split('/').map(decode);
  return { screen, path };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch { // somebody has typed a percent sign
    return part;
  }
}

/** The address of a place within the page: hrefOf('tables', id). */
export const hrefOf = (screen: string, ...path: readonly string[]): string => `#${[screen, ...path].map(encodeURIComponent).join('/')}`;

export const goTo = (screen: string, ...path: readonly string[]): void => { location.hash = hrefOf(screen, ...path); };
