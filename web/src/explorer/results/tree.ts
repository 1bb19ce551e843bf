// A value as a tree, seen as lines of which most are never drawn.

import { describe } from '../../components/pseudotype.ts';
import type { Datum } from '../../server/connection.ts';

/** A longer text is folded, and shows in lines of this length when it is opened. */
export const textColumns = 100;
/** How many nodes are opened at once, at most. */
const maxOpened = 100_000;

/** branch: an object or an array. text: a long string. piece: a line of a long string. leaf: anything else. */
type Kind = 'branch' | 'text' | 'piece' | 'leaf';

export class TreeNode {
  readonly value: Datum;
  /** The field's name, or the place in an array; undefined for a value by itself and for a piece of a text. */
  readonly name: string | number | undefined;
  readonly parent: TreeNode | undefined;
  readonly kind: Kind;
  open = false;
  /** How many lines it has, its own included. */
  lines = 1;
  private made: readonly TreeNode[] | undefined;

  constructor(value: Datum, name: string | number | undefined, parent: TreeNode | undefined, kind: Kind = kindOf(value)) {
    this.value = value;
    this.name = name;
    this.parent = parent;
    this.kind = kind;
  }

  get depth(): number { return this.parent === undefined ? 0 : this.parent.depth + 1; }

  get canOpen(): boolean { return this.kind === 'text' || (this.kind === 'branch' && this.size > 0); }

  /** The number of elements, fields or characters. */
  get size(): number {
    const { value } = this;
    return typeof value === 'string' || Array.isArray(value) ? value.length : value !== null && typeof value === 'object' ? Object.keys(value).length : 0;
  }

  get children(): readonly TreeNode[] {
    this.made ??= this.make();
    return this.made;
  }

  private make(): TreeNode[] {
    const { value } = this;
    if (typeof value === 'string') {
      return piecesOf(value).map(piece => new TreeNode(piece, undefined, this, 'piece'));
    }
    if (Array.isArray(value)) {
      return value.map((item, i) => new TreeNode(item, i, this));
    }
    return Object.entries(value as { [name: string]: Datum }).map(([name, field]) => new TreeNode(field, name, this));
  }

  /** Opens or closes it. Gives the change of its number of lines. */
  set(open: boolean): number {
    if (open === this.open || !this.canOpen) {
      return 0;
    }
    this.open = open;
    const before = this.lines;
    // Children that were never opened have one line each, and need not be made to be counted.
    this.lines = open ? 1 + (this.kind === 'branch' && this.made === undefined ? this.size : this.children.reduce((sum, child) => sum + child.lines, 0)) : 1;
    const change = this.lines - before;
    for (let at = this.parent; at !== undefined; at = at.parent) {
      at.lines += change;
    }
    return change;
  }
}

function kindOf(value: Datum): Kind {
  if (typeof value === 'string') {
    return value.length > textColumns || value.includes('\n') ? 'text' : 'leaf';
  }
  return value !== null && typeof value === 'object' && describe(value) === undefined ? 'branch' : 'leaf';
}

/** The lines of a text, long ones cut, but not between the halves of a character. */
function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (const line of text.split('\n')) {
    let at = 0;
    do {
      let end = Math.min(at + textColumns, line.length);
      if (/[\uD800-\uDBFF]/.test(line[end - 1] ?? '')) {
        end = Math.min(end + 1, line.length);
      }
      pieces.push(line.slice(at, end));
      at = end;
    } while (at < line.length);
  }
  return pieces;
}

/** Rows as trees, one below the other. */
export class Forest {
  roots: readonly TreeNode[] = [];
  lines = 0;

  /** Takes rows in. Those that were there before stay as they are, opened or closed. */
  update(rows: readonly Datum[], numbered: boolean): void {
    const known = this.roots;
    const grown = known.length > 0 && known.length <= rows.length && known[0]!.value === rows[0] && known.at(-1)!.value === rows[known.length - 1];
    if (grown) {
      this.roots = [...known, ...rows.slice(known.length).map((row, i) => root(row, numbered ? known.length + i : undefined))];
    } else {
      const kept = new Map(known.filter(({ value }) => value !== null && typeof value === 'object').map(node => [node.value, node]));
      this.roots = rows.map((row, i) => kept.get(row) ?? root(row, numbered ? i : undefined));
    }
    this.lines = this.roots.reduce((sum, node) => sum + node.lines, 0);
  }

  set(node: TreeNode, open: boolean): void {
    this.lines += node.set(open);
  }

  /** Opens everything within a node, as far as there is room. */
  openAll(nodes: readonly TreeNode[]): void {
    const queue = [...nodes]; // the upper ones first
    for (let i = 0; i < queue.length && i < maxOpened; i++) {
      const node = queue[i]!;
      this.set(node, true);
      if (node.kind === 'branch') {
        node.children.forEach(child => child.kind === 'branch' && queue.push(child));
      }
    }
  }

  closeAll(): void {
    const close = (node: TreeNode): void => {
      if (node.open) {
        node.children.forEach(close);
        node.set(false);
      }
    };
    this.roots.forEach(close);
    this.lines = this.roots.length;
  }

  /** The nodes of some lines, from first, without end. */
  slice(first: number, end: number): TreeNode[] {
    const found: TreeNode[] = [];
    let line = 0;
    const walk = (nodes: readonly TreeNode[]): void => {
      for (const node of nodes) {
        if (line >= end) {
          return;
        }
        if (line + node.lines <= first) {
          line += node.lines;
          continue;
        }
        if (line >= first) {
          found.push(node);
        }
        line++;
        if (node.open) {
          walk(node.children);
        }
      }
    };
    walk(this.roots);
    return found;
  }

  /** The line of a node. */
  lineOf(node: TreeNode): number {
    const siblings = node.parent?.children ?? this.roots;
    let line = node.parent === undefined ? 0 : this.lineOf(node.parent) + 1;
    for (const sibling of siblings) {
      if (sibling === node) {
        break;
      }
      line += sibling.lines;
    }
    return line;
  }
}

function root(row: Datum, number: number | undefined): TreeNode {
  const node = new TreeNode(row, number, undefined);
  if (node.kind === 'branch') {
    node.set(true);
  }
  return node;
}

const previewCharacters = 90;

/** What is in an object or an array, as far as it fits into a line. */
export function previewOf(value: Datum): string {
  const list = Array.isArray(value);
  const [left, right] = list ? ['[', ']'] : ['{', '}'];
  const parts: string[] = [];
  let length = 0;
  for (const name in value as object) {
    const field = (value as { [name: string]: Datum })[name]!;
    const part = (list ? '' : `${name.slice(0, previewCharacters)}: `) + shortly(field);
    length += part.length + 2;
    if (length > previewCharacters) {
      parts.push('…');
      break;
    }
    parts.push(part);
  }
  return parts.length === 0 ? left + right : list ? `${left}${parts.join(', ')}${right}` : `${left} ${parts.join(', ')} ${right}`;
}

function shortly(value: Datum): string {
  if (typeof value === 'string') {
    return value.length > 30 ? `${JSON.stringify(value.slice(0, 30)).slice(0, -1)}…"` : JSON.stringify(value);
  }
  if (value === null || typeof value !== 'object') {
    return String(value);
  }
  return describe(value)?.text ?? (Array.isArray(value) ? (value.length === 0 ? '[]' : '[…]') : '{…}');
}
