import './gauge.css';

interface Props {
  readonly name: string;
  readonly value: number;
  /** What the value may be at most. */
  readonly limit: number;
  readonly format: (value: number) => string;
  /** From which part of the limit on it needs attention. */
  readonly high?: number;
}

/** How much of something that is limited is used. */
export function Gauge({ name, value, limit, format, high = 0.9 }: Props) {
  const part = limit > 0 ? Math.min(value / limit, 1) : 0;
  const text = `${format(value)} of ${format(limit)}`;
  return <div class="gauge">
    <span class="gauge-name">{name}</span>
    <span class="gauge-text">{text} <span class="quiet">({Math.round(part * 100)} %)</span></span>
    <div class={part >= high ? 'bar high' : 'bar'} role="meter" aria-label={name} aria-valuemin={0} aria-valuemax={limit} aria-valuenow={Math.min(value, limit)} aria-valuetext={text}>
      <span style={{ width: `${part * 100}%` }} />
    </div>
  </div>;
}

/** How far something has come; 1 is its end. */
export function Progress({ label, part }: { label: string; part: number }) {
  const percent = Math.min(Math.floor(part * 100), 100);
  return <div class="progress">
    <div class="bar" role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}><span style={{ width: `${percent}%` }} /></div>
    <span class="quiet number">{percent} %</span>
  </div>;
}
