import { useEffect, useRef } from 'preact/hooks';

import { Icon } from '../components/icon.tsx';
import { hrefOf, route } from './route.ts';
import { screens, type Screen } from './screens.ts';

/** The ways to all screens: always in view where there is room beside the screen, else behind a button. */
export function Navigation({ screen }: { screen: Screen }) {
  const list = useRef<HTMLElement>(null);
  useEffect(() => list.current?.hidePopover(), [route.value]);
  return <>
    <button type="button" class="open-navigation" popovertarget="navigation"><Icon name="menu" />Menu</button>
    <nav ref={list} id="navigation" class="navigation" popover="auto" aria-label="Screens">
      {screens.map(s => <a key={s.name} href={hrefOf(s.name)} aria-current={s === screen ? 'page' : undefined}><Icon name={s.icon} />{s.title}</a>)}
    </nav>
  </>;
}
