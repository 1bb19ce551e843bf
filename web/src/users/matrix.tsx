import { useId, useState } from 'preact/hooks';

import { Failure } from '../components/failure.tsx';
import { plural } from '../components/format.ts';
import { notify } from '../components/toast.tsx';
import { grant, type Database } from './load.ts';
import { applies, placeName, rights, systemDatabase, type Answer, type Place, type Right, type Rights, type Setting } from './rights.ts';

const headings: Readonly<Record<Right, string>> = { read: 'Read', write: 'Write', config: 'Config', connect: 'Connect' };
const meanings: Readonly<Record<Right, string>> = {
  read: 'Read rows, and follow them as a feed',
  write: 'Insert, update, replace and delete rows. It counts together with read only',
  config: 'Create, change and drop tables, indexes and write hooks',
  connect: 'Reach other servers with r.http',
};
/** How many tables of a database are shown before somebody asks for all. */
const maxTables = 30;

interface Props {
  readonly user: string;
  readonly said: Rights;
  readonly databases: readonly Database[];
}

/** The permissions of a user or a role: a line for each place, with what was said there and what follows from it. */
export function Matrix({ user, said, databases }: Props) {
  const [failed, setFailed] = useState<unknown>();
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const [wanted, setWanted] = useState('');
  const id = useId();
  const change = async (place: Place, right: Right, setting: Setting) => {
    setFailed(undefined);
    try {
      await grant(user, place, right, setting);
      const where = place.database === undefined ? 'everywhere' : `on ${placeName(place)}`;
      notify(setting === null ? `Nothing is said to ${user} about ${right} ${where} any more.` : `${right} ${where} is ${setting ? 'granted to' : 'denied to'} ${user}.`);
    } catch (error) {
      setFailed(error);
    }
  };
  const toggle = (name: string) => setOpened(last => {
    const next = new Set(last);
    if (!next.delete(name)) {
      next.add(name);
    }
    return next;
  });
  const line = { user, said, onChange: change };
  return <>
    <p class="form-row find"><label for={id}>Find a table</label><input id={id} type="search" value={wanted} spellcheck={false} autocomplete="off" onInput={event => setWanted(event.currentTarget.value)} /></p>
    {failed !== undefined && <Failure error={failed} />}
    <table class="list matrix">
      <thead><tr><th scope="col">Place</th>{rights.map(right => <th scope="col" key={right} title={meanings[right]}>{headings[right]}</th>)}</tr></thead>
      <Line {...line} place={{}} name="Everywhere" note="all databases but rethinkdb, also those to come" />
      {databases.map(database => <Tables key={database.name} {...line} database={database} wanted={wanted.trim().toLowerCase()} open={opened.has(database.name)} onToggle={() => toggle(database.name)} />)}
    </table>
  </>;
}

interface LineProps {
  readonly user: string;
  readonly said: Rights;
  readonly onChange: (place: Place, right: Right, setting: Setting) => Promise<void>;
}

/** The lines of a database. Of its tables, those stand out of which something was said; the others come when it is opened. */
function Tables({ database: { name, tables }, wanted, open, onToggle, ...line }: LineProps & { database: Database; wanted: string; open: boolean; onToggle: () => void }) {
  const [all, setAll] = useState(false);
  const { user, said } = line;
  const names = [user, ...said.rolesOf(user)];
  const told = tables.filter(table => names.some(by => rights.some(right => said.own(by, { database: name, table }, right) !== null)));
  const found = wanted === '' ? (open ? tables : told) : tables.filter(table => `${name}.${table}`.toLowerCase().includes(wanted));
  if (wanted !== '' && found.length === 0) {
    return null;
  }
  const shown = all ? found : found.slice(0, maxTables);
  return <>
    <Line {...line} place={{ database: name }} name={name} note={name === systemDatabase ? 'users, jobs, configuration; inherits nothing from everywhere' : ''}
      {...(tables.length > told.length && wanted === '' ? { toggle: { open, onToggle, text: open ? 'Fewer tables' : told.length === 0 ? plural(tables.length, 'table') : `${tables.length - told.length} more` } } : {})} />
    {shown.map(table => <Line key={table} {...line} place={{ database: name, table }} name={table} />)}
    {found.length > shown.length && <tbody><tr class="rest"><td colSpan={5}><button type="button" class="link" onClick={() => setAll(true)}>Show all {plural(found.length, 'table')} of {name}</button></td></tr></tbody>}
  </>;
}

interface Toggle { readonly open: boolean; readonly text: string; readonly onToggle: () => void }

function Line({ place, name, note = '', toggle, user, said, onChange }: LineProps & { place: Place; name: string; note?: string; toggle?: Toggle }) {
  const kind = place.table !== undefined ? 'table' : place.database !== undefined ? 'database' : 'all';
  const useless = said.answer(user, place, 'write').allowed && !said.answer(user, place, 'read').allowed;
  return <tbody class={kind}><tr>
    <th scope="row">
      <span class="place">{name}</span>
      {note && <span class="quiet note">{note}</span>}
      {useless && <span class="quiet note">To write takes the right to read, too.</span>}
      {toggle && <button type="button" class="link" aria-expanded={toggle.open} onClick={toggle.onToggle}>{toggle.text}<span class="hidden"> of {name}</span></button>}
    </th>
    {rights.map(right => <td key={right} data-right={headings[right]}>
      {applies(right, place) ? <Cell user={user} said={said} place={place} right={right} onChange={setting => onChange(place, right, setting)} /> : null}
    </td>)}
  </tr></tbody>;
}

const settings: Readonly<Record<string, Setting>> = { yes: true, no: false, inherited: null };

function Cell({ user, said, place, right, onChange }: { user: string; said: Rights; place: Place; right: Right; onChange: (setting: Setting) => Promise<void> }) {
  const [pending, setPending] = useState(false);
  const own = said.own(user, place, right);
  const { allowed } = said.answer(user, place, right);
  const otherwise = said.inherited(user, place, right);
  const choose = async (value: string) => {
    setPending(true);
    await onChange(settings[value] ?? null);
    setPending(false);
  };
  return <>
    <select class={`right ${allowed ? 'allowed' : 'refused'} ${own === null ? 'inherited' : 'set'}`} aria-label={`${headings[right]}, ${placeName(place)}`} disabled={pending}
      value={own === null ? 'inherited' : own ? 'yes' : 'no'} onChange={event => void choose(event.currentTarget.value)}>
      <option value="yes">Yes</option>
      <option value="no">No</option>
      <option value="inherited">{otherwise.from ? `inherited: ${otherwise.allowed ? 'yes' : 'no'}` : 'no'}</option>
    </select>
    <span class="why">{own === null ? why(user, place, otherwise) : ''}</span>
  </>;
}

/** Where an answer comes from, as short as a cell needs it. */
function why(user: string, place: Place, { from }: Answer): string {
  if (!from) {
    return '';
  }
  const by = from.name === user ? '' : `role ${from.name}`;
  const where = placeName(from.place) === placeName(place) ? '' : placeName(from.place);
  return by && where ? `${by}, ${where}` : by || `from ${where}`;
}
