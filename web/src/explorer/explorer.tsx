import { useSignal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';

import { QueryEditor, type Editor } from './editor.tsx';
import { takeHanded } from './handover.ts';
import { HistoryList } from './historylist.tsx';
import { Results, Summary, type View } from './results.tsx';
import { ExplorerSession, type Failure } from './session.ts';
import { load, save } from './store.ts';
import './explorer.css';

const views: readonly [View, string][] = [['tree', 'Tree'], ['table', 'Table'], ['raw', 'Raw'], ['profile', 'Profile']];

export function Explorer() {
  const [session] = useState(() => new ExplorerSession());
  const editor = useRef<Editor | undefined>(undefined);
  const offset = useRef(0);
  const view = useSignal<View>(load<View>('view', 'tree'));
  const profile = useSignal(load('profile', false));
  const historyOpen = useSignal(false);

  useEffect(() => {
    const leave = () => void session.close();
    addEventListener('pagehide', leave);
    return () => {
      removeEventListener('pagehide', leave);
      leave();
    };
  }, [session]);

  const run = () => {
    const selection = editor.current!.selection();
    offset.current = selection.from;
    void session.run(selection.text, profile.value);
  };
  const choose = (chosen: View) => {
    view.value = chosen;
    save('view', chosen);
  };
  const failure = session.failure.value;
  const running = session.running.value;
  return <div class="explorer">
    <h1 class="hidden">Data Explorer</h1>
    <section class="panel" aria-label="Query">
      <QueryEditor text={useState(() => takeHanded() ?? load('text', ''))[0]} failure={failure && { ...failure, offset: offset.current }}
        onReady={ready => { editor.current = ready; }} onChange={text => save('text', text)} onRun={run} />
      <div class="toolbar">
        <button type="button" class="primary" onClick={run} title="Ctrl+Enter, ⌘+Enter or Shift+Enter. Runs the selection, if there is one.">Run</button>
        <button type="button" disabled={!running} onClick={() => void session.abort()}>Abort</button>
        <button type="button" onClick={() => { editor.current?.replace(''); editor.current?.focus(); }}>Clear</button>
        <button type="button" aria-expanded={historyOpen.value} onClick={() => { historyOpen.value = !historyOpen.value; }}>History</button>
        <label><input type="checkbox" checked={profile.value} onChange={event => { profile.value = event.currentTarget.checked; save('profile', profile.value); }} /> Profile</label>
      </div>
      {historyOpen.value && <HistoryList onLoad={text => { editor.current?.replace(text); historyOpen.value = false; editor.current?.focus(); }} />}
    </section>
    <section class="panel" aria-label="Result">
      <div class="toolbar">
        <div class="tabs" role="group" aria-label="How to show the result">
          {views.map(([name, label]) => <button type="button" key={name} aria-pressed={view.value === name} onClick={() => choose(name)}>{label}</button>)}
        </div>
        {session.kind.value === 'feed' && running && (session.paused.value
          ? <button type="button" onClick={() => session.resume()}>Resume</button>
          : <button type="button" onClick={() => session.pause()}>Pause</button>)}
        <Summary session={session} />
      </div>
      {failure && <QueryFailure failure={failure} text={textAround(editor.current?.text() ?? '', failure, offset.current)} />}
      <Results session={session} view={view.value} />
    </section>
  </div>;
}

function QueryFailure({ failure, text }: { failure: Failure; text: string }) {
  return <div class="failure" role="alert">
    <strong>{failure.kind}</strong>
    <p class="text">{failure.message}</p>
    {text && <p>in <code class="mark-bad">{text}</code></p>}
  </div>;
}

const maxShown = 200;

/** The text that is to blame. */
function textAround(text: string, { span }: Failure, offset: number): string {
  const part = span ? text.slice(span.from + offset, span.to + offset) : '';
  return part.length > maxShown ? `${part.slice(0, maxShown)}…` : part;
}
