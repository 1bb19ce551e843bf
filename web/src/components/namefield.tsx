import { useId } from 'preact/hooks';

interface Props {
  readonly label: string;
  readonly value: string;
  readonly problem?: string;
  readonly onInput: (value: string) => void;
}

/** A field of a form, with what is wrong with its value under it. */
export function NameField({ label, value, problem = '', onInput }: Props) {
  const id = useId();
  return <p class="form-row">
    <label for={id}>{label}</label>
    <input id={id} value={value} autocomplete="off" spellcheck={false} aria-invalid={problem !== ''} aria-describedby={`${id}-problem`} onInput={event => onInput(event.currentTarget.value)} />
    <span id={`${id}-problem`} class="problem" role="status">{problem}</span>
  </p>;
}

/** The server's rule for names of databases, tables and servers, so that a mistake shows before it is sent. */
export function nameProblem(name: string, taken: readonly string[]): string {
  if (name !== '' && !/^[A-Za-z0-9_-]+$/.test(name)) {
    return 'Use A-Z, a-z, 0-9, _ and - only.';
  }
  return taken.includes(name) ? 'There is one of this name already.' : '';
}
