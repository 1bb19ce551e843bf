import { Empty } from '../components/empty.tsx';
import { Failure } from '../components/failure.tsx';
import { Moment, type Time } from '../components/moment.tsx';
import { Panel } from '../components/panel.tsx';
import { useSystemTable } from '../components/systemtable.ts';
import { Table, type Column } from '../components/table.tsx';
import { notify } from '../components/toast.tsx';
import { Waiting } from '../components/waiting.tsx';
import { write } from '../server/write.ts';

/** A row of `web_sessions`: somebody who is logged in on this page. */
interface Session {
  readonly id: string;
  readonly user: string;
  readonly address: string;
  readonly browser: string;
  readonly since: Time;
  readonly last_used: Time;
  readonly expires_at: Time;
}

/** Who is logged in on the page, in which browser; users see their own. */
export function Sessions() {
  const { rows, error } = useSystemTable<Session>('web_sessions');
  const logOut = async ({ id, user }: Session) => {
    try {
      await write('r.db("rethinkdb").table("web_sessions").get(id).delete()', { id });
      notify(`The browser of ${user} was logged out.`);
    } catch (error) {
      notify(error instanceof Error ? error.message : String(error), 'bad');
    }
  };
  return <Panel title="Logged in on this page">
    {error !== undefined ? <Failure error={error} />
      : rows === undefined ? <Waiting />
      : rows.length === 0 ? <Empty icon="users" title="Nobody is logged in">As long as admin has no password there is nothing to log in to.</Empty>
      : <Table label="Sessions" rows={[...rows].sort((a, b) => b.last_used.epoch_time - a.last_used.epoch_time)} keyOf={session => session.id} columns={[...columns, {
          title: 'Actions', untitled: true, actions: true,
          show: session => <button type="button" class="plain danger" onClick={() => void logOut(session)}>Log out<span class="hidden"> {session.user} at {session.address}</span></button>,
        }]} />}
  </Panel>;
}

const columns: readonly Column<Session>[] = [
  { title: 'User', heading: true, sortBy: session => session.user, show: session => session.user },
  { title: 'Address', show: session => <span class="nowrap">{session.address}</span> },
  { title: 'Browser', show: session => <span title={session.browser}>{browserName(session.browser)}</span> },
  { title: 'Since', sortBy: session => session.since.epoch_time, show: session => <Moment time={session.since} /> },
  { title: 'Last used', sortBy: session => session.last_used.epoch_time, show: session => <Moment time={session.last_used} /> },
  { title: 'Ends', sortBy: session => session.expires_at.epoch_time, show: session => <Moment time={session.expires_at} /> },
];

const browsers: readonly (readonly [RegExp, string])[] = [[/Edg\//, 'Edge'], [/OPR\//, 'Opera'], [/Firefox\//, 'Firefox'], [/Chrome\//, 'Chrome'], [/Safari\//, 'Safari']];
const systems: readonly (readonly [RegExp, string])[] = [[/Android/, 'Android'], [/iPhone|iPad/, 'iOS'], [/Windows/, 'Windows'], [/Mac OS/, 'macOS'], [/Linux/, 'Linux']];

/** What browsers call themselves is long, and mostly the names of others. */
function browserName(agent: string): string {
  const find = (list: typeof browsers) => list.find(([pattern]) => pattern.test(agent))?.[1];
  const browser = find(browsers), system = find(systems);
  return browser === undefined ? agent.slice(0, 40) : system === undefined ? browser : `${browser} on ${system}`;
}
