import { useId, useState } from 'preact/hooks';

import { CopyButton } from '../components/code.tsx';
import { Confirm } from '../components/confirm.tsx';
import { Dialog } from '../components/dialog.tsx';
import { TextField } from '../components/field.tsx';
import { notify } from '../components/toast.tsx';
import { judgePassword, setPassword } from './load.ts';
import { generatePassword } from './generate.ts';
import { adminName } from './rights.ts';

/** How often the server hashes a password of which nothing is said. */
const usualIterations = 4096;

export interface Password {
  readonly text: string;
  /** undefined: the usual number. */
  readonly iterations: number | undefined;
}

export const noPassword: Password = { text: '', iterations: undefined };

/** Where a new password is typed or made. It stays in this form: no history, address or log has it. */
export function PasswordFields({ value, onChange, label = 'New password' }: { value: Password; onChange: (value: Password) => void; label?: string }) {
  const [shown, setShown] = useState(false);
  const id = useId();
  const make = () => {
    onChange({ ...value, text: generatePassword() });
    setShown(true);
  };
  return <>
    <div class="form-row">
      <label for={id}>{label}</label>
      <div class="password">
        <input id={id} {...(shown ? {} : { type: 'password' as const })} value={value.text} autocomplete="new-password" autocapitalize="off" spellcheck={false}
          onInput={event => onChange({ ...value, text: event.currentTarget.value })} />
        <button type="button" aria-pressed={shown} onClick={() => setShown(!shown)}>Show<span class="hidden"> the password</span></button>
        <button type="button" onClick={make}>Make one</button>
        {shown && value.text !== '' && <CopyButton text={value.text} />}
      </div>
    </div>
    <details>
      <summary>Iterations of the hash</summary>
      <TextField label="Iterations" type="number" min={1} placeholder={String(usualIterations)} value={value.iterations === undefined ? '' : String(value.iterations)}
        hint="More make it harder to guess the password from a stolen disk, and each log-in slower. Most leave it as it is."
        onInput={text => onChange({ ...value, iterations: text === '' ? undefined : Number(text) })} />
    </details>
  </>;
}

interface Props {
  readonly name: string;
  /** Told what the server finds wrong with the new password. */
  readonly onDone?: (doubts: readonly string[]) => void;
  readonly onClose: () => void;
}

export function SetPassword({ name, onDone, onClose }: Props) {
  const [password, setNew] = useState(noPassword);
  const set = async () => {
    await setPassword(name, password.text, password.iterations);
    notify(`The password of ${name} is set.`);
    onDone?.(await judgePassword(name));
  };
  return <Dialog title={`Set the password of ${name}`} action="Set password" ready={password.text !== ''} onAction={set} onClose={onClose}>
    {name === adminName && <p>It is the authentication key of drivers, too: from then on they need it, and so does this page. Connections that exist stay.</p>}
    <PasswordFields value={password} onChange={setNew} />
  </Dialog>;
}

export function RemovePassword({ name, onClose }: Props) {
  const remove = async () => {
    await setPassword(name, '');
    notify(`${name} has no password any more.`);
  };
  return <Confirm title={`Remove the password of ${name}`} action="Remove password" onAction={remove} onClose={onClose}>
    <p>{name === adminName
      ? 'Whoever is served then may do everything without a password: programs of this machine, and those in private networks if a port is open to them.'
      : `Everybody who can reach the server may then log in as ${name}.`}</p>
  </Confirm>;
}
