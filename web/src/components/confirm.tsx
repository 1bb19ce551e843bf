import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

import { Dialog } from './dialog.tsx';
import { TextField } from './field.tsx';

interface Props {
  readonly title: string;
  readonly action: string;
  /** What has to be typed before it goes on, for what cannot be undone and is much. */
  readonly phrase?: string;
  readonly onAction: () => Promise<void>;
  readonly onClose: () => void;
  /** What will happen, in plain words. */
  readonly children: ComponentChildren;
}

/** A question before something is lost for good. */
export function Confirm({ title, action, phrase, onAction, onClose, children }: Props) {
  const [typed, setTyped] = useState('');
  return <Dialog title={title} action={action} danger ready={phrase === undefined || typed === phrase} onAction={onAction} onClose={onClose}>
    {children}
    {phrase !== undefined && <TextField label={`Type ${phrase} to go on`} value={typed} onInput={setTyped} />}
  </Dialog>;
}
