import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';

import { servers, tables } from '../server/cluster.ts';
import { goTo } from './route.ts';

interface Place {
  readonly label: string;
  readonly kind: 'table' | 'server';
  readonly id: string;
}

const maxShown = 10;

/** Finds a table or a server by a part of its name. Opened by the key / from anywhere that takes no text. */
export function Search() {
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  const text = useSignal('');
  const chosen = useSignal(0);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey && !takesText(event.composedPath()[0])) {
        event.preventDefault();
        input.current?.focus();
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const found = find(text.value);
  const open = (place: Place) => {
    text.value = '';
    input.current?.blur();
    goTo(`${place.kind}s`, place.id);
  };
  const onKey = (event: KeyboardEvent) => {
    const place = found[chosen.value];
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      chosen.value = (chosen.value + (event.key === 'ArrowDown' ? 1 : found.length - 1)) % Math.max(found.length, 1);
    } else if (event.key === 'Enter' && place) {
      open(place);
    } else if (event.key === 'Escape') {
      text.value = '';
    } else {
      return;
    }
    event.preventDefault();
  };
  const expanded = text.value.trim() !== '';
  return <div class="search" role="search">
    <input ref={input} type="search" role="combobox" list={undefined} placeholder="Find a table or server" aria-label="Find a table or server" aria-keyshortcuts="/" autocomplete="off" spellcheck={false}
      aria-expanded={expanded} aria-controls={list} aria-autocomplete="list" aria-activedescendant={expanded && found.length > 0 ? `${list}-${chosen.value}` : undefined}
      value={text.value} onKeyDown={onKey} onBlur={() => { text.value = ''; }} onInput={event => { text.value = event.currentTarget.value; chosen.value = 0; }} />
    <ul id={list} role="listbox" aria-label="Tables and servers" hidden={!expanded || found.length === 0}>
      {found.map((place, i) => <li key={place.kind + place.id} id={`${list}-${i}`} role="option" aria-selected={i === chosen.value}
        onPointerDown={event => { event.preventDefault(); open(place); }}>{place.label} <span class="quiet">{place.kind}</span></li>)}
    </ul>
    {expanded && found.length === 0 && <p class="nothing" role="status">Nothing has such a name.</p>}
  </div>;
}

const takesText = (target: EventTarget | undefined): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));

/** Those whose name begins with the text come first. */
function find(text: string): readonly Place[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') {
    return [];
  }
  const places: Place[] = [
    ...(tables.value ?? []).map(({ id, db, name }): Place => ({ id, label: `${db}.${name}`, kind: 'table' })),
    ...(servers.value ?? []).map(({ id, name }): Place => ({ id, label: name, kind: 'server' })),
  ];
  const rank = ({ label }: Place): number => {
    const name = label.toLowerCase();
    return name.startsWith(wanted) ? 0 : name.includes(`.${wanted}`) ? 1 : 2;
  };
  return places.filter(place => place.label.toLowerCase().includes(wanted))
    .sort((a, b) => rank(a) - rank(b) || a.label.localeCompare(b.label)).slice(0, maxShown);
}
