import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';

import { moved } from './tabs.tsx';

interface Props<T extends string> {
  readonly label: string;
  readonly options: readonly (readonly [value: T, shown: ComponentChildren])[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}

/** One of a few values, all of them in view: how to show a result, a language, a span of time. The arrow keys choose. */
export function Segments<T extends string>({ label, options, value, onChange }: Props<T>) {
  const group = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    const at = moved(event.key, options.findIndex(([option]) => option === value), options.length);
    if (at !== undefined) {
      event.preventDefault();
      onChange(options[at]![0]);
      group.current!.querySelectorAll('button')[at]?.focus();
    }
  };
  return <div class="segments" ref={group} role="radiogroup" aria-label={label} onKeyDown={move}>
    {options.map(([option, shown]) => <button type="button" key={option} role="radio" aria-checked={option === value} tabIndex={option === value ? 0 : -1}
      onClick={() => onChange(option)}>{shown}</button>)}
  </div>;
}
