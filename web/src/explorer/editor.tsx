import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { javascriptLanguage } from '@codemirror/lang-javascript';
import { HighlightStyle, bracketMatching, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { setDiagnostics } from '@codemirror/lint';
import { EditorState, Prec } from '@codemirror/state';
import { EditorView, drawSelection, highlightSpecialChars, keymap, lineNumbers, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef } from 'preact/hooks';

import { complete } from './completion.ts';
import type { Failure } from './session.ts';

/** Colours are the page's, so that they follow light and dark. */
const colours = HighlightStyle.define([
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--number)' },
  { tag: [tags.keyword, tags.definitionKeyword], color: 'var(--keyword)' },
  { tag: tags.propertyName, color: 'var(--field)' },
  { tag: tags.function(tags.propertyName), color: 'var(--accent)' },
  { tag: tags.comment, color: 'var(--quiet)', fontStyle: 'italic' },
]);

const look = EditorView.theme({
  '&': { color: 'var(--text)', backgroundColor: 'var(--field-background)', fontSize: '14px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55', minHeight: '8.5rem', maxHeight: '45vh' },
  '.cm-content': { caretColor: 'var(--text)', padding: '10px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { background: 'var(--selection)' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--quiet)', border: 'none' },
  '.cm-placeholder': { color: 'var(--quiet)' },
  '.cm-matchingBracket': { backgroundColor: 'var(--selection)' },
  '.cm-tooltip': { backgroundColor: 'var(--panel)', color: 'var(--text)', border: '1px solid var(--line)', borderRadius: '6px', boxShadow: '0 4px 16px #0003' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { background: 'var(--accent)', color: 'var(--on-accent)' },
  '.cm-tooltip.cm-completionInfo': { padding: '8px 10px', maxWidth: 'min(26rem, 80vw)', fontSize: '13px' },
  '.cm-completionInfo code': { display: 'block', fontFamily: 'var(--mono)', fontSize: '12px', overflowWrap: 'anywhere' },
  '.cm-completionInfo p': { margin: '6px 0 0' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--bad)', textUnderlineOffset: '3px' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
});

export interface Editor {
  text(): string;
  /** What is selected, or everything. */
  selection(): { text: string; from: number };
  replace(text: string): void;
  focus(): void;
}

interface Props {
  readonly text: string;
  readonly failure: (Failure & { offset: number }) | undefined;
  readonly onReady: (editor: Editor) => void;
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
}

export function QueryEditor({ text, failure, onReady, onChange, onRun }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const run = useRef(onRun);
  run.current = onRun;
  useEffect(() => {
    // In a shadow root the editor's styles are constructed sheets, not style elements, which the page's policy forbids.
    const root = host.current!.shadowRoot ?? host.current!.attachShadow({ mode: 'open', delegatesFocus: true });
    const runNow = () => (run.current(), true);
    const editor = new EditorView({
      root, parent: root, state: EditorState.create({
        doc: text,
        extensions: [
          Prec.highest(keymap.of([{ key: 'Mod-Enter', run: runNow }, { key: 'Shift-Enter', run: runNow }])),
          lineNumbers(), highlightSpecialChars(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(),
          javascriptLanguage, syntaxHighlighting(colours), autocompletion({ override: [complete] }), look, EditorView.lineWrapping,
          placeholder('r.table("name").filter(row => row("field").eq(1))'),
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
          EditorView.contentAttributes.of({ 'aria-label': 'Query', spellcheck: 'false', autocapitalize: 'off', autocorrect: 'off' }),
          EditorView.updateListener.of(update => {
            if (update.docChanged) {
              onChange(update.state.doc.toString());
            }
          }),
        ],
      }),
    });
    view.current = editor;
    onReady({
      text: () => editor.state.doc.toString(),
      selection: () => {
        const { from, to } = editor.state.selection.main;
        return from === to ? { text: editor.state.doc.toString(), from: 0 } : { text: editor.state.sliceDoc(from, to), from };
      },
      replace: changed => editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: changed }, selection: { anchor: changed.length } }),
      focus: () => editor.focus(),
    });
    editor.focus();
    return () => editor.destroy();
  }, []);
  useEffect(() => {
    const editor = view.current;
    if (editor === undefined) {
      return;
    }
    const end = editor.state.doc.length;
    const at = (n: number) => Math.min(n + (failure?.offset ?? 0), end);
    const span = failure?.span;
    editor.dispatch(setDiagnostics(editor.state, span ? [{ from: at(span.from), to: at(span.to), severity: 'error', message: failure.message }] : []));
  }, [failure]);
  return <div class="editor" ref={host} />;
}
