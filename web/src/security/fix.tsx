import type { ComponentType } from 'preact';

import { Code } from '../components/code.tsx';
import { Confirm } from '../components/confirm.tsx';
import { notify } from '../components/toast.tsx';
import { run } from '../server/query.ts';
import { revokeToken } from '../users/load.ts';
import { SetPassword } from '../users/password.tsx';
import { adminName } from '../users/rights.ts';
import { EditAllowList } from './allowlist.tsx';
import { subjectOf, useAllowLists, type Finding, type SecurityState } from './load.ts';

/** What closes a finding here and now. */
interface FixKind {
  readonly label: string;
  readonly Dialog: ComponentType<FixProps>;
}

interface FixProps {
  readonly finding: Finding;
  readonly state: SecurityState;
  readonly onClose: () => void;
}

const adminPassword: FixKind = { label: 'Set a password', Dialog: ({ onClose }) => <SetPassword name={adminName} onClose={onClose} /> };
const itsPassword: FixKind = { label: 'Set another password', Dialog: ({ finding, onClose }) => <SetPassword name={subjectOf(finding)} onClose={onClose} /> };

const fixes: Readonly<Record<string, FixKind>> = {
  no_password: adminPassword,
  proxy_without_password: adminPassword,
  weak_password: itsPassword,
  few_iterations: itsPassword,
  user_without_password: { ...itsPassword, label: 'Set a password' },
  no_allow_list: { label: 'Make an allow-list', Dialog: AllowListFix },
  endless_token: { label: 'Revoke the token', Dialog: RevokeFix },
  global_rights: { label: 'Take these rights away', Dialog: CommandFix },
};

export const fixOf = (finding: Finding): FixKind | undefined => fixes[finding.kind];

export function Fix(props: FixProps) {
  const fix = fixOf(props.finding);
  return fix ? <fix.Dialog {...props} /> : null;
}

function AllowListFix({ finding, state, onClose }: FixProps) {
  const list = useAllowLists().rows?.find(row => row.id === finding.port);
  return list ? <EditAllowList list={list} proposals={state.server.networks} propose onClose={onClose} /> : null;
}

function RevokeFix({ finding, onClose }: FixProps) {
  const revoke = async () => {
    await revokeToken(subjectOf(finding));
    notify('The token was revoked.');
  };
  return <Confirm title="Revoke the token" action="Revoke" onAction={revoke} onClose={onClose}>
    <p>{finding.description} The program that has it is refused from now on. Make another one for it first, on the page of users.</p>
  </Confirm>;
}

/** Runs the very command that the finding shows. It is read by the page's own parser, as what is typed into the Data Explorer. */
function CommandFix({ finding, onClose }: FixProps) {
  const close = async () => {
    for (const command of finding.commands) {
      await run(command);
    }
    notify('Done.');
  };
  return <Confirm title={fixOf(finding)!.label} action="Take away" onAction={close} onClose={onClose}>
    <p>{finding.description}</p>
    <p>Whoever needs them has to be granted them on databases first. This runs:</p>
    {finding.commands.map(command => <Code key={command} text={command} label="Command" />)}
  </Confirm>;
}
