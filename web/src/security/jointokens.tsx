import { useState } from 'preact/hooks';

import { Badge } from '../components/badge.tsx';
import { Code } from '../components/code.tsx';
import { Confirm } from '../components/confirm.tsx';
import { Failure } from '../components/failure.tsx';
import { Moment, type Time } from '../components/moment.tsx';
import { Panel } from '../components/panel.tsx';
import { useSystemTable } from '../components/systemtable.ts';
import { Table, type Column } from '../components/table.tsx';
import { notify } from '../components/toast.tsx';
import { Waiting } from '../components/waiting.tsx';
import { write } from '../server/write.ts';

/** A row of `join_tokens`. */
interface JoinToken {
  readonly id: string;
  readonly created_at: Time;
  readonly expires_at: Time;
  readonly reusable: boolean;
}

/** The tokens with which servers may join. Their secret is made where it is needed: by the command line. */
export function JoinTokens() {
  const { rows, error } = useSystemTable<JoinToken>('join_tokens');
  const [revoking, setRevoking] = useState<JoinToken | undefined>();
  return <Panel title="Join tokens">
    <p>With a token another server may join this one. It is made in a shell on this machine, and is good for an hour and for one server:</p>
    <Code label="Command that makes a join token" text="rethinkdb admin make join-token" />
    {error !== undefined ? <Failure error={error} />
      : rows === undefined ? <Waiting />
      : rows.length === 0 ? <p class="quiet">No tokens are outstanding: no server can join by one.</p>
      : <Table label="Join tokens" rows={rows} keyOf={token => token.id} columns={[...columns, {
          title: 'Actions', untitled: true, actions: true,
          show: token => <button type="button" class="plain danger" onClick={() => setRevoking(token)}>Revoke<span class="hidden"> {token.id}</span></button>,
        }]} />}
    {revoking && <RevokeJoinToken token={revoking} onClose={() => setRevoking(undefined)} />}
  </Panel>;
}

const columns: readonly Column<JoinToken>[] = [
  { title: 'Token', heading: true, show: token => <code>{token.id}</code> },
  { title: 'Made', show: token => <Moment time={token.created_at} /> },
  { title: 'Expires', show: token => <Moment time={token.expires_at} /> },
  { title: 'Good for', show: token => token.reusable ? <Badge tone="warn">any number of servers</Badge> : 'one server' },
];

function RevokeJoinToken({ token, onClose }: { token: JoinToken; onClose: () => void }) {
  const revoke = async () => {
    await write('r.db("rethinkdb").table("join_tokens").get(id).delete()', { id: token.id });
    notify('The join token was revoked.');
  };
  return <Confirm title={`Revoke the join token ${token.id}`} action="Revoke" onAction={revoke} onClose={onClose}>
    <p>No server can join with it any more. Servers that have joined stay.</p>
  </Confirm>;
}
