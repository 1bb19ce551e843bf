import type { ComponentChildren } from 'preact';

/** A word or two on how something is. The colour only repeats what the word says. */
export function Badge({ tone = '', children }: { tone?: 'good' | 'warn' | 'bad' | 'info' | 'plain' | ''; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}
