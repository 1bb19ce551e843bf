import { Confirm } from '../../components/confirm.tsx';
import { plural } from '../../components/format.ts';
import { notify } from '../../components/toast.tsx';
import { data } from '../../reql/data.ts';
import type { Datum } from '../../server/connection.ts';
import { write } from '../../server/write.ts';
import { named, type Table } from '../view/table.ts';
import { keyName } from './rows.tsx';

interface Props {
  readonly table: Table;
  readonly keys: readonly Datum[];
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** More keys than that are counted, not listed. */
const maxListed = 20;

export function DeleteDocuments({ table, keys, onDone, onClose }: Props) {
  const remove = async () => {
    const { deleted } = await write('r.db(db).table(name).getAll(r.args(keys)).delete()', { ...named(table), keys: data([...keys]) });
    notify(`${plural(deleted, 'document')} deleted.`);
    onDone();
  };
  return <Confirm title={`Delete ${plural(keys.length, 'document')}`} action={keys.length === 1 ? 'Delete document' : 'Delete documents'} onAction={remove} onClose={onClose}>
    <p>They are deleted from {table.db}.{table.name} for good:</p>
    <ul class="tables-names">
      {keys.slice(0, maxListed).map(key => <li key={JSON.stringify(key)}><code>{keyName(key)}</code></li>)}
      {keys.length > maxListed && <li>and {plural(keys.length - maxListed, 'more document')}</li>}
    </ul>
  </Confirm>;
}
