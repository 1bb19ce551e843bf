import { clearHistory, forget, history } from './history.ts';

export function HistoryList({ onLoad }: { onLoad: (text: string) => void }) {
  const entries = history.value;
  if (entries.length === 0) {
    return <p class="note">No queries have been run here yet.</p>;
  }
  return <div class="history">
    <ul aria-label="Queries that were run, newest first">
      {entries.map(entry => <li key={entry.time}>
        <button type="button" class="query" onClick={() => onLoad(entry.text)} title={new Date(entry.time).toLocaleString()}>
          {entry.failed && <span class="badge bad">failed</span>}<code>{entry.text.slice(0, 500)}</code>
        </button>
        <button type="button" class="link" aria-label={`Delete ${entry.text.slice(0, 60)}`} onClick={() => forget(entry)}>Delete</button>
      </li>)}
    </ul>
    <button type="button" onClick={clearHistory}>Clear history</button>
  </div>;
}
