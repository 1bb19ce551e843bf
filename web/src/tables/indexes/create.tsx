import { useState } from 'preact/hooks';

import { SelectField } from '../../components/field.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { TextArea } from '../../components/field.tsx';
import { TextField } from '../../components/field.tsx';
import { notify } from '../../components/toast.tsx';
import { run } from '../../server/query.ts';
import { named } from '../view/table.ts';
import type { SectionProps } from '../view/view.tsx';
import { commandText, definitionProblem, functionText, parseFunction, type Definition, type Kind } from './definition.ts';
import { Sample } from './sample.tsx';

const kinds: readonly (readonly [Kind, string])[] = [['field', 'a field'], ['compound', 'several fields (compound)'], ['function', 'a function of the document']];

export function CreateIndex({ table, taken, onClose }: SectionProps & { taken: readonly string[]; onClose: () => void }) {
  const [definition, setDefinition] = useState<Definition>({ name: '', kind: 'field', fields: '', text: 'row => row("field")', multi: false, geo: false, unique: false });
  const set = (change: Partial<Definition>) => setDefinition({ ...definition, ...change });
  const { name, kind, fields, text } = definition;
  const problem = definitionProblem(definition, taken, table.info?.primary_key ?? 'id');
  const create = async () => {
    const made = functionText(definition);
    const { multi, geo, unique } = definition;
    const parameters = { ...named(table), index: name, multi, geo, ...(made === undefined ? {} : { made: parseFunction(made) }) };
    const options = `{multi: multi, geo: geo${unique ? ', unique: true' : ''}}`; // only this server knows unique
    await run(`r.db(db).table(name).indexCreate(index, ${made === undefined ? '' : 'made, '}${options})`, parameters);
    notify(`The index ${name} is being built.`);
  };
  return <Dialog wide title={`Create a secondary index of ${table.db}.${table.name}`} action="Create index" ready={problem === ''} onAction={create} onClose={onClose}>
    <TextField label="Name" value={name} problem={name === '' ? '' : kind === 'function' ? definitionProblem({ ...definition, text: 'row => row' }, taken, table.info?.primary_key ?? 'id') : problem} onInput={value => set({ name: value })} />
    <SelectField label="It finds documents by" value={kind} options={kinds} onInput={value => set({ kind: value })} />
    {kind === 'function'
      ? <TextArea label="Function, in JavaScript as for the driver" value={text} problem={problem.startsWith('An index needs') ? '' : problem} onInput={value => set({ text: value })} />
      : <TextField label={kind === 'field' ? 'Field (if it is not the name of the index)' : 'Fields, with commas between them'} value={fields} onInput={value => set({ fields: value })} />}
    {kind !== 'function' && <p class="note">A field within a field is written with a dot: <code>address.city</code></p>}
    <fieldset class="tables-checks">
      <legend>Options</legend>
      <label><input type="checkbox" checked={definition.multi} onChange={event => set({ multi: event.currentTarget.checked })} /> multi <span class="quiet">– the value is an array, and each of its elements finds the document</span></label>
      <label><input type="checkbox" checked={definition.geo} onChange={event => set({ geo: event.currentTarget.checked })} /> geo <span class="quiet">– the value is a place on the earth</span></label>
      <label><input type="checkbox" checked={definition.unique} onChange={event => set({ unique: event.currentTarget.checked })} /> unique <span class="quiet">– no two documents may have the same value (RethinkDB has no such indexes)</span></label>
    </fieldset>
    <pre class="code" aria-label="The same as a query">{commandText(table.name, definition)}</pre>
    {problem === '' && <Sample table={table} definition={definition} />}
  </Dialog>;
}
