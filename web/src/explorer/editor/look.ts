import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

/** Colours are the page's, so that they follow light and dark. */
export const colours = syntaxHighlighting(HighlightStyle.define([
  { tag: tags.string, color: 'var(--string)' },
  { tag: [tags.number, tags.atom], color: 'var(--number)' },
  { tag: tags.keyword, color: 'var(--keyword)' },
  { tag: tags.propertyName, color: 'var(--field)' },
  { tag: tags.function(tags.propertyName), color: 'var(--accent)' },
  { tag: tags.punctuation, color: 'var(--quiet)' },
  { tag: tags.comment, color: 'var(--quiet)', fontStyle: 'italic' },
]));

const tooltip = { backgroundColor: 'var(--raised)', color: 'var(--text)', border: 'none', borderRadius: '8px', boxShadow: 'var(--shadow-high)' };

export const look = EditorView.theme({
  '&': { color: 'var(--text)', backgroundColor: 'var(--field-background)', fontSize: '0.9rem', height: '100%' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.6' },
  '.cm-content': { caretColor: 'var(--text)', padding: '10px 0' },
  '.cm-line': { padding: '0 12px 0 6px' },
  '.cm-cursor': { borderLeftColor: 'var(--text)', borderLeftWidth: '2px' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { background: 'var(--selection)' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--quiet)', border: 'none', paddingLeft: '4px' },
  '.cm-placeholder': { color: 'var(--quiet)' },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--selection)' },
  '&.cm-focused .cm-nonmatchingBracket': { color: 'var(--bad)', backgroundColor: 'transparent' },
  '.cm-problem': { textDecoration: 'underline wavy var(--bad)', textDecorationSkipInk: 'none', textUnderlineOffset: '4px', backgroundColor: 'var(--bad-background)' },
  '.cm-tooltip': tooltip,
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', fontSize: '0.85rem', maxHeight: '16rem', minWidth: '12rem', padding: '4px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '2px 8px', lineHeight: '1.5', borderRadius: '5px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': { background: 'var(--accent)', color: 'var(--on-accent)' },
  '.cm-completionDetail': { marginLeft: '1em', fontStyle: 'normal', opacity: '0.8' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-tooltip.cm-completionInfo': { padding: '10px 12px', width: 'min(26rem, 80vw)', maxWidth: 'none', maxHeight: '20rem', overflowY: 'auto', ...tooltip },
  '.cm-signature': { padding: '6px 10px', maxWidth: 'min(44rem, 86vw)' },
  '.doc': { fontFamily: 'var(--sans)', fontSize: '0.82rem', lineHeight: '1.45' },
  '.doc code': { display: 'block', fontFamily: 'var(--mono)', fontSize: '0.78rem', overflowWrap: 'anywhere' },
  '.doc p': { margin: '6px 0 0' },
  '.doc .quiet': { color: 'var(--quiet)' },
});

/** JSON that is only read: its colours come from the lines in view, whatever its length is. */
export const readOnlyLook = EditorView.theme({
  '.cm-string': { color: 'var(--string)' },
  '.cm-value': { color: 'var(--number)' },
  '.cm-name': { color: 'var(--field)' },
});
