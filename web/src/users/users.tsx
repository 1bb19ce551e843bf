import { useState } from 'preact/hooks';

import { Badge } from '../components/badge.tsx';
import { Empty } from '../components/empty.tsx';
import { Failure } from '../components/failure.tsx';
import { Icon } from '../components/icon.tsx';
import { Panel } from '../components/panel.tsx';
import { Table, type Column } from '../components/table.tsx';
import { Waiting } from '../components/waiting.tsx';
import { hrefOf } from '../shell/route.ts';
import type { ScreenProps } from '../shell/screens.ts';
import { AccountPage } from './account.tsx';
import { AddAccount } from './dialogs.tsx';
import { useAccounts, useSaid } from './load.ts';
import { Rights, type Account, type Said } from './rights.ts';
import { Sessions } from './sessions.tsx';
import { summarize } from './summary.ts';
import { Tokens } from './tokens.tsx';
import { You } from './you.tsx';
import './users.css';

/** Users, roles, and what lets somebody in without a password: #users, and #users/NAME for one of them. */
export function Users({ path }: ScreenProps) {
  const { rows: accounts, error } = useAccounts();
  const { rows: said, error: unsaid } = useSaid();
  const [name] = path;
  if (accounts === undefined || said === undefined) {
    const failed = error ?? unsaid;
    return <>
      <h1>Users and permissions</h1>
      {failed === undefined ? <Waiting /> : <>
        <Failure error={failed} />
        <You />
        <Sessions />
      </>}
    </>;
  }
  const rights = new Rights(accounts, said);
  return name === undefined ? <Overview accounts={accounts} said={said} rights={rights} /> : <AccountPage key={name} name={name} accounts={accounts} rights={rights} />;
}

function Overview({ accounts, said, rights }: { accounts: readonly Account[]; said: readonly Said[]; rights: Rights }) {
  const [adding, setAdding] = useState<'user' | 'role' | undefined>();
  const sorted = [...accounts].sort((a, b) => a.id.localeCompare(b.id));
  const users = sorted.filter(account => !account.role), roles = sorted.filter(account => account.role);
  return <>
    <div class="head"><h1>Users and permissions</h1></div>
    <Panel title="Users" actions={<button type="button" class="primary" onClick={() => setAdding('user')}><Icon name="add" />Add user</button>}>
      <div class="accounts"><Table label="Users" rows={users} keyOf={account => account.id} columns={[nameColumn, passwordColumn, rolesColumn, mayColumn(said)]} /></div>
    </Panel>
    <Panel title="Roles" actions={<button type="button" onClick={() => setAdding('role')}><Icon name="add" />Add role</button>}>
      {roles.length === 0
        ? <Empty icon="users" title="No roles yet">A role is a set of permissions that several users have. Change the role, and all of them have the change at once.</Empty>
        : <div class="accounts"><Table label="Roles" rows={roles} keyOf={account => account.id} columns={[nameColumn, holdersColumn(rights), rolesColumn, mayColumn(said)]} /></div>}
    </Panel>
    <Tokens users={users.map(account => account.id)} />
    <Sessions />
    {adding !== undefined && <AddAccount role={adding === 'role'} accounts={accounts} onClose={() => setAdding(undefined)} />}
  </>;
}

const nameColumn: Column<Account> = {
  title: 'Name', heading: true, sortBy: account => account.id, show: account => <a href={hrefOf('users', account.id)}>{account.id}</a>,
};

const passwordColumn: Column<Account> = {
  title: 'Log-in', show: ({ password }) => password ? <Badge tone="good">password</Badge> : <Badge tone="warn">no password</Badge>,
};

/** The verb stands where there are no headings. */
const names = (list: readonly string[], verb: string) => list.length === 0 ? <span class="quiet none">–</span>
  : <span class="names"><span class="verb">{verb}</span>{list.map(name => <a key={name} href={hrefOf('users', name)}>{name}</a>)}</span>;

const rolesColumn: Column<Account> = { title: 'Roles', show: ({ roles = [] }) => names(roles, 'has') };

const holdersColumn = (rights: Rights): Column<Account> => ({ title: 'Had by', show: ({ id }) => names(rights.holdersOf(id), 'had by') });

const maxGrants = 4;

const mayColumn = (said: readonly Said[]): Column<Account> => ({
  title: 'Granted', show: ({ id, roles = [] }) => {
    const grants = summarize(id, said);
    return grants.length === 0 ? <span class="quiet">{roles.length > 0 ? 'by its roles' : 'nothing'}</span> : <ul class="grants">
      {grants.slice(0, maxGrants).map(({ place, text, granted }) => <li key={`${place} ${text}`} class={granted ? '' : 'withheld'}><b>{place}</b> {granted ? text : `never ${text}`}</li>)}
      {grants.length > maxGrants && <li class="quiet">and {grants.length - maxGrants} more</li>}
    </ul>;
  },
});
