import { computed } from '@preact/signals';

import { servers, tables } from './cluster.ts';
import { hrefOf } from '../shell/route.ts';

/** The addresses of the page's places that have names: of servers, and of tables as db.table. */
interface Place {
  readonly href: string;
  readonly title: string;
}

const places = computed(() => ({
  servers: new Map((servers.value ?? []).map(({ id, name }) => [name, hrefOf('servers', id)])),
  tables: new Map((tables.value ?? []).map(({ id, db, name }) => [`${db}.${name}`, hrefOf('tables', id)])),
  ids: new Map<string, Place>([
    ...(servers.value ?? []).map(({ id, name }) => [id, { href: hrefOf('servers', id), title: `server ${name}` }] as const),
    ...(tables.value ?? []).map(({ id, db, name }) => [id, { href: hrefOf('tables', id), title: `table ${db}.${name}` }] as const),
  ]),
}));

/** The address of a server or a table by its name; undefined when there is none of that name, or it is not known. */
export const serverHref = (name: string): string | undefined => places.value.servers.get(name);
export const tableHref = (db: string, name: string): string | undefined => places.value.tables.get(`${db}.${name}`);
export const placeOfID = (id: string): Place | undefined => places.value.ids.get(id);
