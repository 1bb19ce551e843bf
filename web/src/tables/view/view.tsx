import { useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { Failure } from '../../components/failure.tsx';
import { usePoll } from '../../components/poll.ts';
import { place, tableAddress } from '../route.ts';
import { Overview } from './overview.tsx';
import { loadTable, type Table } from './table.ts';

export interface SectionProps {
  readonly table: Table;
  /** Loads the table again, because something was changed. */
  readonly onChange: (notice: string) => void;
}

interface Section {
  readonly name: string;
  readonly title: string;
  readonly load: () => Promise<ComponentType<SectionProps>>;
}

const sections: readonly Section[] = [
  { name: '', title: 'Overview', load: async () => Overview },
  { name: 'indexes', title: 'Secondary indexes', load: async () => (await import('../indexes/indexes.tsx')).Indexes },
  { name: 'settings', title: 'Settings', load: async () => (await import('../settings/settings.tsx')).Settings },
];

const pollTime = 5000; // milliseconds

/** A table: what it is, what is in it, and all that can be done with it. */
export function TableView({ id }: { id: string }) {
  const { value: table, error, refresh } = usePoll(() => loadTable(id), pollTime);
  const notice = useSignal('');
  const section = sections.find(({ name }) => name === place.value.section) ?? sections[0]!;
  useEffect(() => { notice.value = ''; }, [section]);
  if (table === undefined) {
    return error !== undefined ? <Failure error={error} /> : <p class="waiting" role="status">Loading…</p>;
  }
  if (table === null) {
    return <div class="panel">
      <h1>Table not found</h1>
      <p>There is no table with the id <code>{id}</code>. Somebody may have deleted it.</p>
      <p><a href="#tables">All tables</a></p>
    </div>;
  }
  const changed = (text: string) => {
    notice.value = text;
    refresh();
  };
  return <>
    <div class="head">
      <h1><a href="#tables">Tables</a> <span class="quiet" aria-hidden="true">/</span> {table.db}.{table.name}</h1>
      <nav class="sections" aria-label="Parts of the table">
        {sections.map(({ name, title }) => <a key={name} href={tableAddress(id, name)} aria-current={name === section.name ? 'page' : undefined}>{title}</a>)}
      </nav>
    </div>
    <p class="notice" role="status">{notice.value}</p>
    {error !== undefined && <Failure error={error} />}
    <Loaded key={section.name} section={section} table={table} onChange={changed} />
  </>;
}

function Loaded({ section, ...props }: SectionProps & { section: Section }) {
  const [Content, setContent] = useState<ComponentType<SectionProps> | undefined>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    section.load().then(content => setContent(() => content), setError);
  }, [section]);
  return error !== undefined ? <Failure error={error} /> : Content ? <Content {...props} /> : <p class="waiting" role="status">Loading…</p>;
}
