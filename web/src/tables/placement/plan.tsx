import { plural } from '../../components/format.ts';
import type { Change, PlannedReplica, PlannedShard } from './placement.ts';

const signs: Readonly<Record<Change, string>> = { same: '', added: '+', removed: '−', changed: '→' };

/** What a new configuration does to each shard and each replica. */
export function Plan({ shards }: { shards: readonly PlannedShard[] }) {
  return <>
    <p role="status">{summaryOf(shards)}</p>
    <ol class="tables-plan" tabIndex={0} aria-label="The shards of the new configuration">
      {shards.map((shard, i) => <li key={i}>
        <p class={`tables-change ${shard.change}`}><Sign change={shard.change} /> Shard {i + 1}{shard.change === 'same' ? '' : ` (${shard.change})`}</p>
        <ul>{shard.replicas.map(replica => <li key={replica.server} class={`tables-change ${replica.change}`}><Sign change={replica.change} /> {replica.server}: {roleText(replica)}</li>)}</ul>
      </li>)}
    </ol>
  </>;
}

const Sign = ({ change }: { change: Change }) => <span class="tables-sign" aria-hidden="true">{signs[change]}</span>;

function roleText({ role, before, change }: PlannedReplica): string {
  switch (change) {
    case 'same':
      return role;
    case 'changed':
      return `${before ?? ''} becomes ${role}`;
    default:
      return `${role} ${change}`;
  }
}

function summaryOf(shards: readonly PlannedShard[]): string {
  const count = (change: Change) => shards.flatMap(shard => shard.replicas).filter(replica => replica.change === change).length;
  const parts = (['added', 'removed', 'changed'] as const).map(change => [count(change), change] as const).filter(([n]) => n > 0);
  return parts.length === 0 ? 'Nothing changes.' : parts.map(([n, change]) => `${plural(n, 'replica')} ${change}`).join(', ') + '.';
}
