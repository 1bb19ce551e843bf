import { useState } from 'preact/hooks';

import { Badge } from '../components/badge.tsx';
import { Empty } from '../components/empty.tsx';
import { Failure } from '../components/failure.tsx';
import { Icon } from '../components/icon.tsx';
import { Panel } from '../components/panel.tsx';
import { notify } from '../components/toast.tsx';
import { Waiting } from '../components/waiting.tsx';
import { hrefOf } from '../shell/route.ts';
import { useSubtitle } from '../shell/title.ts';
import { DeleteAccount } from './dialogs.tsx';
import { setRoles, usePlaces } from './load.ts';
import { Matrix } from './matrix.tsx';
import { RemovePassword, SetPassword } from './password.tsx';
import { adminName, type Account, type Rights } from './rights.ts';

interface Props {
  readonly name: string;
  readonly accounts: readonly Account[];
  readonly rights: Rights;
}

/** One user or role. */
export function AccountPage({ name, accounts, rights }: Props) {
  useSubtitle(name);
  const account = accounts.find(one => one.id === name);
  const back = <p class="back"><a href={hrefOf('users')}><Icon name="left" />All users and roles</a></p>;
  return account
    ? <>{back}<Known account={account} accounts={accounts} rights={rights} /></>
    : <>{back}<h1>{name}</h1><Empty icon="users" title="There is no such user or role">It may have been deleted.</Empty></>;
}

type Question = 'password' | 'remove password' | 'delete';

function Known({ account, accounts, rights }: { account: Account; accounts: readonly Account[]; rights: Rights }) {
  const [asked, setAsked] = useState<Question | undefined>();
  const [doubts, setDoubts] = useState<readonly string[]>([]);
  const { id: name, role = false, password } = account;
  const close = () => setAsked(undefined);
  return <>
    <div class="head">
      <h1>{name} <span class="quiet">{role ? 'role' : 'user'}</span></h1>
      <div class="buttons">
        {!role && <button type="button" class={password ? '' : 'primary'} onClick={() => setAsked('password')}><Icon name="key" />{password ? 'Change password' : 'Set password'}</button>}
        {!role && password && <button type="button" onClick={() => setAsked('remove password')}>Remove password</button>}
        {name !== adminName && <button type="button" class="plain danger" onClick={() => setAsked('delete')}><Icon name="remove" />Delete</button>}
      </div>
    </div>
    {doubts.map(doubt => <div key={doubt} class="doubt" role="alert"><Icon name="warning" /><p>{doubt}</p><button type="button" onClick={() => setAsked('password')}>Set another</button></div>)}
    {!role && !password && <div class="doubt"><Icon name="warning" /><p>{name === adminName
      ? 'admin has no password: whoever is served may do everything.' : `${name} has no password: everybody who can reach the server may log in by this name.`}</p></div>}
    {name === adminName
      ? <Panel title="Permissions"><p>admin may do everything, and nothing of that can be taken away. Give programs users of their own, with what they need and no more.</p></Panel>
      : <>
        <Roles account={account} accounts={accounts} rights={rights} />
        <Permissions name={name} rights={rights} />
      </>}
    {asked === 'password' && <SetPassword name={name} onDone={setDoubts} onClose={close} />}
    {asked === 'remove password' && <RemovePassword name={name} onClose={close} />}
    {asked === 'delete' && <DeleteAccount account={account} onClose={close} />}
  </>;
}

/** Which roles an account has, and who has it if it is one. */
function Roles({ account: { id: name, role, roles = [] }, accounts, rights }: { account: Account; accounts: readonly Account[]; rights: Rights }) {
  const [failed, setFailed] = useState<unknown>();
  const others = accounts.filter(other => other.role && other.id !== name && !roles.includes(other.id)).map(other => other.id).sort();
  const further = rights.rolesOf(name).filter(other => !roles.includes(other));
  const holders = rights.holdersOf(name);
  const change = async (next: readonly string[], notice: string) => {
    setFailed(undefined);
    try {
      await setRoles(name, next);
      notify(notice);
    } catch (error) {
      setFailed(error);
    }
  };
  if (others.length === 0 && roles.length === 0 && holders.length === 0) {
    return null; // nobody uses roles here
  }
  return <Panel title="Roles">
    {failed !== undefined && <Failure error={failed} />}
    <div class="row">
      {roles.length === 0 && <span class="quiet">{name} has no roles.</span>}
      {roles.map(other => <span class="chip" key={other}>
        <a href={hrefOf('users', other)}>{other}</a>
        <button type="button" class="plain only-icon" aria-label={`Take the role ${other} away`} onClick={() => void change(roles.filter(one => one !== other), `${name} no longer has the role ${other}.`)}><Icon name="close" /></button>
      </span>)}
      {others.length > 0 && <select class="add-role" aria-label="Give a role" value="" onChange={event => {
        const other = event.currentTarget.value;
        event.currentTarget.value = '';
        void change([...roles, other], `${name} has the role ${other} now.`);
      }}>
        <option value="">Give a role…</option>
        {others.map(other => <option key={other} value={other}>{other}</option>)}
      </select>}
    </div>
    {further.length > 0 && <p class="quiet">And by these: {further.join(', ')}.</p>}
    {role && <p class="row">{holders.length === 0 ? <span class="quiet">Nobody has this role yet. It is given on the page of a user.</span>
      : <>Had by {holders.map(holder => <Badge key={holder}><a href={hrefOf('users', holder)}>{holder}</a></Badge>)}</>}</p>}
  </Panel>;
}

function Permissions({ name, rights }: { name: string; rights: Rights }) {
  const { value: databases, error } = usePlaces();
  return <Panel title="Permissions">
    <p class="quiet">The narrowest place where something is said decides. Where nothing is said, the answer is no. Changes hold at once, also for those who are connected.</p>
    {error !== undefined && <Failure error={error} />}
    {databases ? <Matrix user={name} said={rights} databases={databases} /> : error === undefined && <Waiting />}
  </Panel>;
}
