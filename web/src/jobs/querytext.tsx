import { useState } from 'preact/hooks';

const foldedCharacters = 400;

/** The text of a query, which may be long. */
export function QueryText({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  const folds = text.length > foldedCharacters;
  return <p class="query-text">
    <code>{folds && !whole ? `${text.slice(0, foldedCharacters)}…` : text}</code>
    {folds && <> <button type="button" class="link" aria-expanded={whole} onClick={() => setWhole(!whole)}>{whole ? 'Show less' : 'Show all'}</button></>}
  </p>;
}
