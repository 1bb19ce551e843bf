import { useState } from 'preact/hooks';

import { Icon, type IconName } from '../components/icon.tsx';
import { EditAllowList } from './allowlist.tsx';
import { useAllowLists, type AllowList, type PortName, type PortState, type SecurityState } from './load.ts';
import { portTitles, type Tone } from './verdict.ts';

const purposes: Readonly<Record<PortName, string>> = {
  driver: 'where programs connect', http: 'this page, and queries over HTTP', cluster: 'other servers, and the command line rethinkdb admin',
};

/** Who may come in at each port: whom it serves, what they need, and who can listen. */
export function Ports({ state }: { state: SecurityState }) {
  const { rows } = useAllowLists();
  const [editing, setEditing] = useState<PortName | undefined>();
  const listOf = (port: PortName) => rows?.find(row => row.id === port);
  const edited = editing && listOf(editing);
  return <section class="ports" aria-label="Who may come in">
    {state.ports.map(port => <PortCard key={port.port} port={port} list={listOf(port.port)} onEdit={() => setEditing(port.port)} />)}
    {edited && <EditAllowList list={edited} proposals={state.server.networks} onClose={() => setEditing(undefined)} />}
  </section>;
}

function PortCard({ port, list, onEdit }: { port: PortState; list: AllowList | undefined; onEdit: () => void }) {
  const title = portTitles[port.port];
  return <section class="panel port" aria-label={title}>
    <h2>{title} {port.open && <span class="quiet">{port.number}</span>}</h2>
    <p class="quiet purpose">{purposes[port.port]}</p>
    {port.open ? <>
      <ul class="gate">
        <Step {...whoOf(port)} label="Gets through" />
        <Step {...needsOf(port)} label="Needs" />
        <Step {...sentOf(port)} label="On the way" />
      </ul>
      <dl class="port-facts">
        <div><dt>Listens on</dt><dd>{port.addresses.map(address => <code key={address}>{address}</code>)}</dd></div>
        {list && <div><dt>Allow-list</dt><dd>
          {list.allow.length === 0 ? <span class="quiet">none: every network may try</span> : list.allow.map(network => <code key={network}>{network}</code>)}
          <button type="button" class="link" onClick={onEdit}>Edit<span class="hidden"> the allow-list of the {title.toLowerCase()}</span></button>
        </dd></div>}
        {list && list.allow_option.length > 0 && <div><dt>And by option</dt><dd>{list.allow_option.map(network => <code key={network}>{network}</code>)}</dd></div>}
      </dl>
    </> : <p class="quiet">This port is not open.</p>}
  </section>;
}

interface StepProps { readonly tone: Tone; readonly icon: IconName; readonly text: string }

function Step({ label, tone, icon, text }: StepProps & { label: string }) {
  return <li class={tone}><Icon name={icon} /><span><span class="step-label">{label}</span> {text}</span></li>;
}

function whoOf({ reach, networks, needs }: PortState): StepProps {
  const guarded = needs !== 'nothing';
  const list = networks.join(', ');
  switch (reach) {
    case 'everybody':
      return { tone: guarded ? 'info' : 'bad', icon: 'users', text: 'Everybody who can reach this machine' };
    case 'listed':
      return { tone: guarded ? 'good' : 'bad', icon: 'users', text: `This machine and ${list}` };
    case 'private_listed':
      return { tone: 'warn', icon: 'users', text: `This machine and private addresses in ${list}` };
    case 'private':
      return { tone: guarded ? 'good' : 'bad', icon: 'users', text: 'This machine and private networks' };
    default:
      return { tone: 'good', icon: 'servers', text: 'Programs on this machine only' };
  }
}

function needsOf({ needs, reach }: PortState): StepProps {
  switch (needs) {
    case 'password':
      return { tone: 'good', icon: 'key', text: 'A password' };
    case 'certificate':
      return { tone: 'good', icon: 'key', text: 'A certificate' };
    case 'certificate_and_password':
      return { tone: 'good', icon: 'key', text: 'A certificate and a password' };
    default:
      return { tone: reach === 'machine' ? 'warn' : 'bad', icon: 'warning', text: 'Nothing: everybody may do everything' };
  }
}

function sentOf({ sent }: PortState): StepProps {
  switch (sent) {
    case 'encrypted':
      return { tone: 'good', icon: 'security', text: 'Encrypted' };
    case 'readable':
      return { tone: 'warn', icon: 'warning', text: 'Whoever is there can read and change it' };
    default:
      return { tone: 'good', icon: 'security', text: 'Nothing leaves this machine' };
  }
}
