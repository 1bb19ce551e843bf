import type { Failure } from './failure.ts';

/** How much of the query is shown around the place that is to blame. */
const around = 120, maxBlamed = 300;

/** What was wrong, and the query with the place that is to blame underlined. */
export function QueryFailure({ failure, onShow }: { failure: Failure; onShow: () => void }) {
  const { title, message, text, blamed } = failure;
  return <div class="failure" role="alert">
    <strong>{title}</strong>
    <p class="text">{message}</p>
    {blamed && <pre class="blamed text"><code>
      {cutBefore(text.slice(0, blamed.from))}<mark class="mark-bad">{shorten(text.slice(blamed.from, blamed.to))}</mark>{cutAfter(text.slice(blamed.to))}
    </code></pre>}
    {blamed && <p><button type="button" class="link" onClick={onShow}>Show in the query</button></p>}
  </div>;
}

const shorten = (text: string): string => text.length > maxBlamed ? `${text.slice(0, maxBlamed)}…` : text;
const cutBefore = (text: string): string => text.length > around ? `…${text.slice(-around)}` : text.trimStart();
const cutAfter = (text: string): string => text.length > around ? `${text.slice(0, around)}…` : text.trimEnd();
