import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { Dashboard } from './dashboard/dashboard.tsx';
import { Tables } from './tables/tables.tsx';

interface Screen {
  readonly hash: string;
  readonly name: string;
  /** Screens that bring much are loaded when they are opened. */
  readonly load: () => Promise<ComponentType>;
}

const screens: readonly Screen[] = [
  { hash: 'dashboard', name: 'Dashboard', load: async () => Dashboard },
  { hash: 'tables', name: 'Tables', load: async () => Tables },
  { hash: 'dataexplorer', name: 'Data Explorer', load: async () => (await import('./explorer/explorer.tsx')).Explorer },
];

const current = signal(screenOf(location.hash));
addEventListener('hashchange', () => { current.value = screenOf(location.hash); });

/** The first part of an address like #tables/ names the screen. */
function screenOf(hash: string): Screen {
  const name = hash.replace(/^#\/?/, '').split('/')[0];
  return screens.find(screen => screen.hash === name) ?? screens[0]!;
}

export function App() {
  const server = document.getElementById('app')?.dataset['server'] ?? '';
  const screen = current.value;
  return <>
    <header class="top">
      <a class="brand" href="#dashboard"><span class="mark" aria-hidden="true" />RethinkDB <span class="server">{server}</span></a>
      <nav aria-label="Screens">
        {screens.map(s => <a key={s.hash} href={`#${s.hash}`} aria-current={s === screen ? 'page' : undefined}>{s.name}</a>)}
      </nav>
    </header>
    <main id="main" tabIndex={-1}><Loaded key={screen.hash} screen={screen} /></main>
  </>;
}

function Loaded({ screen }: { screen: Screen }) {
  const [Content, setContent] = useState<ComponentType | undefined>();
  const [failed, setFailed] = useState('');
  useEffect(() => {
    screen.load().then(content => setContent(() => content), (error: unknown) => setFailed(String(error)));
  }, [screen]);
  if (failed) {
    return <p class="failure" role="alert">This screen cannot be loaded: {failed}</p>;
  }
  return Content ? <Content /> : <p class="waiting" role="status">Loading…</p>;
}
