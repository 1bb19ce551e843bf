import { StateEffect, StateField, type EditorState } from '@codemirror/state';
import { EditorView, keymap, showTooltip, type Tooltip } from '@codemirror/view';

import { placeAt } from '../../reql/place.ts';
import { documentation } from './documentation.ts';
import { calledBefore } from './inference.ts';

const dismiss = StateEffect.define<null>();

interface Shown {
  readonly tooltip: Tooltip;
  readonly name: string;
  readonly at: number;
  readonly dismissed: boolean;
}

/** The forms of the term whose brackets the cursor is in, above it. Escape sends them away until the next term. */
const shown = StateField.define<Shown | null>({
  create: () => null,
  update(before, transaction) {
    const dismissed = transaction.effects.some(effect => effect.is(dismiss));
    if (!transaction.docChanged && transaction.selection === undefined && !dismissed) {
      return before;
    }
    const call = callAt(transaction.state);
    if (call === null) {
      return null;
    }
    const same = before !== null && before.name === call.name && transaction.changes.mapPos(before.at) === call.at;
    if (same && before.at === call.at && before.dismissed === dismissed) {
      return before;
    }
    return { ...call, tooltip: { pos: call.at, above: true, create: () => ({ dom: nodeOf(call.name) }) }, dismissed: dismissed || (same && before.dismissed) };
  },
  provide: field => showTooltip.from(field, value => value === null || value.dismissed ? null : value.tooltip),
});

function callAt(state: EditorState): { name: string; at: number } | null {
  const { from, to } = state.selection.main;
  if (from !== to) {
    return null;
  }
  const text = state.doc.toString();
  const around = placeAt(text, from).open.findLast(({ mark }) => mark === '(');
  const call = around ? calledBefore(text, around.at) : undefined;
  return call?.dot !== undefined && documentation.has(call.name) ? { name: call.name, at: call.from } : null;
}

function nodeOf(name: string): HTMLElement {
  const box = document.createElement('div');
  box.className = 'doc cm-signature';
  for (const form of documentation.get(name)!.forms) {
    box.append(Object.assign(document.createElement('code'), { textContent: form }));
  }
  return box;
}

export const signature = [
  shown,
  keymap.of([{ key: 'Escape', run: (view: EditorView) => {
    const now = view.state.field(shown);
    if (now === null || now.dismissed) {
      return false;
    }
    view.dispatch({ effects: dismiss.of(null) });
    return true;
  } }]),
];
