import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

export interface Tab {
  readonly name: string;
  readonly title: string;
}

interface Props {
  /** What the tabs are about. */
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly chosen: string;
  readonly onChoose: (name: string) => void;
  /** The content of the chosen tab. */
  readonly children: ComponentChildren;
}

/** Parts of a screen, of which one is shown. The arrow keys choose; the tab key goes on to the content. */
export function Tabs({ label, tabs, chosen, onChoose, children }: Props) {
  const id = useId();
  const move = (event: KeyboardEvent) => {
    const at = tabs.findIndex(tab => tab.name === chosen);
    const next = tabs[moved(event.key, at, tabs.length) ?? -1];
    if (next) {
      event.preventDefault();
      onChoose(next.name);
      document.getElementById(`${id}-${next.name}`)?.focus();
    }
  };
  return <>
    <div class="tab-list" role="tablist" aria-label={label} onKeyDown={move}>
      {tabs.map(({ name, title }) => <button type="button" key={name} id={`${id}-${name}`} role="tab" aria-selected={name === chosen} aria-controls={`${id}-panel`}
        tabIndex={name === chosen ? 0 : -1} onClick={() => onChoose(name)}>{title}</button>)}
    </div>
    <div id={`${id}-panel`} class="stack" role="tabpanel" aria-labelledby={`${id}-${chosen}`}>{children}</div>
  </>;
}

/** Where a key leads in a row of which one is chosen: arrows go round. */
export function moved(key: string, at: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowRight':
      return (at + 1) % count;
    case 'ArrowLeft':
      return (at - 1 + count) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
  }
  return undefined;
}
