import { useId } from 'preact/hooks';

interface Props {
  readonly label: string;
  readonly value: string;
  readonly problem?: string;
  readonly rows?: number;
  readonly onInput: (value: string) => void;
}

/** A field for a function, or other text of several lines that a machine reads. */
export function FunctionField({ label, value, problem = '', rows = 4, onInput }: Props) {
  const id = useId();
  return <p class="form-row">
    <label for={id}>{label}</label>
    <textarea id={id} class="code-field" rows={rows} value={value} autocomplete="off" spellcheck={false} autocapitalize="off" aria-invalid={problem !== ''} aria-describedby={`${id}-problem`}
      onInput={event => onInput(event.currentTarget.value)} />
    <span id={`${id}-problem`} class="problem" role="status">{problem}</span>
  </p>;
}
