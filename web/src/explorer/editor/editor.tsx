import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, indentOnInput } from '@codemirror/language';
import { Compartment, EditorState, Prec } from '@codemirror/state';
import { EditorView, drawSelection, highlightSpecialChars, keymap, lineNumbers, placeholder } from '@codemirror/view';
import { useEffect, useRef } from 'preact/hooks';

import { codeLook } from '../../components/code/look.ts';
import { queryLanguage } from '../../components/code/language.ts';
import { problem, setProblem } from '../../components/code/problem.ts';
import { replacing } from '../../components/code/replacing.ts';
import type { Span } from '../../reql/term.ts';
import { options, type Options } from '../options.ts';
import { complete } from './completion.ts';
import { loadDocumentation } from './documentation.ts';
import { popUpLook } from './look.ts';
import { signature } from './signature.ts';

/** The text of a query, as its owner reads and changes it. */
export interface Editor {
  /** What is selected, or everything, and where it begins. */
  selection(): { text: string; from: number };
  replace(text: string): void;
  select(span: Span): void;
  focus(): void;
}

interface Props {
  /** Another document has another key, and its own history of changes. */
  readonly id: string;
  readonly text: string;
  readonly problem: (Span & { message: string }) | undefined;
  readonly onReady: (editor: Editor) => void;
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
}

const configurable = new Compartment();

const configuration = ({ suggestions, pairs }: Options) => [
  // No delay: a Tab that comes just before a proposal may be taken would leave the editor.
  autocompletion({ override: [complete], activateOnTyping: suggestions, icons: false, interactionDelay: 0 }), pairs ? closeBrackets() : [], suggestions ? signature : [],
];

export function QueryEditor({ id, text, problem: marked, onReady, onChange, onRun }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const handlers = useRef({ onChange, onRun });
  handlers.current = { onChange, onRun };
  const chosen = options.value;
  const stateOf = (doc: string) => {
    const runNow = () => (handlers.current.onRun(), true);
    return EditorState.create({
      doc,
      extensions: [
        Prec.highest(keymap.of([{ key: 'Mod-Enter', run: runNow }, { key: 'Ctrl-Enter', run: runNow }, { key: 'Shift-Enter', run: runNow }])),
        Prec.highest(keymap.of([{ key: 'Tab', run: acceptCompletion }])),
        lineNumbers(), highlightSpecialChars(), history(), drawSelection(), indentOnInput(), bracketMatching(),
        queryLanguage, codeLook, popUpLook, problem, replacing, configurable.of(configuration(options.value)), EditorView.lineWrapping,
        placeholder('r.table("name").filter(row => row("field").eq(1))'),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
        EditorView.contentAttributes.of({ 'aria-label': 'Query', spellcheck: 'false', autocapitalize: 'off', autocorrect: 'off' }),
        EditorView.updateListener.of(update => {
          if (update.docChanged) {
            handlers.current.onChange(update.state.doc.toString());
          }
        }),
      ],
    });
  };
  const states = useRef(new Map<string, EditorState>());
  useEffect(() => {
    // In a shadow root the editor's styles are constructed sheets, not style elements, which the page's policy forbids.
    const root = host.current!.shadowRoot ?? host.current!.attachShadow({ mode: 'open', delegatesFocus: true });
    const editor = new EditorView({ root, parent: root, state: stateOf(text) });
    view.current = editor;
    onReady({
      selection: () => {
        const { from, to } = editor.state.selection.main;
        return from === to ? { text: editor.state.doc.toString(), from: 0 } : { text: editor.state.sliceDoc(from, to), from };
      },
      replace: changed => editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: changed }, selection: { anchor: changed.length } }),
      select: ({ from, to }) => {
        const end = editor.state.doc.length;
        editor.dispatch({ selection: { anchor: Math.min(from, end), head: Math.min(to, end) }, scrollIntoView: true });
        editor.focus();
      },
      focus: () => editor.focus(),
    });
    editor.focus();
    void loadDocumentation();
    return () => editor.destroy();
  }, []);
  const shown = useRef(id);
  useEffect(() => {
    const editor = view.current!;
    if (shown.current !== id) {
      states.current.set(shown.current, editor.state);
      shown.current = id;
      const kept = states.current.get(id);
      editor.setState(kept !== undefined && kept.doc.toString() === text ? kept : stateOf(text));
      editor.focus();
    }
  }, [id]);
  useEffect(() => view.current!.dispatch({ effects: configurable.reconfigure(configuration(chosen)) }), [chosen, id]);
  useEffect(() => view.current!.dispatch({ effects: setProblem.of(marked) }), [marked, id]);
  return <div class="editor" ref={host} />;
}
