import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import './plot.css';

export interface Series {
  readonly name: string;
  /** A custom property of the style sheet, without its two dashes; the class of the same name has that colour. */
  readonly color: string;
  readonly values: readonly (number | null)[];
}

interface Props {
  /** What the plot shows, for those who do not see it. */
  readonly label: string;
  readonly times: readonly number[]; // seconds since 1970
  readonly series: readonly Series[];
  /** How much time the plot shows, in seconds. */
  readonly span: number;
  readonly format: (value: number) => string;
  /** The smallest value at the top of the scale, so that noise does not look like load. */
  readonly top?: number;
}

const height = 180; // CSS pixels

/** Lines over time. Their values are there as text as well: those of the place under the pointer, or else the newest. */
export function Plot({ label, times, series, span, format, top = 10 }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [pointed, setPointed] = useState<number | null>(null);
  const latest = useRef({ span, format, top });
  latest.current = { span, format, top };
  const names = series.map(line => line.name).join('\n');

  useEffect(() => {
    const element = box.current!;
    const made = new uPlot(options(element, series, latest, setPointed), dataOf(times, series), element);
    plot.current = made;
    const sizes = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    sizes.observe(element);
    const stopWatching = watchTheme(() => made.redraw(false, true));
    return () => {
      stopWatching();
      sizes.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [names]);
  useEffect(() => plot.current?.setData(dataOf(times, series)), [times]);

  const at = pointed !== null && pointed < times.length ? pointed : times.length - 1;
  const valueAt = (line: Series, i: number) => line.values[i] ?? null;
  const summary = series.map(line => {
    const known = line.values.filter(value => value !== null);
    return known.length === 0 ? `${line.name}: not known yet` : `${line.name}: now ${format(known.at(-1)!)}, at most ${format(Math.max(...known))}`;
  });
  return <figure class="plot">
    <figcaption class="legend">
      {series.map(line => <span key={line.name} class={`key ${line.color}`}>
        <b>{valueAt(line, at) === null ? '–' : format(valueAt(line, at)!)}</b> {line.name}
      </span>)}
      <span class="quiet when">{pointed !== null && times[at] !== undefined ? `${Math.round(times.at(-1)! - times[at]!)} s ago` : 'now'}</span>
    </figcaption>
    <div class="canvas" ref={box} role="img" aria-label={`${label}. ${summary.join('. ')}.`} />
  </figure>;
}

const dataOf = (times: readonly number[], series: readonly Series[]): uPlot.AlignedData =>
  [times as number[], ...series.map(line => line.values as (number | null)[])];

function options(element: HTMLElement, series: readonly Series[], latest: { readonly current: { span: number; format: (value: number) => string; top: number } },
  onPoint: (index: number | null) => void): uPlot.Options {
  const color = (name: string) => () => resolve(element, name);
  const axis = { stroke: color('quiet'), grid: { stroke: color('line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
  return {
    width: element.clientWidth || 300, height,
    padding: [8, 16, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: false, range: (_, __, newest) => [newest - latest.current.span, newest] },
      y: { range: (_, __, most) => [0, Math.max(latest.current.top, most * 1.1)] },
    },
    axes: [
      { ...axis, size: 24, splits: (u: uPlot) => u.data[0].length === 0 ? [] : [0, 30, 60, 90, 120].map(ago => u.data[0].at(-1)! - ago),
        values: (u: uPlot, at: number[]) => at.map(time => time === u.data[0].at(-1) ? 'now' : `−${Math.round(u.data[0].at(-1)! - time)} s`) },
      { ...axis, size: 56, values: (_: uPlot, at: number[]) => at.map(value => latest.current.format(value)) },
    ],
    series: [{}, ...series.map(line => ({ label: line.name, stroke: color(line.color), width: 2, points: { show: false } }))],
    hooks: { setCursor: [u => onPoint(u.cursor.idx ?? null)] },
  };
}

/** The colour that a custom property of the style sheet has in the theme of the moment. */
function resolve(element: HTMLElement, name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(--${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Calls back when the page may have other colours: by the system, or by an attribute of its root. */
function watchTheme(changed: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', changed);
  const root = new MutationObserver(changed);
  root.observe(document.documentElement, { attributes: true });
  return () => {
    system.removeEventListener('change', changed);
    root.disconnect();
  };
}
