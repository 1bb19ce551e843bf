import { Code } from '../components/code.tsx';
import { Panel } from '../components/panel.tsx';
import { session, type Permissions } from '../server/session.ts';

/** What users may know of themselves who may not see others. */
export function You() {
  const known = session.value;
  if (!known) {
    return null;
  }
  const { user, rights: { global, system, connect } } = known;
  return <Panel title="You">
    <p>You are logged in as <b>{user}</b>. Everywhere you may {listOf(global, connect)}, and in the database <code>rethinkdb</code> {listOf(system, false)}. You may have other rights in single databases and tables.</p>
    <p>Whoever administers the server changes your password and your rights, on this page or by a command:</p>
    <Code label="Command that sets your password" text={`rethinkdb admin set password ${shellWord(user)}`} />
  </Panel>;
}

function listOf({ read, write, config }: Permissions, connect: boolean): string {
  const rights = Object.entries({ read, write, config, connect }).filter(([, may]) => may).map(([right]) => right);
  return rights.length === 0 ? 'do nothing' : rights.length === 1 ? rights[0]! : `${rights.slice(0, -1).join(', ')} and ${rights.at(-1)!}`;
}

/** A word as a shell reads it. */
const shellWord = (text: string): string => /^[\w.@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
