import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { textOfError } from './failure.tsx';

interface Props {
  readonly title: string;
  /** What the button says that does it. */
  readonly action: string;
  readonly danger?: boolean;
  /** It has a lot to show. */
  readonly wide?: boolean;
  readonly ready?: boolean;
  /** It has something to show when it is done, and stays open. */
  readonly stay?: boolean;
  /** The dialog closes when it is done; an error is shown in it. */
  readonly onAction: () => Promise<void>;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A modal question. The browser keeps the focus in it and closes it on Escape. */
export function Dialog({ title, action, danger = false, wide = false, ready = true, stay = false, onAction, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState('');
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setFailed('');
    try {
      await onAction();
      if (!stay) {
        dialog.current?.close();
      }
    } catch (error) {
      setFailed(textOfError(error));
    } finally {
      setBusy(false);
    }
  };
  return <dialog ref={dialog} class={wide ? 'wide' : undefined} onClose={onClose} aria-labelledby={id}>
    <form onSubmit={submit}>
      <h2 id={id}>{title}</h2>
      {children}
      {failed && <p class="failure" role="alert">{failed}</p>}
      <div class="buttons">
        <button type="button" onClick={() => dialog.current?.close()}>Cancel</button>
        <button type="submit" class={danger ? 'danger' : 'primary'} disabled={busy || !ready}>{action}</button>
      </div>
    </form>
  </dialog>;
}
