import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';

import { placeBeside } from './anchor.ts';
import { Icon, type IconName } from './icon.tsx';

type Props = Omit<JSX.IntrinsicElements['button'], 'icon' | 'label' | 'ref'> & {
  readonly icon: IconName;
  /** Read aloud, and shown while the pointer or the focus is on the button. */
  readonly label: string;
};

/** A button without words. Use it where the drawing is known to everybody, as in rows of a table; elsewhere write a word. */
export function IconButton({ icon, label, class: look = 'plain', ...more }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  const tip = useRef<HTMLSpanElement>(null);
  const show = () => {
    tip.current?.showPopover();
    placeBeside(tip.current!, button.current!, 'center');
  };
  const hide = () => tip.current?.hidePopover();
  return <>
    <button type="button" ref={button} class={`only-icon ${String(look)}`} aria-label={label} {...more}
      onMouseEnter={show} onMouseLeave={hide} onFocus={event => { if (event.currentTarget.matches(':focus-visible')) { show(); } }} onBlur={hide}
      onKeyDown={event => { if (event.key === 'Escape') { hide(); } }}>
      <Icon name={icon} />
    </button>
    <span ref={tip} class="tip" popover="manual" aria-hidden="true">{label}</span>
  </>;
}
