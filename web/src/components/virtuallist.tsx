import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import './virtuallist.css';

interface Props<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly show: (row: Row) => ComponentChildren;
  /** The usual height of a row in CSS pixels, for those that were not in view yet. */
  readonly usualHeight: number;
  /** Called when the end comes into view. */
  readonly onEnd?: () => void;
  /** Called when the first row comes into view, or leaves it. */
  readonly onTop?: (atTop: boolean) => void;
}

const margin = 400; // CSS pixels above and below the view that are rendered as well

/**
 * A list of any length, of which only what is in view is in the page. Rows have any height. When rows come in above those in view, these
 * stay where they are; at the top the new ones show.
 */
export function VirtualList<Row>({ label, rows, keyOf, show, usualHeight, onEnd, onTop }: Props<Row>) {
  const box = useRef<HTMLDivElement>(null);
  const heights = useRef(new Map<string, number>());
  const anchor = useRef<{ key: string; offset: number } | undefined>(undefined);
  const [view, setView] = useState({ top: 0, height: 600 });
  const [, measured] = useState(0);

  const tops: number[] = [];
  let total = 0;
  for (const row of rows) {
    tops.push(total);
    total += heights.current.get(keyOf(row)) ?? usualHeight;
  }
  const first = Math.max(lastBefore(tops, view.top - margin), 0);
  const end = Math.min(lastBefore(tops, view.top + view.height + margin) + 1, rows.length);

  useEffect(() => {
    const element = box.current!;
    const look = () => setView(view => view.top === element.scrollTop && view.height === element.clientHeight ? view : { top: element.scrollTop, height: element.clientHeight });
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      sizes.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);
  useLayoutEffect(() => {
    const element = box.current!;
    let changed = false;
    for (const item of element.querySelectorAll<HTMLElement>('[data-key]')) {
      const key = item.dataset['key']!;
      if (heights.current.get(key) !== item.offsetHeight) {
        heights.current.set(key, item.offsetHeight);
        changed = true;
      }
    }
    if (anchor.current) { // what is in view stays there, whatever has come above it or turned out higher
      const at = rows.findIndex(row => keyOf(row) === anchor.current!.key);
      const wanted = at < 0 ? element.scrollTop : tops[at]! + anchor.current.offset;
      if (at >= 0 && Math.abs(wanted - element.scrollTop) > 1) {
        element.scrollTop = wanted;
      }
    }
    if (changed) {
      measured(n => n + 1);
    }
  });
  useLayoutEffect(() => {
    const at = lastBefore(tops, view.top);
    anchor.current = view.top > 0 && rows[at] !== undefined ? { key: keyOf(rows[at]), offset: view.top - tops[at]! } : undefined;
  }, [view.top]);
  useEffect(() => onTop?.(view.top <= 0), [view.top <= 0]);
  useEffect(() => {
    if (end === rows.length && rows.length > 0) {
      onEnd?.();
    }
  }, [end, rows.length]);

  return <div ref={box} class="virtual" role="region" aria-label={label} tabIndex={0}>
    <ul style={{ height: `${total}px` }}>
      {rows.slice(first, end).map((row, i) => <li key={keyOf(row)} data-key={keyOf(row)} aria-setsize={rows.length} aria-posinset={first + i + 1}
        style={{ transform: `translateY(${tops[first + i]}px)` }}>{show(row)}</li>)}
    </ul>
  </div>;
}

/** The index of the last of the ascending numbers that is not above the limit; -1 if there is none. */
function lastBefore(numbers: readonly number[], limit: number): number {
  let low = 0, high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! <= limit) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low - 1;
}
