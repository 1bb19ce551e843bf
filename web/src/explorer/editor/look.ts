import { EditorView } from '@codemirror/view';

const tooltip = { backgroundColor: 'var(--raised)', color: 'var(--text)', border: 'none', borderRadius: '8px', boxShadow: 'var(--shadow-high)' };

/** Proposals, documentation and signatures. */
export const popUpLook = EditorView.theme({
  '.cm-tooltip': tooltip,
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', fontSize: '0.85rem', maxHeight: '16rem', minWidth: '12rem', padding: '4px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '2px 8px', lineHeight: '1.5', borderRadius: '5px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': { background: 'var(--accent)', color: 'var(--on-accent)' },
  '.cm-completionDetail': { marginLeft: '1em', fontStyle: 'normal', opacity: '0.8' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-tooltip.cm-completionInfo': { padding: '10px 12px', width: 'min(26rem, 80vw)', maxWidth: 'none', maxHeight: '20rem', overflowY: 'auto', ...tooltip },
  // What lies below it can still be clicked, and it goes with the cursor.
  '.cm-signature': { pointerEvents: 'none',  padding: '6px 10px', maxWidth: 'min(44rem, 86vw)' },
  '&:not(.cm-focused) .cm-signature': { display: 'none' },
  '.doc': { fontFamily: 'var(--sans)', fontSize: '0.82rem', lineHeight: '1.45' },
  '.doc code': { display: 'block', fontFamily: 'var(--mono)', fontSize: '0.78rem', overflowWrap: 'anywhere' },
  '.doc p': { margin: '6px 0 0' },
  '.doc .quiet': { color: 'var(--quiet)' },
});
