import { EditorView } from '@codemirror/view';

/**
 * Text that replaces a selection is put in by the editor itself. The browser would wrap it in an element with the style of what it
 * replaces, which the page's content security policy refuses, and says so.
 */
export const replacing = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to } = view.state.selection.main;
    const text = event.data;
    if (event.inputType !== 'insertText' || text === null || from === to || view.composing) {
      return false;
    }
    const insert = () => view.state.update(view.state.replaceSelection(text), { userEvent: 'input.type', scrollIntoView: true });
    if (!view.state.facet(EditorView.inputHandler).some(handle => handle(view, from, to, text, insert))) {
      view.dispatch(insert());
    }
    return true;
  },
});
