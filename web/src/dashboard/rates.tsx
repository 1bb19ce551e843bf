import { useRef } from 'preact/hooks';

import { Panel } from '../components/panel.tsx';
import { formatNumber } from '../components/format.ts';
import { usePoll } from '../components/poll.ts';
import { loadRates } from './load.ts';

const stepMilliseconds = 1000;
/** Two minutes. */
const steps = 120;
const width = 600, height = 120; // of the drawing; the page scales it

type Sample = { readonly read: number; readonly written: number };

/** Reads and writes per second in the last two minutes. */
export function Rates() {
  const samples = useRef<readonly Sample[]>([]);
  const { value, error } = usePoll(async () => {
    const sample = await loadRates();
    samples.current = [...samples.current, sample].slice(-steps);
    return samples.current;
  }, stepMilliseconds);
  if (value === undefined) {
    return error === undefined ? <Panel title="Cluster performance"><p class="waiting">Loading…</p></Panel> : null; // the overview tells of the error
  }
  const last = value.at(-1)!;
  const top = Math.max(10, ...value.flatMap(sample => [sample.read, sample.written]));
  return <Panel title="Cluster performance" actions={<p class="legend">
    <span class="key reads">{formatNumber(Math.round(last.read))} reads/sec</span>
    <span class="key writes">{formatNumber(Math.round(last.written))} writes/sec</span>
  </p>}>
    <svg class="plot" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label="Reads and writes per second in the last two minutes">
      {[0.25, 0.5, 0.75].map(part => <line key={part} class="grid-line" x1="0" x2={width} y1={height * part} y2={height * part} />)}
      <polyline class="reads" points={points(value.map(sample => sample.read), top)} />
      <polyline class="writes" points={points(value.map(sample => sample.written), top)} />
    </svg>
    <p class="scale quiet"><span>two minutes ago</span><span>top: {formatNumber(Math.ceil(top))}/sec</span><span>now</span></p>
  </Panel>;
}

/** The newest sample is at the right. */
function points(values: readonly number[], top: number): string {
  return values.map((value, i) => {
    const x = width - (values.length - 1 - i) * width / (steps - 1);
    return `${x.toFixed(1)},${(height - 2 - value / top * (height - 6)).toFixed(1)}`;
  }).join(' ');
}
