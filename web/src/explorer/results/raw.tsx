import { EditorState } from '@codemirror/state';
import { Decoration, EditorView, MatchDecorator, ViewPlugin, drawSelection, keymap, type DecorationSet, type ViewUpdate } from '@codemirror/view';
import { standardKeymap } from '@codemirror/commands';
import { useEffect, useRef } from 'preact/hooks';

import { codeLook } from '../../components/code/look.ts';
import type { Datum } from '../../server/connection.ts';

/** How many rows are written at once, before the page gets to do other things. */
const rowsAtOnce = 2000;

const marks = { string: Decoration.mark({ class: 'cm-string' }), value: Decoration.mark({ class: 'cm-value' }), name: Decoration.mark({ class: 'cm-name' }) };

const look = EditorView.theme({ '.cm-string': { color: 'var(--string)' }, '.cm-value': { color: 'var(--number)' }, '.cm-name': { color: 'var(--field)' } });

const matcher = new MatchDecorator({
  regexp: /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null|-?\d[\d.eE+-]*)/g,
  decorate: (add, from, to, [, string, colon]) => {
    if (string === undefined) {
      add(from, to, marks.value);
    } else {
      add(from, to - (colon?.length ?? 0), colon === undefined ? marks.string : marks.name);
    }
  },
});

/** Colours for the lines in view. */
const colours = ViewPlugin.fromClass(class {
  marks: DecorationSet;
  constructor(view: EditorView) { this.marks = matcher.createDeco(view); }
  update(update: ViewUpdate): void { this.marks = matcher.updateDeco(update, this.marks); }
}, { decorations: plugin => plugin.marks });

/** The JSON of a result, as text that can be selected and copied whole. An editor shows it, because it draws only what is seen. */
export function RawView({ rows, single }: { rows: readonly Datum[]; single: boolean }) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const written = useRef<readonly Datum[]>([]);
  useEffect(() => {
    const root = host.current!.shadowRoot ?? host.current!.attachShadow({ mode: 'open', delegatesFocus: true });
    view.current = new EditorView({
      root, parent: root, state: EditorState.create({
        extensions: [
          EditorState.readOnly.of(true), drawSelection(), keymap.of(standardKeymap), codeLook, look, colours, EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': 'Result as JSON', 'aria-readonly': 'true', inputmode: 'none' }),
        ],
      }),
    });
    return () => view.current?.destroy();
  }, []);
  useEffect(() => {
    let ended = false;
    const write = async () => {
      const editor = view.current!;
      const known = written.current;
      const grown = !single && known.length > 0 && known.length <= rows.length && known[0] === rows[0] && known.at(-1) === rows[known.length - 1];
      if (!grown) {
        written.current = [];
        editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: single ? JSON.stringify(rows[0], null, 2) : '[\n]' } });
      }
      while (!ended && !single && written.current.length < rows.length) {
        const from = written.current.length;
        const part = rows.slice(from, from + rowsAtOnce).map(row => JSON.stringify(row, null, 2).replace(/^/gm, '  ')).join(',\n');
        const at = editor.state.doc.length - 2; // before the last line end and bracket
        editor.dispatch({ changes: { from: at, insert: `${from > 0 ? ',' : ''}\n${part}` } });
        written.current = rows.slice(0, from + rowsAtOnce);
        await new Promise(resolve => setTimeout(resolve));
      }
    };
    void write();
    return () => { ended = true; };
  }, [rows, single]);
  return <div class="raw-box" ref={host} />;
}
