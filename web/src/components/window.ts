import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Browsers draw nothing beyond some 17 million pixels; what would be longer moves faster than the scroll bar says. */
export const maxPixels = 8_000_000;

/** Where a long list stands, whose lines are all of the same height, when its box is scrolled. All numbers are pixels. */
export class ScrollMap {
  /** How much further down the list is than its box is scrolled. */
  shift = 0;
  private last = 0;

  /** The place in the list that is seen at the top of the box. */
  top(scrollTop: number, viewport: number, total: number): number {
    const spare = Math.max(total - maxPixels, 0);
    const maxScroll = Math.min(total, maxPixels) - viewport;
    if (spare === 0 || scrollTop <= 0) {
      this.shift = 0;
    } else if (scrollTop >= maxScroll) {
      this.shift = spare;
    } else if (Math.abs(scrollTop - this.last) > viewport) { // a leap; small steps are exact
      this.shift = scrollTop / maxScroll * spare;
    }
    this.last = scrollTop;
    return scrollTop + this.shift;
  }

  /** How to scroll so that a place is at the top. */
  scrollTopOf(place: number, viewport: number, total: number): number {
    const maxScroll = Math.max(Math.min(total, maxPixels) - viewport, 0);
    const near = place - this.shift;
    if (near < 0 || near > maxScroll || Math.abs(near - this.last) > viewport) {
      this.shift = total <= maxPixels ? 0 : Math.min(place / (total - viewport), 1) * (total - maxPixels);
    }
    this.last = Math.min(Math.max(place - this.shift, 0), maxScroll);
    return this.last;
  }
}

/** Lines beyond what is seen that are there already when the box is scrolled. */
const overscan = 12;

interface Window {
  /** The box that scrolls. */
  readonly box: { current: HTMLDivElement | null };
  readonly onScroll: () => void;
  /** The lines to draw: from first, without end. */
  readonly first: number;
  readonly end: number;
  /** The heights of what stands for the lines before and after. */
  readonly before: number;
  readonly after: number;
  /** Scrolls until a line is seen. */
  readonly reveal: (line: number) => void;
}

interface Lines {
  readonly count: number;
  /** In pixels, as that of what stays above the lines while they scroll. */
  readonly lineHeight: number;
  readonly headHeight?: number;
  /** Called when somebody has scrolled to the end. */
  readonly onEnd?: (() => void) | undefined;
}

/** The part of a long list of lines that is seen in a box: a million of them cost no more than a few dozen. */
export function useWindow({ count, lineHeight, headHeight = 0, onEnd }: Lines): Window {
  const box = useRef<HTMLDivElement>(null);
  const map = useRef(new ScrollMap());
  const [{ top, height }, setSeen] = useState({ top: 0, height: 700 });
  const total = count * lineHeight;
  const look = () => {
    const element = box.current;
    if (element) {
      const viewport = element.clientHeight - headHeight;
      setSeen({ top: map.current.top(element.scrollTop, viewport, total), height: viewport });
    }
  };
  const newest = useRef(look);
  newest.current = look;
  useLayoutEffect(() => newest.current(), [count, lineHeight]);
  useEffect(() => {
    const observer = new ResizeObserver(() => newest.current());
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  const first = Math.min(Math.max(Math.floor(top / lineHeight) - overscan, 0), Math.max(count - 1, 0));
  const end = Math.min(Math.ceil((top + height) / lineHeight) + overscan, count);
  const before = Math.max(first * lineHeight - map.current.shift, 0);
  const after = Math.max(Math.min(total, maxPixels) - before - (end - first) * lineHeight, 0);
  const reveal = (line: number) => {
    const element = box.current;
    if (!element) {
      return;
    }
    const viewport = element.clientHeight - headHeight;
    const place = line * lineHeight;
    const seen = element.scrollTop + map.current.shift;
    if (place < seen || place + lineHeight > seen + viewport) {
      element.scrollTop = map.current.scrollTopOf(place < seen ? place : place + lineHeight - viewport, viewport, total);
      look();
    }
  };
  const onScroll = () => {
    look();
    const { scrollTop, clientHeight, scrollHeight } = box.current!;
    if (scrollTop + clientHeight > scrollHeight - 2 * lineHeight) {
      onEnd?.();
    }
  };
  return { box, onScroll, first, end, before, after, reveal };
}

/** The pixels of a length in units of the page's text, which people can enlarge. */
export const pixelsOf = (rem: number): number => rem * parseFloat(getComputedStyle(document.documentElement).fontSize);
