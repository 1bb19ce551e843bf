import { useState } from 'preact/hooks';

import { Badge } from '../../components/badge.tsx';
import { Failure, isForbidden } from '../../components/failure.tsx';
import { plural } from '../../components/format.ts';
import { Panel } from '../../components/panel.tsx';
import { usePoll } from '../../components/poll.ts';
import type { SectionProps } from '../view/view.tsx';
import { placedReplicas } from './placement.ts';
import { Reconfigure } from './reconfigure.tsx';
import { loadServers, type Server } from './servers.ts';

const pollTime = 30_000; // milliseconds; servers seldom change their names

/** Shards and replicas: on which servers they are, and in what state. */
export function Placement({ table }: SectionProps) {
  const { value: servers = [] } = usePoll(loadServers, pollTime);
  const [asked, setAsked] = useState(false);
  const { shards, config, configProblem: problem } = table;
  const forbidden = config === undefined && isForbidden(problem);
  const perShard = shards?.[0]?.replicas.length ?? 0;
  return <Panel title="Sharding and replication" actions={<button type="button" disabled={config === undefined}
    title={forbidden ? 'Your user needs the permission config for this table.' : undefined} onClick={() => setAsked(true)}>Reconfigure…</button>}>
    {problem !== undefined && !forbidden && <Failure error={problem} />}
    {forbidden && <p class="note">To see and to change the configuration of this table, your user needs the permission <code>config</code>.</p>}
    {shards === null ? <p>No replica of this table is within reach.</p> : <>
      <p>{plural(shards.length, 'shard')}, {plural(perShard, 'replica')} per shard</p>
      <div class="scroll">
        <table class="list">
          <thead><tr><th scope="col">Shard</th><th scope="col">Server</th><th scope="col">Role</th><th scope="col">State</th></tr></thead>
          {shards.map((shard, i) => {
            const replicas = placedReplicas(shard, config?.shards[i]);
            const documents = table.info?.doc_count_estimates[i];
            return <tbody key={i}>
              {replicas.map(({ server, role, state }, k) => <tr key={server}>
                {k === 0 && <th scope="rowgroup" rowSpan={replicas.length}>Shard {i + 1} {documents !== undefined && <span class="quiet tables-shard-count">~{plural(documents, 'document')}</span>}</th>}
                <td><ServerLink name={server} servers={servers} /></td>
                <td>{role}</td>
                <td><Badge tone={state === 'ready' ? 'good' : state === 'disconnected' ? 'bad' : 'warn'}>{state.replaceAll('_', ' ')}</Badge></td>
              </tr>)}
            </tbody>;
          })}
        </table>
      </div>
    </>}
    {asked && config && <Reconfigure table={table} config={config} servers={servers} onClose={() => setAsked(false)} />}
  </Panel>;
}

/** A server by its name, as a link to its page if its id is known. */
function ServerLink({ name, servers }: { name: string; servers: readonly Server[] }) {
  const server = servers.find(other => other.name === name);
  return server ? <a href={`#servers/${server.id}`}>{name}</a> : <>{name}</>;
}
