import { useState } from 'preact/hooks';

import { Dialog } from '../../components/dialog.tsx';
import { TextField } from '../../components/field.tsx';
import { notify } from '../../components/toast.tsx';
import { run } from '../../server/query.ts';
import { named } from '../view/table.ts';
import type { SectionProps } from '../view/view.tsx';

type Props = SectionProps & { readonly index: string; readonly onClose: () => void };

export function RenameIndex({ table, index, taken, onClose }: Props & { taken: readonly string[] }) {
  const [name, setName] = useState(index);
  const [overwrite, setOverwrite] = useState(false);
  const exists = name !== index && taken.includes(name);
  const problem = name === '' ? 'An index needs a name.' : exists && !overwrite ? 'There is an index of this name already.' : '';
  const rename = async () => {
    await run('r.db(db).table(name).indexRename(old, fresh, {overwrite: overwrite})', { ...named(table), old: index, fresh: name, overwrite });
    notify(`The index ${index} is now called ${name}.`);
  };
  return <Dialog title={`Rename index ${index}`} action="Rename" danger={exists && overwrite} ready={name !== index && problem === ''} onAction={rename} onClose={onClose}>
    <TextField label="New name" value={name} problem={problem} onInput={setName} />
    <p><label><input type="checkbox" checked={overwrite} onChange={event => setOverwrite(event.currentTarget.checked)} /> Replace an index that has this name</label></p>
  </Dialog>;
}

export function DropIndex({ table, index, onClose }: Props) {
  const drop = async () => {
    await run('r.db(db).table(name).indexDrop(index)', { ...named(table), index });
    notify(`The index ${index} was deleted.`);
  };
  return <Dialog title={`Delete index ${index}`} action="Delete index" danger onAction={drop} onClose={onClose}>
    <p>Documents stay. Queries that use the index fail until there is one of this name again.</p>
  </Dialog>;
}
