import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

import { TextField } from '../components/field.tsx';
import { IconButton } from '../components/iconbutton.tsx';
import { clearHistory, discard, forget, history, keepAs, saved } from './history.ts';

interface Props {
  readonly onLoad: (text: string) => void;
}

/** The queries that were run. */
export function HistoryList({ onLoad }: Props) {
  const entries = history.value;
  if (entries.length === 0) {
    return <p class="note">No queries have been run here yet.</p>;
  }
  return <div class="queries">
    <ul aria-label="Queries that were run, newest first">
      {entries.map(entry => <li key={entry.time}>
        <Query text={entry.text} onLoad={onLoad}>{entry.failed && <span class="badge bad">failed</span>}</Query>
        <time class="quiet small" dateTime={new Date(entry.time).toISOString()}>{new Date(entry.time).toLocaleString()}</time>
        <IconButton icon="remove" label={`Delete ${entry.text.slice(0, 60)}`} onClick={() => forget(entry)} />
      </li>)}
    </ul>
    <button type="button" onClick={clearHistory}>Clear history</button>
  </div>;
}

/** The queries that have names, and a field to give the present one a name. */
export function SavedList({ text, onLoad }: Props & { readonly text: string }) {
  const name = useSignal('');
  const keep = (event: Event) => {
    event.preventDefault();
    keepAs(name.value.trim(), text);
    name.value = '';
  };
  return <div class="queries">
    <form class="save-query" onSubmit={keep}>
      <TextField label="Save this query as" value={name.value} onInput={value => { name.value = value; }} />
      <button type="submit" disabled={name.value.trim() === '' || text.trim() === ''}>Save</button>
    </form>
    {saved.value.length === 0 ? <p class="note">No queries have been saved yet.</p> : <ul aria-label="Saved queries">
      {saved.value.map(entry => <li key={entry.name}>
        <Query text={entry.text} onLoad={onLoad}><b>{entry.name}</b></Query>
        <IconButton icon="remove" label={`Delete ${entry.name}`} onClick={() => discard(entry)} />
      </li>)}
    </ul>}
  </div>;
}

const shownCharacters = 300;

function Query({ text, onLoad, children }: Props & { readonly text: string; readonly children: ComponentChildren }) {
  return <button type="button" class="plain query" onClick={() => onLoad(text)}>{children}<code>{text.slice(0, shownCharacters)}</code></button>;
}
