import { IconButton } from '../components/iconbutton.tsx';
import { choose, close, current, open, sheets, titleOf } from './workspace.ts';

/** Chooses among the queries that are open. */
export function Sheets() {
  return <div class="sheets" role="group" aria-label="Open queries">
    {sheets.value.map(sheet => {
      const chosen = sheet === current.value;
      const running = sheet.session.running.value;
      return <div key={sheet.id} class={`sheet ${chosen ? 'chosen' : ''}`} ref={chosen ? intoView : null}>
        <button type="button" class="plain" aria-pressed={chosen} onClick={() => choose(sheet)}>
          {running && <span class="running" aria-hidden="true" />}<span class="title">{titleOf(sheet)}</span>{running && <span class="hidden"> (running)</span>}
        </button>
        {chosen && <IconButton icon="close" label="Close this query" onClick={() => close(sheet)} />}
      </div>;
    })}
    <IconButton icon="add" label="New query" onClick={() => open()} />
  </div>;
}

const intoView = (element: Element | null) => element?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
