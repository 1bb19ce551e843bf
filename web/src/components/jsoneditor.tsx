import { closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, indentOnInput } from '@codemirror/language';
import { EditorState, RangeSetBuilder } from '@codemirror/state';
import { Decoration, EditorView, ViewPlugin, WidgetType, drawSelection, highlightSpecialChars, keymap, lineNumbers, type DecorationSet } from '@codemirror/view';
import { useEffect, useRef } from 'preact/hooks';

import type { Datum } from '../server/connection.ts';
import { codeLook } from './code/look.ts';
import { queryLanguage } from './code/language.ts';
import { problem as problemMark, setProblem } from './code/problem.ts';
import { replacing } from './code/replacing.ts';
import type { JsonError } from './json.ts';
import { describe } from './pseudotype.ts';

export interface JsonEditorProps {
  readonly label: string;
  /** The text to begin with. Another one replaces what is in the editor. */
  readonly text: string;
  readonly problem: JsonError | undefined;
  readonly onChange: (text: string) => void;
}

/** An editor for JSON, which tells in words what times and binary data are. */
export function JsonEditor({ label, text, problem, onChange }: JsonEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const latest = useRef(text);
  useEffect(() => {
    // In a shadow root the editor's styles are constructed sheets, not style elements, which the page's policy forbids.
    const root = host.current!.shadowRoot ?? host.current!.attachShadow({ mode: 'open', delegatesFocus: true });
    const editor = new EditorView({
      root, parent: root, state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(), highlightSpecialChars(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(),
          queryLanguage, codeLook, problemMark, replacing, EditorView.lineWrapping, pseudoTypes, size,
          keymap.of([...closeBracketsKeymap, ...historyKeymap, ...defaultKeymap]),
          EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0', spellcheck: 'false', autocapitalize: 'off', autocorrect: 'off' }),
          EditorView.updateListener.of(update => {
            if (update.docChanged) {
              latest.current = update.state.doc.toString();
              onChange(latest.current);
            }
          }),
        ],
      }),
    });
    view.current = editor;
    editor.focus();
    return () => editor.destroy();
  }, []);
  useEffect(() => {
    const editor = view.current!;
    if (text !== latest.current) {
      latest.current = text;
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
    }
  }, [text]);
  useEffect(() => {
    view.current!.dispatch({ effects: setProblem.of(problem) });
  }, [problem]);
  return <div class="tables-editor" ref={host} />;
}

const size = EditorView.theme({ '&': { height: 'auto' }, '.cm-scroller': { minHeight: '12rem', maxHeight: '55vh' }, '.in-words': { color: 'var(--quiet)', fontStyle: 'italic', paddingLeft: '1ch' } });

/** Pseudo-types as formatJson writes them: in one line. */
const pseudoType = /\{\s*"\$reql_type\$":\s*"(?:TIME|BINARY)",[^{}\n]*\}/g;

class InWords extends WidgetType {
  private readonly text: string;

  constructor(text: string) {
    super();
    this.text = text;
  }

  override eq(other: InWords): boolean { return other.text === this.text; }

  override toDOM(): HTMLElement {
    const made = document.createElement('span');
    made.className = 'in-words';
    made.textContent = `= ${this.text}`;
    return made;
  }
}

const pseudoTypes = ViewPlugin.define(view => ({
  decorations: wordsIn(view),
  update({ docChanged, viewportChanged, view: changed }) {
    if (docChanged || viewportChanged) {
      this.decorations = wordsIn(changed);
    }
  },
}), { decorations: plugin => plugin.decorations });

function wordsIn(view: EditorView): DecorationSet {
  const found = new RangeSetBuilder<Decoration>();
  for (const { from, to } of view.visibleRanges) {
    for (const match of view.state.sliceDoc(from, to).matchAll(pseudoType)) {
      const text = describe(valueOf(match[0]))?.text;
      if (text !== undefined) {
        const end = from + match.index + match[0].length;
        found.add(end, end, Decoration.widget({ widget: new InWords(text), side: 1 }));
      }
    }
  }
  return found.finish();
}

function valueOf(text: string): Datum {
  try {
    return JSON.parse(text) as Datum;
  } catch { // somebody is writing it
    return null;
  }
}
