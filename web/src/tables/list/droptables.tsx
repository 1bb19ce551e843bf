import { Dialog } from '../../components/dialog.tsx';
import { textOfError } from '../../components/failure.tsx';
import { plural } from '../../components/format.ts';
import { run } from '../../server/query.ts';

interface Props {
  readonly tables: readonly { readonly db: string; readonly name: string }[];
  readonly onDone: (notice: string) => void;
  readonly onClose: () => void;
}

/** More names than that are counted, not listed. */
const maxListed = 20;

export function DropTables({ tables, onDone, onClose }: Props) {
  const names = tables.map(table => `${table.db}.${table.name}`);
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
    onDone(names.length === 1 ? `The table ${names[0]} was successfully deleted.` : `${plural(names.length, 'table')} were successfully deleted.`);
  };
  return <Dialog title={tables.length === 1 ? `Delete table ${names[0]}` : `Delete ${plural(tables.length, 'table')}`} action={tables.length === 1 ? 'Delete table' : `Delete ${plural(tables.length, 'table')}`}
    danger onAction={drop} onClose={onClose}>
    <p>All of {tables.length === 1 ? 'its' : 'their'} documents and indexes are deleted for good:</p>
    <ul class="names">
      {names.slice(0, maxListed).map(name => <li key={name}><code>{name}</code></li>)}
      {names.length > maxListed && <li>and {plural(names.length - maxListed, 'more table')}</li>}
    </ul>
  </Dialog>;
}
