import { signal } from '@preact/signals';

import { IconButton } from './iconbutton.tsx';

type Tone = 'good' | 'info' | 'bad';
interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: Tone;
}

const toasts = signal<readonly Toast[]>([]);
let last = 0;

/** Long enough to read a line twice; what is bad stays until it is closed. */
const shownMilliseconds = 6000;
const maxToasts = 4;

/**
 * Says in passing that something was done: notify('The table was deleted.'). An error belongs where it happened, in a Failure; tone
 * 'bad' is for one that has no such place any more.
 */
export function notify(text: string, tone: Tone = 'good'): void {
  const id = ++last;
  toasts.value = [...toasts.value, { id, text, tone }].slice(-maxToasts);
  if (tone !== 'bad') {
    setTimeout(() => dismiss(id), shownMilliseconds);
  }
}

const dismiss = (id: number) => { toasts.value = toasts.value.filter(toast => toast.id !== id); };

/** Where toasts appear, once on the page. Readers of screens say them when nothing else is being said. */
export function Toasts() {
  return <div class="toasts" role="status" aria-live="polite">
    {toasts.value.map(({ id, text, tone }) => <div key={id} class={`toast ${tone}`}>
      <p>{text}</p>
      <IconButton icon="close" label="Close" onClick={() => dismiss(id)} />
    </div>)}
  </div>;
}
