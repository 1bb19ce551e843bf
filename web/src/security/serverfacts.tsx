import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

import { BackupHint } from '../components/backuphint.tsx';
import { Code } from '../components/code.tsx';
import { millisecondsOf, Moment } from '../components/moment.tsx';
import { Panel } from '../components/panel.tsx';
import { SetPassword } from '../users/password.tsx';
import { adminName } from '../users/rights.ts';
import type { SecurityState, ServerState } from './load.ts';

const modes: Readonly<Record<ServerState['protected_mode'], string>> = {
  private: 'On: as long as there is no password, strangers are refused; private networks are served.',
  strict: 'Strict: as long as there is no password, only this machine is served.',
  off: 'Off: without a password, strangers would be served.',
};

/** What holds for the whole server. */
export function ServerFacts({ state: { server } }: { state: SecurityState }) {
  const [asked, setAsked] = useState(false);
  return <Panel title="The server">
    <dl class="security-facts">
      <Fact good={server.password} name="Password of admin" action={<button type="button" class="link" onClick={() => setAsked(true)}>{server.password ? 'Change' : 'Set'}<span class="hidden"> the password of admin</span></button>}>
        {server.password ? 'Set. It is the authentication key of old drivers, too.' : 'None. It would be the authentication key of old drivers, too.'}
      </Fact>
      <Fact good={server.protected_mode !== 'off'} name="Protected mode">{modes[server.protected_mode]}{server.password && ' Now that there is one, everybody needs it.'}</Fact>
      <Certificates certificates={server.certificates} />
      <Fact good={server.encrypted} name="Data on the disk">{server.encrypted
        ? 'Encrypted.'
        : <>Not encrypted: whoever has the disk, or a copy of it, can read it. <details><summary>Encrypt it while the server is stopped</summary>
          <Code label="Command that encrypts the data directory" text="rethinkdb reencrypt --directory DIRECTORY --encryption-key-file FILE" /></details></>}
      </Fact>
      <Fact good={server.audit_log} name="Audit log">{server.audit_log ? 'Kept in a file, which shows if somebody changes it.' : 'Only the newest 1,000 entries, until the server stops. With --audit-log FILE all are kept.'}</Fact>
      <Fact name="Backups"><BackupHint /></Fact>
    </dl>
    {asked && <SetPassword name={adminName} onClose={() => setAsked(false)} />}
  </Panel>;
}

function Fact({ name, good, action, children }: { name: string; good?: boolean; action?: ComponentChildren; children: ComponentChildren }) {
  return <div class={good === undefined ? '' : good ? 'good' : 'open'}><dt>{name}{action}</dt><dd>{children}</dd></div>;
}

function Certificates({ certificates }: { certificates: ServerState['certificates'] }) {
  if (certificates.length === 0) {
    return <Fact name="Certificates">None. The intracluster port is encrypted all the same, with a key of its own.</Fact>;
  }
  return <Fact good={certificates.every(({ expires_at: at }) => millisecondsOf(at) > Date.now())} name="Certificates">
    <ul class="plain-list">{certificates.map(({ file, expires_at: at }) => <li key={file}><code>{file}</code> {millisecondsOf(at) > Date.now() ? 'expires' : 'expired'} <Moment time={at} /></li>)}</ul>
  </Fact>;
}
