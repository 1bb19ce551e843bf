import { useId, useMemo, useRef, useState } from 'preact/hooks';

import { formatNumber, plural } from '../../components/format.ts';
import { describe } from '../../components/pseudotype.ts';
import { pixelsOf, useWindow } from '../../components/window.ts';
import type { Datum } from '../../server/connection.ts';
import { Forest, previewOf, textColumns, type TreeNode } from './tree.ts';

const lineRem = 1.5; // .tree-line in results.css has it, too
const maxNameCharacters = 200;

interface Props {
  readonly rows: readonly Datum[];
  /** Rows of a sequence, which are numbered. */
  readonly numbered?: boolean;
  readonly label: string;
  /** Opens everything at first. */
  readonly opened?: boolean;
  /** Called when somebody has scrolled to the end. */
  readonly onEnd?: (() => void) | undefined;
}

/** Values as trees, of any size. Whatever is in a document becomes text, never markup. */
export function TreeView({ rows, numbered = false, label, opened = false, onEnd }: Props) {
  const forest = useMemo(() => new Forest(), []);
  const [, redraw] = useState(0);
  const [active, setActive] = useState<TreeNode | undefined>();
  const id = useId();
  const known = useRef<readonly Datum[] | undefined>(undefined);
  if (known.current !== rows) {
    known.current = rows;
    forest.update(rows, numbered);
    if (opened) {
      forest.openAll(forest.roots);
    }
  }
  const { box, onScroll, first, end, before, after, reveal } = useWindow({ count: forest.lines, lineHeight: pixelsOf(lineRem), onEnd });

  const toggle = (node: TreeNode, open: boolean) => {
    forest.set(node, open);
    redraw(n => n + 1);
  };
  const choose = (node: TreeNode | undefined) => {
    if (node) {
      setActive(node);
      reveal(forest.lineOf(node));
    }
  };
  const onKey = (event: KeyboardEvent) => {
    const at = active && forest.roots.includes(rootOf(active)) ? active : forest.slice(first, end)[0];
    if (at && !event.ctrlKey && !event.metaKey && !event.altKey && move(forest, at, event.key, choose, toggle)) {
      event.preventDefault();
    }
  };
  const drawn = forest.slice(first, end);
  return <>
    <div class="tree-box" ref={box} onScroll={onScroll} role="tree" aria-label={label} tabIndex={0} onKeyDown={onKey}
      onFocus={() => { if (!active) { setActive(forest.slice(first, end)[0]); } }} aria-activedescendant={active && drawn.includes(active) ? `${id}-active` : undefined}>
      <div role="none" style={{ height: `${before}px` }} />
      {drawn.map((node, i) => <Line key={first + i} node={node} active={node === active} id={id} onToggle={() => { setActive(node); toggle(node, !node.open); }} />)}
      <div role="none" style={{ height: `${after}px` }} />
    </div>
    <div class="row">
      <button type="button" class="link" onClick={() => { forest.openAll(forest.roots); redraw(n => n + 1); }}>Open all</button>
      <button type="button" class="link" onClick={() => { forest.closeAll(); redraw(n => n + 1); }}>Close all</button>
    </div>
  </>;
}

const rootOf = (node: TreeNode): TreeNode => node.parent === undefined ? node : rootOf(node.parent);

/** What a key does in a tree: arrows move, open and close. Tells whether it does anything. */
function move(forest: Forest, at: TreeNode, key: string, choose: (node: TreeNode | undefined) => void, toggle: (node: TreeNode, open: boolean) => void): boolean {
  const line = forest.lineOf(at);
  const nodeAt = (n: number) => forest.slice(n, n + 1)[0];
  switch (key) {
    case 'ArrowDown':
      choose(nodeAt(line + 1));
      return true;
    case 'ArrowUp':
      choose(line > 0 ? nodeAt(line - 1) : undefined);
      return true;
    case 'PageDown':
      choose(nodeAt(Math.min(line + 20, forest.lines - 1)));
      return true;
    case 'PageUp':
      choose(nodeAt(Math.max(line - 20, 0)));
      return true;
    case 'Home':
      choose(nodeAt(0));
      return true;
    case 'End':
      choose(nodeAt(forest.lines - 1));
      return true;
    case 'ArrowRight':
      if (at.open) {
        choose(at.children[0]);
      } else {
        toggle(at, true);
      }
      return true;
    case 'ArrowLeft':
      if (at.open) {
        toggle(at, false);
      } else {
        choose(at.parent);
      }
      return true;
    case 'Enter':
    case ' ':
      toggle(at, !at.open);
      return true;
  }
  return false;
}

function Line({ node, active, id, onToggle }: { node: TreeNode; active: boolean; id: string; onToggle: () => void }) {
  const click = () => {
    if (node.canOpen && getSelection()?.isCollapsed !== false) { // whoever marks text wants to copy it
      onToggle();
    }
  };
  const { depth } = node;
  return <div class={`tree-line ${active ? 'active' : ''} ${node.canOpen ? 'can-open' : ''}`} id={active ? `${id}-active` : undefined} role="treeitem" aria-level={depth + 1}
    aria-expanded={node.canOpen ? node.open : undefined} aria-selected={active} style={{ paddingInlineStart: `${depth * 1.3 + 0.3}rem` }} onClick={click}>
    <span class="tree-arrow" aria-hidden="true">{node.canOpen ? (node.open ? '▾' : '▸') : ''}</span>
    <Name node={node} /><Shown node={node} />
  </div>;
}

function Name({ node: { name, depth } }: { node: TreeNode }) {
  if (name === undefined) {
    return null;
  }
  if (typeof name === 'number') {
    return <span class="tree-number">{formatNumber(depth === 0 ? name + 1 : name)} </span>;
  }
  return <><span class="field">{name.length > maxNameCharacters ? `${name.slice(0, maxNameCharacters)}…` : name}</span><span class="punctuation">: </span></>;
}

function Shown({ node }: { node: TreeNode }) {
  const { value, kind } = node;
  if (kind === 'piece') {
    return <span class="v-string">{String(value)}</span>;
  }
  if (kind === 'text') {
    const text = value as string;
    return node.open ? <span class="quiet">{plural(text.length, 'character')}</span>
      : <span class="v-string">{JSON.stringify(text.slice(0, textColumns)).slice(0, -1)}…" <span class="quiet">{plural(text.length, 'character')}</span></span>;
  }
  if (kind === 'branch') {
    const size = plural(node.size, Array.isArray(value) ? 'element' : 'field');
    return <span class="quiet">{node.open ? (Array.isArray(value) ? `[ ${size} ]` : `{ ${size} }`) : previewOf(value)}</span>;
  }
  const described = describe(value);
  if (described) {
    return <span class={`v-${described.kind}`}>{described.text}</span>;
  }
  return <span class={`v-${value === null ? 'null' : typeof value}`}>{typeof value === 'string' ? JSON.stringify(value) : String(value)}</span>;
}
