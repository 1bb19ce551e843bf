import { StateEffect, StateField } from '@codemirror/state';
import { Decoration, EditorView, type DecorationSet } from '@codemirror/view';

/** Underlines the place that is to blame, or none. */
export const setProblem = StateEffect.define<{ from: number; to: number; message: string } | undefined>();

/** The place moves with the text, and goes with the next query that is run. */
export const problem = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let now = marks.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (effect.is(setProblem)) {
        const end = transaction.newDoc.length;
        const from = Math.min(effect.value?.from ?? 0, Math.max(end - 1, 0)), to = Math.min(effect.value?.to ?? 0, end);
        now = effect.value && from < to ? Decoration.set(Decoration.mark({ class: 'cm-problem', attributes: { title: effect.value.message } }).range(from, to)) : Decoration.none;
      }
    }
    return now;
  },
  provide: field => EditorView.decorations.from(field),
});
