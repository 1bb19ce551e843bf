import { useEffect, useState } from 'preact/hooks';

import { NumberField } from '../../components/numberfield.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Failure } from '../../components/failure.tsx';
import { notify } from '../../components/toast.tsx';
import { run } from '../../server/query.ts';
import { named, type Table, type TableConfig } from '../view/table.ts';
import { comparePlacement, maxShards, type ConfiguredShard, type PlannedShard } from './placement.ts';
import { Plan } from './plan.tsx';
import type { Server } from './servers.ts';

interface Props {
  readonly table: Table;
  readonly config: TableConfig;
  readonly servers: readonly Server[];
  readonly onClose: () => void;
}

/** How long somebody has to stop typing before the server is asked, in milliseconds. */
const pause = 250;

interface Outcome {
  readonly config_changes: readonly { readonly old_val: { readonly shards: readonly ConfiguredShard[] }; readonly new_val: { readonly shards: readonly ConfiguredShard[] } }[];
}

/** Chooses the numbers of shards and replicas, and shows what the server would make of them. */
export function Reconfigure({ table, config, servers, onClose }: Props) {
  const [shards, setShards] = useState(config.shards.length);
  const [replicas, setReplicas] = useState(config.shards[0]?.replicas.length ?? 1);
  const [plan, setPlan] = useState<{ readonly of: string; readonly shards: readonly PlannedShard[] } | undefined>();
  const [error, setError] = useState<unknown>();
  const wanted = `${shards} ${replicas}`;
  const filled = shards >= 1 && replicas >= 1;
  const parameters = { ...named(table), shards, replicas };
  useEffect(() => {
    if (!filled) {
      return undefined;
    }
    let ended = false;
    const timer = setTimeout(() => {
      run<Outcome>('r.db(db).table(name).reconfigure({shards: shards, replicas: replicas, dryRun: true})', parameters).then(({ config_changes: [change] }) => {
        if (!ended) {
          setPlan(change && { of: wanted, shards: comparePlacement(change.old_val.shards, change.new_val.shards) });
          setError(undefined);
        }
      }, (reason: unknown) => {
        if (!ended) {
          setPlan(undefined);
          setError(reason);
        }
      });
    }, pause);
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [wanted]);
  const apply = async () => {
    await run('r.db(db).table(name).reconfigure({shards: shards, replicas: replicas})', parameters);
    notify('The new configuration is applied. Replicas that are new get their documents now.');
  };
  const usable = servers.filter(server => server.tags.includes('default')).length;
  return <Dialog wide title={`Reconfigure ${table.db}.${table.name}`} action="Apply configuration" ready={filled && plan?.of === wanted} onAction={apply} onClose={onClose}>
    <div class="tables-columns">
      <NumberField label="Shards" value={shards} min={1} max={maxShards} onInput={setShards} />
      <NumberField label="Replicas per shard" value={replicas} min={1} {...(usable > 0 ? { max: usable } : {})} onInput={setReplicas} />
    </div>
    <h3>Where is my data going?</h3>
    {error !== undefined ? <Failure error={error} /> : plan === undefined ? <p class="waiting" role="status">{filled ? 'Asking the server…' : 'A table has at least one shard and one replica.'}</p> : <Plan shards={plan.shards} />}
  </Dialog>;
}
