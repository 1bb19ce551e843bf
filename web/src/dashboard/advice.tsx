// What to do about each type of current_issues.

import type { ComponentChildren } from 'preact';

import { ServerLink, TableLink } from '../components/namelink.tsx';
import type { Wire } from '../reql/term.ts';
import type { Issue } from '../server/rows.ts';
import { hrefOf } from '../shell/route.ts';

export interface Advice {
  readonly title: string;
  readonly todo?: ComponentChildren;
  readonly commands?: readonly { readonly label: string; readonly text: string }[];
}

const text = (value: Wire | undefined): string => typeof value === 'string' ? value : '';
const list = (value: Wire | undefined): readonly Wire[] => Array.isArray(value) ? value : [];
const texts = (value: Wire | undefined): readonly string[] => list(value).map(text).filter(one => one !== '');
const object = (value: Wire | undefined): Readonly<Record<string, Wire>> => value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};

/** Commands that give another name to one of those that have the same. */
const renaming = (table: string, ids: readonly string[]): Advice['commands'] => ids.slice(1).map(id => ({
  label: `Gives ${id} another name`,
  text: `r.db('rethinkdb').table('${table}').get(${JSON.stringify(id)}).update({name: 'another_name'})`,
}));

const Names = ({ names, show }: { names: readonly string[]; show: (name: string) => ComponentChildren }) => <>{names.map((name, i) => <>{i > 0 && ', '}{show(name)}</>)}</>;

const advice: Readonly<Record<string, (info: Issue['info']) => Advice>> = {
  no_password: () => ({
    title: 'There is no password',
    todo: <>Set a password for <code>admin</code> on the screen <a href={hrefOf('users')}>Users</a>, or with the command below on the server's machine. Who may come in is told in detail by <a href={hrefOf('security')}>Security</a>.</>,
    commands: [{ label: 'Sets the password of admin', text: 'rethinkdb admin set auth PASSWORD' }],
  }),
  audit_log: info => ({
    title: 'Something is wrong with the audit log',
    todo: <>See that the disk of <ServerLink name={text(info['server'])} /> has room and that the server may write the file. Whether anybody has changed the log is told by the command below; see also <a href={hrefOf('security')}>Security</a>.</>,
    commands: [{ label: 'Verifies an audit log', text: 'rethinkdb audit-verify FILE' }],
  }),
  log_write_error: info => ({
    title: 'The log cannot be written',
    todo: <>See on <Names names={texts(info['servers'])} show={name => <ServerLink name={name} />} /> that the disk has room and that the server's user may write the file <code>log_file</code> in the data directory. The issue goes away with the next entry.</>,
  }),
  table_availability: info => {
    const db = text(info['db']), table = text(info['table']), status = object(info['status']);
    const usable = status['ready_for_writes'] === true ? 'It can be read and written meanwhile.' : status['ready_for_reads'] === true ? 'It can be read, but not written.' : status['ready_for_outdated_reads'] === true ? 'It can be read only where reads may be outdated.' : 'It can be neither read nor written.';
    return {
      title: `Not all replicas of ${db}.${table} are available`,
      todo: <>{usable} Start the missing servers again, or see that they can reach the others. When they are lost for good, give <TableLink db={db} name={table} /> replicas on servers that are there; where most replicas of a shard are lost, only an emergency repair is left, which may lose the newest writes.</>,
      commands: status['ready_for_writes'] === true
        ? [{ label: 'Gives the table other replicas', text: `r.db(${JSON.stringify(db)}).table(${JSON.stringify(table)}).reconfigure({shards: 1, replicas: 1})` }]
        : [{ label: 'Repairs the table with what is left', text: `r.db(${JSON.stringify(db)}).table(${JSON.stringify(table)}).reconfigure({emergencyRepair: 'unsafe_rollback'})` }],
    };
  },
  server_name_collision: info => ({
    title: `Several servers are called ${text(info['name'])}`,
    todo: <>Give all but one of them other names: <Names names={texts(info['ids'])} show={id => <a href={hrefOf('servers', id)}>{id}</a>} />.</>,
    commands: renaming('server_config', texts(info['ids']))!,
  }),
  db_name_collision: info => ({
    title: `Several databases are called ${text(info['name'])}`,
    todo: 'Give all but one of them other names.',
    commands: renaming('db_config', texts(info['ids']))!,
  }),
  table_name_collision: info => ({
    title: `Several tables are called ${text(info['db'])}.${text(info['name'])}`,
    todo: <>Give all but one of them other names: <Names names={texts(info['ids'])} show={id => <a href={hrefOf('tables', id)}>{id}</a>} />.</>,
    commands: renaming('table_config', texts(info['ids']))!,
  }),
  outdated_index: info => ({
    title: 'Indexes were made by an older version',
    todo: <>Build them anew: <Names names={list(info['tables']).map(entry => JSON.stringify(entry))} show={json => {
      const entry = object(JSON.parse(json) as Wire);
      return <><TableLink db={text(entry['db'])} name={text(entry['table'])} /> ({texts(entry['indexes']).join(', ')})</>;
    }} />.</>,
    commands: [{ label: 'Builds outdated indexes anew', text: 'rethinkdb index-rebuild' }],
  }),
  memory_error: info => ({
    title: 'The server runs short of memory',
    todo: <>On <Names names={texts(info['servers'])} show={name => <ServerLink name={name} />} />, end other programs or start the server with a smaller cache.</>,
    commands: [{ label: 'Starts the server with a smaller cache', text: 'rethinkdb --cache-size MEGABYTES' }],
  }),
  non_transitive_error: info => ({
    title: 'Some servers cannot reach each other',
    todo: <>See that <Names names={texts(info['servers'])} show={name => <ServerLink name={name} />} /> can connect to the intracluster ports of all others (29015 unless set by <code>--cluster-port</code>): firewalls, <code>--bind</code> and <code>--canonical-address</code>.</>,
  }),
};

export function adviceOn({ type, info }: Issue): Advice {
  return advice[type]?.(object(info)) ?? { title: type.replaceAll('_', ' ').replace(/^./, first => first.toUpperCase()) };
}
