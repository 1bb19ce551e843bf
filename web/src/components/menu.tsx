import { useId, useRef } from 'preact/hooks';

import { placeBeside } from './anchor.ts';
import { Icon, type IconName } from './icon.tsx';

export interface Choice {
  readonly label: string;
  readonly icon?: IconName;
  /** It deletes something: shown in red, and put last. */
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly onChoose: () => void;
}

interface Props {
  /** What the button says; with an icon it is read aloud only. */
  readonly label: string;
  readonly icon?: IconName;
  readonly choices: readonly Choice[];
}

/** A button that opens a list of things to do. Arrow keys, Home, End and letters move in it; Escape and a click elsewhere close it. */
export function Menu({ label, icon, choices }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const items = () => [...list.current!.querySelectorAll<HTMLButtonElement>('button:not(:disabled)')];

  const opened = (event: { readonly newState: string }) => {
    const open = event.newState === 'open';
    button.current!.setAttribute('aria-expanded', String(open));
    if (open) {
      placeBeside(list.current!, button.current!, 'end');
      items()[0]?.focus();
    }
  };
  const move = (event: KeyboardEvent) => {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const next = nextOf(event.key, at, all);
    if (next !== undefined) {
      event.preventDefault();
      all[next]?.focus();
    }
    if (event.key === 'Tab') {
      list.current!.hidePopover();
    }
  };
  const choose = (choice: Choice) => {
    list.current!.hidePopover(); // which gives the focus back to the button, from where a dialog takes it
    choice.onChoose();
  };
  return <>
    <button type="button" ref={button} class={icon ? 'plain only-icon' : undefined} aria-label={icon ? label : undefined} title={icon ? label : undefined}
      aria-haspopup="menu" aria-expanded="false" aria-controls={id} popovertarget={id}>
      {icon ? <Icon name={icon} /> : <>{label}<Icon name="down" /></>}
    </button>
    <div ref={list} id={id} class="menu" role="menu" aria-label={label} popover="auto" onToggle={opened} onKeyDown={move}>
      {choices.map(choice => <button type="button" key={choice.label} role="menuitem" tabIndex={-1} class={choice.danger ? 'danger' : undefined} disabled={choice.disabled} onClick={() => choose(choice)}>
        {choice.icon && <Icon name={choice.icon} />}{choice.label}
      </button>)}
    </div>
  </>;
}

/** Where a key leads from the choice that has the focus. */
function nextOf(key: string, at: number, all: readonly HTMLElement[]): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return (at + 1) % all.length;
    case 'ArrowUp':
      return (at - 1 + all.length) % all.length;
    case 'Home':
      return 0;
    case 'End':
      return all.length - 1;
  }
  if (!/^\p{L}$/u.test(key)) {
    return undefined;
  }
  const startsWith = (item: HTMLElement) => item.textContent.trim().toLowerCase().startsWith(key.toLowerCase());
  const later = all.findIndex((item, i) => i > at && startsWith(item));
  return later >= 0 ? later : all.findIndex(startsWith);
}
