import { Badge } from '../../components/badge.tsx';
import { formatNumber, plural } from '../../components/format.ts';
import { Panel } from '../../components/panel.tsx';
import { documentsOf, type Table } from './table.ts';

/** The state of a table in one look. */
export function StatusPanel({ table }: { table: Table }) {
  const { text, tone } = availability(table);
  const shards = table.shards ?? [];
  const replicas = shards.flatMap(shard => shard.replicas);
  const ready = replicas.filter(replica => replica.state === 'ready').length;
  const primaries = shards.filter(shard => shard.primary_replicas.length > 0).length;
  const documents = documentsOf(table);
  return <Panel title="Status" actions={<span role="status"><Badge tone={tone}>{text}</Badge></span>}>
    <dl class="tables-numbers">
      <div><dt>Documents</dt><dd>{documents === undefined ? 'not known' : `About ${plural(documents, 'document')}`}</dd></div>
      <div><dt>Primary replicas</dt><dd>{primaries}/{shards.length}</dd></div>
      <div><dt>Replicas available</dt><dd>{ready}/{replicas.length}</dd></div>
      <div><dt>Primary key</dt><dd>{table.info?.primary_key ?? 'not known'}</dd></div>
    </dl>
    {ready < replicas.length && <p class="tables-progress">
      <progress max={replicas.length} value={ready} aria-label="Replicas that are ready" />
      <span>{formatNumber(ready)} of {plural(replicas.length, 'replica')} ready</span>
    </p>}
  </Panel>;
}

function availability({ status, shards }: Table): { text: string; tone: 'good' | 'warn' | 'bad' } {
  if (shards === null) {
    return { text: 'Unavailable', tone: 'bad' };
  }
  if (status.all_replicas_ready) {
    return { text: 'Ready', tone: 'good' };
  }
  if (status.ready_for_writes) {
    return { text: 'Ready (some replicas missing)', tone: 'warn' };
  }
  if (status.ready_for_reads) {
    return { text: 'Reads only', tone: 'warn' };
  }
  return status.ready_for_outdated_reads ? { text: 'Outdated reads', tone: 'bad' } : { text: 'Unavailable', tone: 'bad' };
}
