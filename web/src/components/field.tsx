import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface Labelled {
  readonly label: string;
  readonly hint?: ComponentChildren;
  /** What is wrong with the value. Its line is kept, so that nothing moves when there is something. */
  readonly problem?: string;
}

interface Change {
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly disabled?: boolean;
}

interface TextProps extends Labelled, Change {
  readonly type?: 'text' | 'password' | 'number' | 'search' | 'datetime-local';
  readonly placeholder?: string;
  /** What the browser may fill in: 'username', 'current-password', 'new-password'. Nothing otherwise. */
  readonly autocomplete?: string;
  readonly min?: number;
  readonly max?: number;
  /** The id of a datalist with proposals. */
  readonly list?: string;
}

/** A line of text with its label. */
export function TextField({ label, hint, problem, value, onInput, ...more }: TextProps) {
  const id = useId();
  return <Row id={id} label={label} hint={hint} problem={problem}>
    <input autocomplete="off" spellcheck={false} {...more as { type: 'text' }} id={id} value={value} aria-invalid={Boolean(problem)} aria-describedby={`${id}-hint ${id}-problem`}
      onInput={event => onInput(event.currentTarget.value)} />
  </Row>;
}

/** Text of several lines. */
export function TextArea({ label, hint, problem, value, onInput, ...more }: Labelled & Change & { readonly rows?: number; readonly placeholder?: string }) {
  const id = useId();
  return <Row id={id} label={label} hint={hint} problem={problem}>
    <textarea autocomplete="off" spellcheck={false} {...more} id={id} value={value} aria-invalid={Boolean(problem)} aria-describedby={`${id}-hint ${id}-problem`}
      onInput={event => onInput(event.currentTarget.value)} />
  </Row>;
}

interface SelectProps<T extends string> extends Labelled {
  readonly value: T;
  readonly onInput: (value: T) => void;
  readonly options: readonly (readonly [value: T, shown: string])[];
  readonly disabled?: boolean;
}

/** One of several values, by a list that opens. Few ones are better all in view: segments.tsx. */
export function SelectField<T extends string>({ label, hint, problem, value, onInput, options, disabled = false }: SelectProps<T>) {
  const id = useId();
  return <Row id={id} label={label} hint={hint} problem={problem}>
    <select id={id} value={value} disabled={disabled} aria-describedby={`${id}-hint ${id}-problem`} onInput={event => onInput(event.currentTarget.value as T)}>
      {options.map(([option, shown]) => <option key={option} value={option}>{shown}</option>)}
    </select>
  </Row>;
}

/** Yes or no. */
export function CheckField({ label, hint, checked, onChange, disabled = false }: { label: ComponentChildren; hint?: ComponentChildren; checked: boolean; onChange: (checked: boolean) => void; disabled?: boolean }) {
  const id = useId();
  return <div class="form-row">
    <label class="check"><input type="checkbox" checked={checked} disabled={disabled} aria-describedby={hint ? `${id}-hint` : undefined} onChange={event => onChange(event.currentTarget.checked)} /><span>{label}</span></label>
    {hint && <span id={`${id}-hint`} class="hint">{hint}</span>}
  </div>;
}

function Row({ id, label, hint, problem, children }: { id: string; label: string; hint: ComponentChildren; problem: string | undefined; children: ComponentChildren }) {
  return <div class="form-row">
    <label for={id}>{label}</label>
    {children}
    {hint && <span id={`${id}-hint`} class="hint">{hint}</span>}
    {problem !== undefined && <span id={`${id}-problem`} class="problem" role="status">{problem}</span>}
  </div>;
}
