import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

/** A part of a screen, with a heading. */
export function Panel({ title, actions, children }: { title: ComponentChildren; actions?: ComponentChildren; children: ComponentChildren }) {
  const id = useId();
  return <section class="panel" aria-labelledby={id}>
    <div class="panel-head"><h2 id={id}>{title}</h2>{actions}</div>
    {children}
  </section>;
}
