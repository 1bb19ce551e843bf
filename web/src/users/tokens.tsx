import { useState } from 'preact/hooks';

import { Badge } from '../components/badge.tsx';
import { Code } from '../components/code.tsx';
import { Confirm } from '../components/confirm.tsx';
import { Dialog } from '../components/dialog.tsx';
import { Empty } from '../components/empty.tsx';
import { Failure } from '../components/failure.tsx';
import { SelectField, TextField } from '../components/field.tsx';
import { Icon } from '../components/icon.tsx';
import { millisecondsOf, Moment } from '../components/moment.tsx';
import { Panel } from '../components/panel.tsx';
import { Table, type Column } from '../components/table.tsx';
import { notify } from '../components/toast.tsx';
import { Waiting } from '../components/waiting.tsx';
import { hrefOf } from '../shell/route.ts';
import { createToken, revokeToken, useTokens, type Token } from './load.ts';

/** Bearer tokens, by which programs ask queries over HTTP without a password. */
export function Tokens({ users }: { users: readonly string[] }) {
  const { rows, error } = useTokens();
  const [adding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<Token | undefined>();
  const [secret, setSecret] = useState('');
  const make = <button type="button" onClick={() => setAdding(true)}><Icon name="add" />Make token</button>;
  return <Panel title="Bearer tokens" actions={rows && make}>
    {secret !== '' && <NewToken secret={secret} onClose={() => setSecret('')} />}
    {error !== undefined ? <Failure error={error} />
      : rows === undefined ? <Waiting />
      : rows.length === 0 ? <Empty icon="key" title="No tokens">With a token a program asks queries over HTTP as one of the users, and knows no password.</Empty>
      : <Table label="Bearer tokens" rows={[...rows].sort((a, b) => a.created_at.epoch_time - b.created_at.epoch_time)} keyOf={token => token.id} columns={[...columns, {
          title: 'Actions', untitled: true, actions: true,
          show: token => <button type="button" class="plain danger" onClick={() => setRevoking(token)}>Revoke<span class="hidden"> the token {token.description} of {token.user}</span></button>,
        }]} />}
    {adding && <AddToken users={users} onMade={setSecret} onClose={() => setAdding(false)} />}
    {revoking && <RevokeToken token={revoking} onClose={() => setRevoking(undefined)} />}
  </Panel>;
}

const columns: readonly Column<Token>[] = [
  { title: 'Acts as', heading: true, sortBy: token => token.user, show: token => <a href={hrefOf('users', token.user)}>{token.user}</a> },
  { title: 'What for', show: token => token.description || <span class="quiet">–</span> },
  { title: 'Made', sortBy: token => token.created_at.epoch_time, show: token => <Moment time={token.created_at} /> },
  { title: 'Expires', sortBy: token => token.expires_at?.epoch_time ?? Infinity, show: ({ expires_at: at }) => at === null ? <Badge tone="warn">never</Badge>
    : millisecondsOf(at) < Date.now() ? <Badge>expired</Badge> : <Moment time={at} /> },
];

/** The only time that the secret is seen. It is kept nowhere but on the screen. */
function NewToken({ secret, onClose }: { secret: string; onClose: () => void }) {
  return <div class="new-token" role="status">
    <p><strong>Copy the token now: it is not shown again.</strong> The server keeps only what it needs to check it.</p>
    <Code label="The new token" text={secret} />
    <p class="quiet">A program sends it as a header: <code>Authorization: Bearer …</code></p>
    <button type="button" onClick={onClose}>I have it</button>
  </div>;
}

const day = 86_400;
const lifetimes: readonly (readonly [seconds: string, shown: string])[] = [
  [String(day), 'a day'], [String(7 * day), 'a week'], [String(30 * day), '30 days'], [String(90 * day), '90 days'], [String(365 * day), 'a year'], ['never', 'for ever'],
];

function AddToken({ users, onMade, onClose }: { users: readonly string[]; onMade: (secret: string) => void; onClose: () => void }) {
  const [user, setUser] = useState(users.find(name => name !== 'admin') ?? users[0] ?? '');
  const [description, setDescription] = useState('');
  const [lifetime, setLifetime] = useState(String(90 * day));
  const make = async () => onMade(await createToken(user, description, lifetime === 'never' ? null : Number(lifetime)));
  return <Dialog title="Make a bearer token" action="Make token" ready={user !== ''} onAction={make} onClose={onClose}>
    <SelectField label="Acts as the user" value={user} options={users.map(name => [name, name])} onInput={setUser}
      hint={user === 'admin' ? 'Whoever has it may do everything. A user with few rights is better.' : 'It has the rights of this user, and ends with the user.'} />
    <TextField label="What for" value={description} placeholder="dashboard in the office" onInput={setDescription} />
    <SelectField label="Good for" value={lifetime} options={lifetimes} onInput={setLifetime} />
  </Dialog>;
}

function RevokeToken({ token, onClose }: { token: Token; onClose: () => void }) {
  const revoke = async () => {
    await revokeToken(token.id);
    notify('The token was revoked.');
  };
  return <Confirm title="Revoke the token" action="Revoke" onAction={revoke} onClose={onClose}>
    <p>The program that has the token of {token.user}{token.description && ` (${token.description})`} is refused from now on.</p>
  </Confirm>;
}
