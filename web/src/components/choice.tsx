import { useId } from 'preact/hooks';

interface Props<T extends string> {
  readonly label: string;
  readonly value: T;
  /** What there is to choose from, and how it is called. */
  readonly options: readonly (readonly [T, string])[];
  readonly onChange: (value: T) => void;
}

/** A choice of one among few. */
export function Choice<T extends string>({ label, value, options, onChange }: Props<T>) {
  const id = useId();
  return <p class="form-row">
    <label for={id}>{label}</label>
    <select id={id} value={value} onChange={event => onChange(event.currentTarget.value as T)}>
      {options.map(([name, text]) => <option key={name} value={name}>{text}</option>)}
    </select>
  </p>;
}

interface NumberProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max?: number;
  readonly unit?: string;
  /** Gets NaN while the field holds no number. */
  readonly onInput: (value: number) => void;
}

export function NumberField({ label, value, min, max, unit, onInput }: NumberProps) {
  const id = useId();
  return <p class="form-row">
    <label for={id}>{label}{unit && <span class="quiet"> ({unit})</span>}</label>
    <input id={id} type="number" min={min} max={max} value={Number.isNaN(value) ? '' : value} onInput={event => onInput(event.currentTarget.valueAsNumber)} />
  </p>;
}
