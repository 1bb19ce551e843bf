import { useRef, useState } from 'preact/hooks';

import { Badge } from '../components/badge.tsx';
import { Failure } from '../components/failure.tsx';
import { formatNumber } from '../components/format.ts';
import { Icon } from '../components/icon.tsx';
import { formatMoment } from '../components/moment.tsx';
import { Panel } from '../components/panel.tsx';
import { Table, type Column } from '../components/table.tsx';
import { Waiting } from '../components/waiting.tsx';
import { changesOf, describe, hostOf, kinds, newestFirst, titleOf, toneOf, type Entry } from './entries.ts';
import { useEntries } from './load.ts';

const pageEntries = 50;

/** Who did what: the newest entries of the audit log, which come in by themselves until somebody wants to read in peace. */
export function AuditLog() {
  const { rows, error } = useEntries();
  const [kind, setKind] = useState('');
  const [wanted, setWanted] = useState('');
  const [following, setFollowing] = useState(true);
  const [shown, setShown] = useState(pageEntries);
  const held = useRef<readonly Entry[] | undefined>(undefined);
  if (following) {
    held.current = rows;
  }
  const entries = held.current;
  const found = entries && newestFirst(entries).filter(entry => matches(entry, kind, wanted.trim().toLowerCase()));
  return <Panel title="Audit log" actions={entries && <button type="button" onClick={() => setFollowing(!following)}>
    <Icon name={following ? 'pause' : 'run'} />{following ? 'Pause' : 'Follow'}
  </button>}>
    {error !== undefined ? <Failure error={error} /> : found === undefined ? <Waiting /> : <>
      <div class="toolbar">
        <select aria-label="Kind of event" value={kind} onChange={event => { setKind(event.currentTarget.value); setShown(pageEntries); }}>
          <option value="">All events</option>
          {Object.entries(kinds).map(([name, { title }]) => <option key={name} value={name}>{title}</option>)}
        </select>
        <input type="search" class="search" aria-label="User, address or what was changed" placeholder="User, address or what was changed" value={wanted} spellcheck={false} autocomplete="off"
          onInput={event => { setWanted(event.currentTarget.value); setShown(pageEntries); }} />
        <span class="quiet" role="status">{formatNumber(found.length)} {found.length === 1 ? 'entry' : 'entries'}</span>
      </div>
      {found.length === 0 ? <p class="quiet">Nothing like that has happened lately.</p>
        : <div class="audit"><Table label="Audit log" rows={found.slice(0, shown)} keyOf={entry => JSON.stringify(entry.id)} columns={columns} /></div>}
      {found.length > shown && <button type="button" onClick={() => setShown(shown + pageEntries)}>Show {formatNumber(Math.min(pageEntries, found.length - shown))} more</button>}
    </>}
  </Panel>;
}

function matches(entry: Entry, kind: string, wanted: string): boolean {
  if (kind !== '' && !kinds[kind]!.events.includes(entry.event)) {
    return false;
  }
  return wanted === '' || [entry.user, entry.peer, describe(entry)].some(text => text?.toLowerCase().includes(wanted));
}

const columns: readonly Column<Entry>[] = [
  { title: 'Time', show: entry => <time class="nowrap" dateTime={new Date(entry.timestamp.epoch_time * 1000).toISOString()}>{formatMoment(entry.timestamp)}</time> },
  { title: 'What', show: entry => <Badge tone={toneOf(entry)}>{titleOf(entry)}</Badge> },
  { title: 'Who', show: entry => entry.user ?? <span class="quiet none">–</span> },
  { title: 'From', show: entry => entry.peer ? <code>{hostOf(entry.peer)}</code> : <span class="quiet none">–</span> },
  { title: 'Details', show: entry => <Details entry={entry} /> },
];

function Details({ entry }: { entry: Entry }) {
  return <span class="entry text">
    {describe(entry)}{entry.count !== undefined && entry.count > 1 && <span class="quiet"> {formatNumber(entry.count)} times</span>}
    {changesOf(entry).map(({ field, before, after }) => <span key={field} class="change">
      <span class="quiet">{field}:</span> {before !== undefined && <del>{before}</del>} {after !== undefined && <ins>{after}</ins>}
    </span>)}
  </span>;
}
