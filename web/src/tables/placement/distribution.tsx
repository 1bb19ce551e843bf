import { useState } from 'preact/hooks';

import { Dialog } from '../../components/dialog.tsx';
import { formatNumber, plural } from '../../components/format.ts';
import { Panel } from '../../components/panel.tsx';
import { notify } from '../../components/toast.tsx';
import { run } from '../../server/query.ts';
import type { SectionProps } from '../view/view.tsx';
import { documentsOf, named } from '../view/table.ts';

/** How the documents are spread over the shards, and the button that evens it out. */
export function Distribution({ table }: SectionProps) {
  const [asked, setAsked] = useState(false);
  const counts = table.info?.doc_count_estimates;
  if (counts === undefined) {
    return null; // the panel of replicas tells why
  }
  return <Panel title="Data distribution" actions={<button type="button" disabled={counts.length < 2} title={counts.length < 2 ? 'A table with one shard has nothing to balance.' : undefined} onClick={() => setAsked(true)}>Rebalance…</button>}>
    <Bars counts={counts} />
    {counts.length < 2 && <p class="note">All documents are in one shard. Reconfigure the table to split it.</p>}
    {asked && <Rebalance table={table} onClose={() => setAsked(false)} />}
  </Panel>;
}

/** Documents of each shard as bars, to the scale of the largest. */
export function Bars({ counts }: { counts: readonly number[] }) {
  const top = Math.max(1, ...counts);
  return <ol class="tables-bars">
    {counts.map((count, i) => <li key={i}>
      <span class="tables-bar-name">Shard {i + 1}</span>
      <span class="tables-bar" aria-hidden="true"><span style={{ width: `${count / top * 100}%` }} /></span>
      <span class="number">~{plural(count, 'document')}</span>
    </li>)}
  </ol>;
}

function Rebalance({ table, onClose }: SectionProps & { onClose: () => void }) {
  const counts = table.info?.doc_count_estimates ?? [];
  const even = Math.round((documentsOf(table) ?? 0) / Math.max(1, counts.length));
  const most = Math.max(...counts) - Math.min(...counts);
  const rebalance = async () => {
    const { rebalanced } = await run<{ rebalanced: number }>('r.db(db).table(name).rebalance()', named(table));
    notify(rebalanced > 0 ? 'The shards have new borders.' : 'There are too few documents to choose borders by: nothing was changed.');
  };
  return <Dialog title={`Rebalance ${table.db}.${table.name}`} action="Rebalance" onAction={rebalance} onClose={onClose}>
    <p>The borders between the shards move so that each has about {formatNumber(even)} documents. Now the largest and the smallest differ by {formatNumber(most)}.</p>
    <div class="tables-before-after">
      <div><h3>Now</h3><Bars counts={counts} /></div>
      <div><h3>Afterwards</h3><Bars counts={counts.map(() => even)} /></div>
    </div>
    <p class="note">Documents that change their shard are copied meanwhile, and parts of the table can be unavailable for a moment.</p>
  </Dialog>;
}
