import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { ThemeSwitch } from './components/themeswitch.tsx';
import { Toasts } from './components/toast.tsx';
import { UserMenu } from './login/usermenu.tsx';
import { followCluster } from './server/cluster.ts';
import { keepReconnecting } from './server/reconnect.ts';
import { serverName } from './server/session.ts';
import { DisconnectedBanner } from './shell/disconnected.tsx';
import { Navigation } from './shell/navigation.tsx';
import { route } from './shell/route.ts';
import { screenOf, type Screen, type ScreenProps } from './shell/screens.ts';
import { Search } from './shell/search.tsx';
import { StatusLine } from './shell/statusline.tsx';
import { useWindowTitle } from './shell/title.ts';
import './shell/shell.css';

/** Screens that have been loaded already show at once when they are opened again. */
const loaded = signal<ReadonlyMap<Screen, ComponentType<ScreenProps>>>(new Map());

export function App() {
  const main = useRef<HTMLElement>(null);
  const server = serverName.value;
  const { screen: name, path } = route.value;
  const screen = screenOf(name);
  useEffect(() => {
    keepReconnecting();
    return followCluster();
  }, []);
  useWindowTitle(screen.title, server);
  useFocusOnNavigation(main);
  return <div class="frame">
    <a class="skip" href="#main" onClick={event => { event.preventDefault(); main.current?.focus(); }}>Skip to the content</a>
    <header class="top">
      <a class="brand" href="#dashboard"><span class="mark" aria-hidden="true" /><span class="brand-text">RethinkDB <span class="server">{server}</span></span></a>
      <Navigation screen={screen} />
      <UserMenu />
      <ThemeSwitch />
    </header>
    <div class="beside">
      <DisconnectedBanner server={server} />
      <div class="strip"><StatusLine server={server} /><Search /></div>
      <main id="main" ref={main} tabIndex={-1} aria-label={screen.title}><Content key={screen.name} screen={screen} path={path} /></main>
    </div>
    <Toasts />
  </div>;
}

/** Whoever follows a link to another place of the page goes on reading there. */
function useFocusOnNavigation(main: { current: HTMLElement | null }): void {
  const opened = useRef(route.value);
  useEffect(() => {
    if (opened.current !== route.value) {
      opened.current = route.value;
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
  }, [route.value]);
}

function Content({ screen, path }: ScreenProps & { screen: Screen }) {
  const [failed, setFailed] = useState('');
  const Component = loaded.value.get(screen);
  useEffect(() => {
    screen.load().then(component => { loaded.value = new Map(loaded.value).set(screen, component); }, (error: unknown) => setFailed(String(error)));
  }, [screen]);
  if (Component) {
    return <Component path={path} />;
  }
  if (failed) {
    return <div class="failure" role="alert">
      <p>This screen cannot be loaded: {failed}</p>
      <button type="button" onClick={() => location.reload()}>Load the page again</button>
    </div>;
  }
  return <p class="waiting" role="status">Loading…</p>;
}
