import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { Empty } from '../components/empty.tsx';
import { Failure } from '../components/failure.tsx';
import { formatNumber, plural } from '../components/format.ts';
import { Icon } from '../components/icon.tsx';
import { VirtualList } from '../components/virtuallist.tsx';
import { Waiting } from '../components/waiting.tsx';
import { servers } from '../server/cluster.ts';
import type { LogEntry } from '../server/rows.ts';
import type { ScreenProps } from '../shell/screens.ts';
import { Entry } from './entry.tsx';
import { filterEntries, isFiltering, levels, noFilter, type LogFilter } from './filter.ts';
import { keyOf, useLog } from './history.ts';

const pageEntries = 100;
const usualHeight = 60; // CSS pixels

/** The log of all servers, #logs, or of one, #logs/ID. New entries come in by themselves. */
export function Logs({ path }: ScreenProps) {
  const { log, more } = useLog(pageEntries);
  const { entries, whole, loading, error } = log.value;
  const [filter, setFilter] = useFilter(path[0]);
  const [held, setHeld] = useState<readonly LogEntry[] | undefined>();
  const shown = entries && filterEntries(held ? [...held, ...entries.filter(entry => entry.id[0] < held.at(-1)!.id[0])] : entries, filter);
  const waiting = held && entries ? filterEntries(entries.filter(entry => entry.id[0] > (held[0]?.id[0] ?? '')), filter).length : 0;
  const missing = shown !== undefined && shown.length < pageEntries && !whole && isFiltering(filter);
  useEffect(() => {
    if (missing && !loading) {
      void more(pageEntries * 5);
    }
  }, [missing, loading]);
  return <>
    <h1>Logs</h1>
    <section class="panel" aria-label="Log entries">
      <Filters filter={filter} onChange={setFilter}>
        <button type="button" aria-pressed={held === undefined} onClick={() => setHeld(held ? undefined : entries ?? [])}>
          <Icon name={held ? 'run' : 'pause'} />{held ? `Follow${waiting > 0 ? ` (${formatNumber(waiting)} new)` : ''}` : 'Following'}
        </button>
      </Filters>
      {error !== undefined && <Failure error={error} />}
      {shown === undefined ? error === undefined && <Waiting />
        : shown.length === 0 ? (missing ? <Waiting>Searching older entries…</Waiting>
          : <Empty icon="logs" title={isFiltering(filter) ? 'No entry is like that.' : 'Nothing has been logged yet.'}
            action={isFiltering(filter) && <button type="button" onClick={() => setFilter(noFilter)}>Show all entries</button>} />)
        : <VirtualList label="Log entries, newest first" rows={shown} keyOf={keyOf} usualHeight={usualHeight} onEnd={() => void more(pageEntries)}
          show={entry => <Entry entry={entry} exact />} />}
      {shown !== undefined && shown.length > 0 && <p class="note" role="status">{plural(shown.length, 'entry').replace('entrys', 'entries')}{whole ? '' : ' so far; older ones come when you scroll down'}.</p>}
    </section>
  </>;
}

/** The filter, which begins with the server that the address names. */
function useFilter(serverID: string | undefined): readonly [LogFilter, (filter: LogFilter) => void] {
  const [filter, setFilter] = useState(noFilter);
  const named = servers.value?.find(({ id }) => id === serverID)?.name;
  useEffect(() => {
    if (named !== undefined) {
      setFilter(filter => ({ ...filter, server: named }));
    }
  }, [named]);
  return [filter, setFilter];
}

function Filters({ filter, onChange, children }: { filter: LogFilter; onChange: (filter: LogFilter) => void; children: ComponentChildren }) {
  const names = servers.value?.map(({ name }) => name) ?? [];
  return <div class="toolbar">
    <input class="logs-find" type="search" placeholder="Find in messages" aria-label="Find in messages" value={filter.text} onInput={event => onChange({ ...filter, text: event.currentTarget.value })} />
    <select aria-label="Level" value={filter.level} onInput={event => onChange({ ...filter, level: event.currentTarget.value as LogFilter['level'] })}>
      {Object.entries(levels).map(([level, { title }]) => <option key={level} value={level}>{title}</option>)}
    </select>
    {(names.length > 1 || filter.server !== '') && <select aria-label="Server" value={filter.server} onInput={event => onChange({ ...filter, server: event.currentTarget.value })}>
      <option value="">All servers</option>
      {names.map(name => <option key={name} value={name}>{name}</option>)}
    </select>}
    {children}
  </div>;
}
