import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { Failure } from '../../components/failure.tsx';
import { Waiting } from '../../components/waiting.tsx';
import { useSubtitle } from '../../shell/title.ts';
import { tableAddress } from '../address.ts';
import type { TableViewProps } from '../tables.tsx';
import { Overview } from './overview.tsx';
import { useTable, type Table } from './table.ts';

export interface SectionProps {
  readonly table: Table;
}

interface Section {
  readonly name: string;
  readonly title: string;
  readonly load: () => Promise<ComponentType<SectionProps & { rest: readonly string[] }>>;
}

const sections: readonly Section[] = [
  { name: '', title: 'Overview', load: async () => Overview },
  { name: 'documents', title: 'Documents', load: async () => (await import('../documents/documents.tsx')).Documents },
  { name: 'indexes', title: 'Indexes', load: async () => (await import('../indexes/indexes.tsx')).Indexes },
  { name: 'settings', title: 'Settings', load: async () => (await import('../settings/settings.tsx')).Settings },
];

/** A table: how it is, what is in it, and all that can be done with it. */
export function TableView({ id, section: name, rest }: TableViewProps) {
  const { table, error } = useTable(id);
  const section = sections.find(other => other.name === name) ?? sections[0]!;
  useSubtitle(table ? `${table.db}.${table.name}` : '');
  if (table === undefined) {
    return <>
      <h1 class="hidden">Table</h1>
      {error !== undefined ? <Failure error={error} /> : <Waiting />}
    </>;
  }
  if (table === null) {
    return <div class="panel">
      <h1>Table not found</h1>
      <p>There is no table with the id <code>{id}</code>. Somebody may have deleted it.</p>
      <p><a href="#tables">All tables</a></p>
    </div>;
  }
  return <>
    <div class="tables-title">
      <h1><a class="tables-up" href="#tables">Tables</a> <span class="quiet" aria-hidden="true">/</span> <span class="quiet">{table.db}.</span>{table.name}</h1>
      <nav class="tab-list" aria-label="Parts of the table">
        {sections.map(({ name: part, title }) => <a key={part} href={part === '' ? tableAddress(id) : tableAddress(id, part)} aria-current={part === section.name ? 'page' : undefined}>{title}</a>)}
      </nav>
    </div>
    {error !== undefined && <Failure error={error} />}
    <Loaded key={section.name} section={section} table={table} rest={rest} />
  </>;
}

function Loaded({ section, ...props }: SectionProps & { section: Section; rest: readonly string[] }) {
  const [Content, setContent] = useState<ComponentType<SectionProps & { rest: readonly string[] }> | undefined>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    section.load().then(content => setContent(() => content), setError);
  }, [section]);
  return error !== undefined ? <Failure error={error} /> : Content ? <Content {...props} /> : <Waiting />;
}
