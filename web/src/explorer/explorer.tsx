import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { Icon } from '../components/icon.tsx';
import { IconButton } from '../components/iconbutton.tsx';
import { QueryEditor, type Editor } from './editor/editor.tsx';
import { takeHanded } from './handover.ts';
import { options } from './options.ts';
import { OptionsList } from './optionslist.tsx';
import { HistoryList, SavedList } from './queries.tsx';
import { QueryFailure } from './queryfailure.tsx';
import { Results } from './results/results.tsx';
import { Sheets } from './sheets.tsx';
import { bring, current, write } from './workspace.ts';
import './explorer.css';

type Drawer = 'history' | 'saved' | 'options';

export function Explorer() {
  const editor = useRef<Editor | undefined>(undefined);
  const drawer = useSignal<Drawer | undefined>(undefined);
  const full = useSignal(false);
  useState(() => { bring(takeHanded()); }); // before anything is shown
  const sheet = current.value;
  const { session } = sheet;
  const failure = session.failure.value;
  const problem = useMemo(() => failure?.span && { ...failure.span, message: failure.message }, [failure]);

  const run = (explain = false) => {
    const { text, from } = editor.current!.selection();
    void session.run(text, { offset: from, explain, profile: options.value.profile });
  };
  const load = (text: string) => {
    drawer.value = undefined;
    editor.current!.replace(text);
    editor.current!.focus();
  };
  const toggle = (name: Drawer) => { drawer.value = drawer.value === name ? undefined : name; };
  useEscape(full.value, () => { full.value = false; });
  return <div class={`explorer ${full.value ? 'full' : ''}`}>
    <h1 class="hidden">Data Explorer</h1>
    <section class="panel" aria-label="Query">
      <Sheets />
      <QueryEditor id={sheet.id} text={sheet.text.value} problem={problem} onReady={ready => { editor.current = ready; }} onChange={text => write(sheet, text)} onRun={() => run()} />
      <div class="toolbar">
        <button type="button" class="primary" title="Ctrl+Enter, ⌘+Enter or Shift+Enter. Runs the selection, if there is one." onClick={() => run()}><Icon name="run" />Run</button>
        <button type="button" disabled={!session.running.value} onClick={() => void session.abort()}><Icon name="stop" />Abort</button>
        <button type="button" title="Says how the server would run the query, without running it." onClick={() => run(true)}>Explain</button>
        <button type="button" onClick={() => load('')}>Clear</button>
        <span class="apart" />
        <DrawerButton name="history" label="History" open={drawer.value} onToggle={toggle} />
        <DrawerButton name="saved" label="Saved" open={drawer.value} onToggle={toggle} />
        <DrawerButton name="options" label="Options" open={drawer.value} onToggle={toggle} />
        <IconButton icon="enlarge" label={full.value ? 'Leave full screen' : 'Full screen'} aria-pressed={full.value} onClick={() => { full.value = !full.value; }} />
      </div>
      {drawer.value === 'history' && <HistoryList onLoad={load} />}
      {drawer.value === 'saved' && <SavedList text={sheet.text.value} onLoad={load} />}
      {drawer.value === 'options' && <OptionsList />}
    </section>
    {failure && <QueryFailure failure={failure} onShow={() => editor.current!.select(failure.span!)} />}
    <Results session={session} empty={failure === undefined && !session.running.value && !session.aborted.value} />
  </div>;
}

function DrawerButton({ name, label, open, onToggle }: { name: Drawer; label: string; open: Drawer | undefined; onToggle: (name: Drawer) => void }) {
  return <button type="button" class="plain" aria-expanded={open === name} onClick={() => onToggle(name)}>{label}</button>;
}

/** Escape ends what covers the page, unless something smaller, such as a list of proposals, has taken the key. */
function useEscape(active: boolean, onEscape: () => void): void {
  useEffect(() => {
    if (!active) {
      return undefined;
    }
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented) {
        onEscape();
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [active]);
}
