import { signal } from '@preact/signals';

/** A place on the screen: #tables, #tables/ID, #tables/ID/documents?key=… */
export interface Place {
  /** The table's, or '' for the list of all. */
  readonly table: string;
  readonly section: string;
  readonly query: URLSearchParams;
}

export const place = signal(placeOf(location.hash));
addEventListener('hashchange', () => { place.value = placeOf(location.hash); });

function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [, table = '', section = ''] = path.split('/');
  return { table, section, query: new URLSearchParams(query) };
}

export const tableAddress = (id: string, section = ''): string => `#tables/${id}${section === '' ? '' : `/${section}`}`;

/** Where a document is looked up by what somebody has typed as its primary key. */
export const documentAddress = (id: string, key: string): string => `${tableAddress(id, 'documents')}?${new URLSearchParams({ key }).toString()}`;
