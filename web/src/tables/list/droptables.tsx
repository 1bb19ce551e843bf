import { Confirm } from '../../components/confirm.tsx';
import { textOfError } from '../../components/failure.tsx';
import { plural } from '../../components/format.ts';
import { notify } from '../../components/toast.tsx';
import { run } from '../../server/query.ts';

interface Props {
  readonly tables: readonly { readonly db: string; readonly name: string }[];
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** More names than that are counted, not listed. */
const maxListed = 20;

export function DropTables({ tables, onDone, onClose }: Props) {
  const names = tables.map(table => `${table.db}.${table.name}`);
  const one = names.length === 1;
  const drop = async () => {
    let dropped = 0;
    try {
      for (const { db, name } of tables) {
        await run('r.db(db).tableDrop(name)', { db, name });
        dropped++;
      }
    } catch (error) {
      throw dropped === 0 ? error : new Error(`${plural(dropped, 'table')} deleted, then: ${textOfError(error)}`, { cause: error });
    }
    notify(one ? `The table ${names[0]} was successfully deleted.` : `${plural(names.length, 'table')} were successfully deleted.`);
    onDone();
  };
  return <Confirm title={one ? `Delete table ${names[0]}` : `Delete ${plural(names.length, 'table')}`} action={one ? 'Delete table' : `Delete ${plural(names.length, 'table')}`} onAction={drop} onClose={onClose}>
    <p>All of {one ? 'its' : 'their'} documents and indexes are deleted for good.</p>
    {!one && <ul class="tables-names">
      {names.slice(0, maxListed).map(name => <li key={name}><code>{name}</code></li>)}
      {names.length > maxListed && <li>and {plural(names.length - maxListed, 'more table')}</li>}
    </ul>}
  </Confirm>;
}
