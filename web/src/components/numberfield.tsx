import { TextField } from './field.tsx';

interface Props {
  readonly label: string;
  readonly hint?: string;
  /** NaN while the field holds no number. */
  readonly value: number;
  readonly min: number;
  readonly max?: number;
  readonly onInput: (value: number) => void;
}

/** A number with its label. */
export function NumberField({ value, onInput, ...more }: Props) {
  return <TextField type="number" {...more} value={Number.isNaN(value) ? '' : String(value)} onInput={text => onInput(text.trim() === '' ? NaN : Number(text))} />;
}
