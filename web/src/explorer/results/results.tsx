import { useSignal } from '@preact/signals';

import { Menu } from '../../components/menu.tsx';
import { Segments } from '../../components/segments.tsx';
import { notify } from '../../components/toast.tsx';
import { download } from '../../components/download.ts';
import { textOfError } from '../../components/failure.tsx';
import { formatNumber } from '../../components/format.ts';
import type { Session } from '../session.ts';
import { load, save } from '../store.ts';
import { toCSV, toJSON } from './export.ts';
import { ProfileView } from './profile.tsx';
import { RawView } from './raw.tsx';
import { Summary } from './summary.tsx';
import { TableView } from './table.tsx';
import { TreeView } from './treeview.tsx';
import { options } from '../options.ts';
import './results.css';

const views = [['tree', 'Tree'], ['table', 'Table'], ['raw', 'Raw'], ['profile', 'Profile']] as const;
type View = typeof views[number][0];

/** What the last query has answered, and how it is shown. */
export function Results({ session, empty }: { session: Session; empty: boolean }) {
  const view = useSignal<View>(load<View>('view', 'tree'));
  const choose = (chosen: View) => {
    view.value = chosen;
    save('view', chosen);
  };
  return <section class="panel" aria-label="Result">
    <div class="toolbar result-bar">
      <Segments label="How to show the result" options={views} value={view.value} onChange={choose} />
      <FeedButton session={session} />
      {session.rows.value.length > 0 && <Menu label="Export" choices={[
        { label: 'As JSON', icon: 'download', onChoose: () => void exportAs(session, 'json') }, { label: 'As CSV', icon: 'download', onChoose: () => void exportAs(session, 'csv') },
      ]} />}
      <Summary session={session} />
    </div>
    {empty && session.kind.value === 'none' && <p class="note keys"><kbd>Ctrl</kbd>+<kbd>Enter</kbd> runs the query, or what is selected of it. <kbd>Ctrl</kbd>+<kbd>Space</kbd> proposes what may come next, <kbd>Tab</kbd> takes it.</p>}
    <Shown session={session} view={view.value} />
  </section>;
}

function FeedButton({ session }: { session: Session }) {
  if (session.kind.value !== 'feed' || !session.running.value) {
    return null;
  }
  return session.paused.value ? <button type="button" onClick={() => session.resume()}>Resume</button> : <button type="button" onClick={() => session.pause()}>Pause</button>;
}

function Shown({ session, view }: { session: Session; view: View }) {
  const kind = session.kind.value;
  if (kind === 'none') {
    return null;
  }
  if (view === 'profile') {
    return <ProfileView session={session} />;
  }
  const rows = session.visible.value;
  if (rows.length === 0) {
    return null; // the summary says so
  }
  const number = session.number.value;
  const single = kind === 'value';
  const next = () => void session.next();
  const onEnd = session.moreToShow.value ? next : undefined;
  return <>
    {view === 'table' ? <TableView key={number} rows={rows} onEnd={onEnd} />
      : view === 'raw' ? <RawView key={number} rows={rows} single={single} />
      : <TreeView key={number} rows={rows} numbered={!single} label="Result" onEnd={onEnd} />}
    {kind === 'rows' && session.moreToShow.value && <div class="row next">
      <button type="button" disabled={session.running.value} onClick={next}>Load the next {formatNumber(options.value.rowsPerPage)} rows</button>
      <button type="button" disabled={session.running.value} onClick={() => void session.all()}>Load all</button>
    </div>}
  </>;
}

async function exportAs(session: Session, form: 'json' | 'csv'): Promise<void> {
  try {
    const file = await (form === 'json' ? toJSON : toCSV)(onRows => session.drain(onRows));
    download(file, `rethinkdb-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.${form}`);
  } catch (error) {
    if (!session.aborted.value) {
      notify(`The result cannot be exported: ${textOfError(error)}`, 'bad');
    }
  }
}
