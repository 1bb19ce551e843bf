import { cellsOf, cellText } from '../../components/cells.ts';
import { Tree } from '../../components/tree.tsx';
import type { Datum } from '../../server/connection.ts';
import { keyOf, keyText, typeable } from './keys.ts';

export interface ListProps {
  readonly documents: readonly Datum[];
  readonly primaryKey: string;
  /** Primary keys, by their text. */
  readonly selected: ReadonlyMap<string, Datum>;
  readonly onSelect: (documents: readonly Datum[], on: boolean) => void;
  readonly onEdit: (document: Datum) => void;
}

/** A table of more columns cannot be read; the tree has them all. */
const maxColumns = 30;
const maxKeyCharacters = 60;

/** Documents as lines of a table. */
export function DocumentTable(props: ListProps) {
  const { documents, primaryKey, selected, onSelect } = props;
  const cells = documents.map(cellsOf);
  const fields = [...new Set(cells.flatMap(row => [...row.keys()]))].filter(field => field !== primaryKey && !field.startsWith(`${primaryKey}.`));
  const shown = fields.slice(0, maxColumns);
  const all = documents.every(document => selected.has(keyText(keyOf(document, primaryKey))));
  return <>
    <div class="scroll tables-documents" tabIndex={0} role="region" aria-label="Documents as a table">
      <table>
        <thead><tr>
          <td><input type="checkbox" aria-label="Select all documents of this page" checked={all} onChange={event => onSelect(documents, event.currentTarget.checked)} /></td>
          <th scope="col">{primaryKey}</th>
          {shown.map(field => <th key={field} scope="col">{field}</th>)}
        </tr></thead>
        <tbody>{documents.map((document, i) => <tr key={keyText(keyOf(document, primaryKey))}>
          <td><Select document={document} {...props} /></td>
          <th scope="row"><Edit document={document} {...props} /></th>
          {shown.map(field => {
            const value = cells[i]!.get(field);
            return <td key={field} class={typeof value === 'number' ? 'number' : undefined}>{value === undefined ? '' : cellText(value)}</td>;
          })}
        </tr>)}</tbody>
      </table>
    </div>
    {fields.length > shown.length && <p class="note">{fields.length - shown.length} more columns are in the tree.</p>}
  </>;
}

/** Documents with everything that is in them. */
export function DocumentTrees(props: ListProps) {
  return <ol class="rows tables-values">{props.documents.map(document => <li key={keyText(keyOf(document, props.primaryKey))} class="tables-document">
    <div class="toolbar"><Select document={document} {...props} /><Edit document={document} {...props} /></div>
    <Tree value={document} open />
  </li>)}</ol>;
}

function Select({ document, primaryKey, selected, onSelect }: ListProps & { document: Datum }) {
  const key = keyOf(document, primaryKey);
  return <input type="checkbox" aria-label={`Select document ${keyName(key)}`} checked={selected.has(keyText(key))} onChange={event => onSelect([document], event.currentTarget.checked)} />;
}

/** The primary key, which opens the document. */
function Edit({ document, primaryKey, onEdit }: ListProps & { document: Datum }) {
  const name = keyName(keyOf(document, primaryKey));
  return <button type="button" class="link" aria-label={`Edit document ${name}`} onClick={() => onEdit(document)}>{name}</button>;
}

export function keyName(key: Datum): string {
  const text = typeof key === 'object' ? cellText(key) : typeable(key);
  return text.length > maxKeyCharacters ? `${text.slice(0, maxKeyCharacters)}…` : text;
}
