import { useEffect, useState } from 'preact/hooks';

import { Tree } from '../../components/tree.tsx';
import type { Datum } from '../../server/connection.ts';
import { textOfError } from '../../components/failure.tsx';
import { run } from '../../server/query.ts';
import { named, type Table } from '../view/table.ts';
import { functionText, parseFunction, type Definition } from './definition.ts';

/** How long somebody has to stop typing before the server is asked, in milliseconds. */
const pause = 400;
const documents = 5;

interface Value {
  readonly key: Datum;
  readonly value: Datum;
}

/** What an index would have of the table's first documents. */
export function Sample({ table, definition }: { table: Table; definition: Definition }) {
  const [values, setValues] = useState<readonly Value[] | string>([]);
  const text = functionText(definition) ?? `row => row(${JSON.stringify(definition.name)})`;
  useEffect(() => {
    let ended = false;
    const timer = setTimeout(() => {
      const parameters = { ...named(table), made: parseFunction(text), key: table.info?.primary_key ?? 'id', n: documents };
      run<Value[]>('r.db(db).table(name).limit(n).map(row => ({key: row(key), value: row.do(made).default(null)})).coerceTo("array")', parameters)
        .catch((error: unknown) => textOfError(error))
        .then(found => ended || setValues(found));
    }, pause);
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [text]);
  if (typeof values === 'string') {
    return <p class="note">Of the first documents it makes an error, and such documents are not in the index: {values}</p>;
  }
  return values.length === 0 ? null : <section aria-label="Values of the first documents">
    <h3>Values of the first documents</h3>
    <ul class="tables-sample tables-values">{values.map((one, i) => <li key={i}><Tree value={one.key} /> <span aria-hidden="true">→</span> {one.value === null ? <span class="quiet">not in the index</span> : <Tree value={one.value} />}</li>)}</ul>
  </section>;
}
