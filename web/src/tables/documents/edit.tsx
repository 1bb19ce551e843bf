import { useMemo, useState } from 'preact/hooks';

import { Dialog } from '../../components/dialog.tsx';
import { formatBytes } from '../../components/format.ts';
import { formatJson } from '../../components/json.ts';
import { notify } from '../../components/toast.tsx';
import { Tree } from '../../components/tree.tsx';
import type { Datum } from '../../server/connection.ts';
import type { Table } from '../view/table.ts';
import { JsonField, draftOf, isEditable, type Draft } from './jsonfield.tsx';
import { keyOf } from './keys.ts';
import { keyName } from './rows.tsx';
import { differingFields, insert, save } from './save.ts';

interface Props {
  readonly table: Table;
  readonly primaryKey: string;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

const hint = 'Times, binary data and places on the earth are written as the server sends them, and stay exactly as they are unless you change them.';

/** Shows a document, and changes it unless it is too large for that. */
export function OpenDocument(props: Props & { document: Datum }) {
  const { document, table, primaryKey, onClose } = props;
  const text = useMemo(() => formatJson(document), [document]);
  if (isEditable(text)) {
    return <EditDocument {...props} text={text} />;
  }
  return <Dialog wide title={`Document ${keyName(keyOf(document, primaryKey))}`} action="Save" ready={false} onAction={async () => undefined} onClose={onClose}>
    <p class="information">With {formatBytes(text.length)} this document is too large to be edited here. It can be exported, or changed by a query such as <code>{`r.db("${table.db}").table("${table.name}").get(…).update({…})`}</code>.</p>
    <div class="tables-values tables-conflict"><Tree value={document} open /></div>
  </Dialog>;
}

/** Changes a document, unless somebody else has done so since it was loaded. */
function EditDocument({ table, primaryKey, document, text, onDone, onClose }: Props & { document: Datum; text: string }) {
  const [loaded, setLoaded] = useState(document);
  const [draft, setDraft] = useState<Draft>(() => draftOf(text));
  const [conflict, setConflict] = useState<Datum | undefined>();
  const name = keyName(keyOf(document, primaryKey));
  const write = async () => {
    const found = await save(table, primaryKey, loaded, draft.document!);
    if (found) {
      setConflict(found.now);
      throw new Error(found.now === null ? 'Somebody has deleted this document since you opened it. Nothing was saved.' : 'Somebody else has changed this document since you opened it. Nothing was saved.');
    }
    notify(`The document ${name} was saved.`);
    onDone();
  };
  const take = (now: Datum) => {
    setLoaded(now);
    setDraft(draftOf(formatJson(now)));
    setConflict(undefined);
  };
  const overwrite = (now: Datum) => {
    setLoaded(now);
    setConflict(undefined);
  };
  const changed = draft.document !== undefined && formatJson(draft.document) !== formatJson(loaded);
  return <Dialog wide title={`Document ${name}`} action="Save" ready={changed && conflict === undefined} onAction={write} onClose={onClose}>
    <JsonField label={`Document ${name} as JSON`} draft={draft} onDraft={setDraft} />
    {conflict === undefined ? <p class="hint">{hint}</p>
      : conflict === null ? <p class="warning">To write it again, copy it and insert it as a new document.</p>
      : <div class="warning">
        <strong>The document as it is now</strong>
        <p>Others have changed: {differingFields(loaded, conflict).join(', ')}</p>
        <div class="tables-values tables-conflict"><Tree value={conflict} open /></div>
        <div class="buttons">
          <button type="button" onClick={() => take(conflict)}>Take theirs</button>
          <button type="button" onClick={() => overwrite(conflict)}>Keep mine, to save over theirs</button>
        </div>
      </div>}
  </Dialog>;
}

/** Adds a document. */
export function InsertDocument({ table, primaryKey, onDone, onClose }: Props) {
  const [draft, setDraft] = useState<Draft>(() => draftOf('{\n  \n}'));
  const write = async () => {
    const key = await insert(table, primaryKey, draft.document!);
    notify(`The document ${keyName(key)} was inserted.`);
    onDone();
  };
  return <Dialog wide title={`Insert a document into ${table.db}.${table.name}`} action="Insert" ready={draft.document !== undefined} onAction={write} onClose={onClose}>
    <JsonField label="The new document as JSON" draft={draft} onDraft={setDraft} />
    <p class="hint">Without a field <code>{primaryKey}</code> it gets a random key.</p>
  </Dialog>;
}
