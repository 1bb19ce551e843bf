import { useState } from 'preact/hooks';

import { Confirm } from '../components/confirm.tsx';
import { Dialog } from '../components/dialog.tsx';
import { TextField } from '../components/field.tsx';
import { notify } from '../components/toast.tsx';
import { goTo } from '../shell/route.ts';
import { createAccount, deleteAccount } from './load.ts';
import { noPassword, PasswordFields } from './password.tsx';
import type { Account } from './rights.ts';

interface AddProps {
  readonly role: boolean;
  readonly accounts: readonly Account[];
  readonly onClose: () => void;
}

/** Asks for a new user or role, and goes on to its permissions. */
export function AddAccount({ role, accounts, onClose }: AddProps) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState(noPassword);
  const [roles, setRoles] = useState<readonly string[]>([]);
  const taken = accounts.some(account => account.id === name);
  const create = async () => {
    await createAccount({ name, role, password: password.text, iterations: password.iterations, roles });
    notify(`The ${role ? 'role' : 'user'} ${name} was created.`);
    goTo('users', name);
  };
  return <Dialog title={role ? 'Add a role' : 'Add a user'} action="Add" ready={name !== '' && !taken} onAction={create} onClose={onClose}>
    {role && <p>A role is a named set of permissions. Nobody logs in as a role; users, and other roles, have it.</p>}
    <TextField label="Name" value={name} problem={taken ? 'There is one of this name already.' : ''} onInput={setName} />
    {!role && <PasswordFields label="Password" value={password} onChange={setPassword} />}
    {!role && name !== '' && password.text === '' && <p class="hint">Without a password everybody who can reach the server may log in as {name}.</p>}
    <RoleChoice roles={accounts.filter(account => account.role === true).map(account => account.id).sort()} chosen={roles} onChange={setRoles} />
  </Dialog>;
}

function RoleChoice({ roles, chosen, onChange }: { roles: readonly string[]; chosen: readonly string[]; onChange: (roles: readonly string[]) => void }) {
  return roles.length === 0 ? null : <fieldset class="role-choice">
    <legend>Roles</legend>
    {roles.map(role => <label class="check" key={role}><input type="checkbox" checked={chosen.includes(role)}
      onChange={event => onChange(event.currentTarget.checked ? [...chosen, role] : chosen.filter(other => other !== role))} /><span>{role}</span></label>)}
  </fieldset>;
}

export function DeleteAccount({ account, onClose }: { account: Account; onClose: () => void }) {
  const kind = account.role ? 'role' : 'user';
  const remove = async () => {
    await deleteAccount(account.id);
    notify(`The ${kind} ${account.id} was deleted.`);
    goTo('users');
  };
  return <Confirm title={`Delete the ${kind} ${account.id}`} action="Delete" onAction={remove} onClose={onClose}>
    <p>{account.role ? 'What was granted to the role is forgotten.' : 'What was granted to the user is forgotten, its tokens end, and its queries with their next batch of rows.'}</p>
  </Confirm>;
}
