import { Failure, isForbidden } from '../../components/failure.tsx';
import { Panel } from '../../components/panel.tsx';
import { usePoll } from '../../components/poll.ts';
import { run } from '../../server/query.ts';
import { named, type Table } from '../view/table.ts';

interface Grant {
  readonly user: string;
  readonly database?: string;
  readonly table?: string;
  readonly permissions: Readonly<Record<string, boolean>>;
}

const pollTime = 10_000; // milliseconds

/** What is said of permissions that concerns the table: for itself, for its database, and everywhere. */
export function Access({ table }: { table: Table }) {
  const { value: grants, error } = usePoll(() => run<Grant[]>(`
    r.db("rethinkdb").table("permissions").filter(row => r.and(
      row("database").default(db).eq(db), row("table").default(name).eq(name), row("user").ne("admin")
    )).orderBy("user", "id").pluck("user", "database", "table", "permissions")`, named(table)), pollTime);
  return <Panel title="Permissions" actions={<a href="#users">Users and permissions</a>}>
    {error !== undefined && (isForbidden(error) ? <p class="note">Your user may not see who has which permissions.</p> : <Failure error={error} />)}
    {grants?.length === 0 && <p>Only the user admin may use this table.</p>}
    {grants !== undefined && grants.length > 0 && <>
      <div class="scroll"><table class="list">
        <thead><tr><th scope="col">User or role</th><th scope="col">Said for</th><th scope="col">Granted</th><th scope="col">Denied</th></tr></thead>
        <tbody>{grants.map((grant, i) => <tr key={i}>
          <th scope="row">{grant.user}</th>
          <td>{grant.table !== undefined ? 'this table' : grant.database !== undefined ? `the database ${grant.database}` : 'everything'}</td>
          <td>{listed(grant, true)}</td>
          <td>{listed(grant, false)}</td>
        </tr>)}</tbody>
      </table></div>
      <p class="note">The narrowest place where something is said decides. The user admin may do everything.</p>
    </>}
  </Panel>;
}

const listed = ({ permissions }: Grant, on: boolean): string => Object.entries(permissions).filter(([, granted]) => granted === on).map(([name]) => name).join(', ');
