// What the whole page wants to know of the tables, servers and issues. Each is undefined until it is known, and remains so for users
// who may not read the system tables.

import { computed, type ReadonlySignal } from '@preact/signals';

import { follow, sourceOf } from './live.ts';

export interface TableName {
  readonly id: string;
  readonly db: string;
  readonly name: string;
  readonly status: { readonly all_replicas_ready: boolean };
}

export interface ServerName {
  readonly id: string;
  readonly name: string;
}

export interface Issue {
  readonly id: string;
  readonly type: string;
  readonly critical: boolean;
  readonly description: string;
}

const feedOf = (table: string, fields: string) =>
  sourceOf(`r.db("rethinkdb").table("${table}").pluck(${fields}).changes({includeInitial: true, includeStates: true})`);

const feeds = {
  tables: feedOf('table_status', '"id", "db", "name", {status: "all_replicas_ready"}'),
  servers: feedOf('server_status', '"id", "name"'),
  issues: feedOf('current_issues', '"id", "type", "critical", "description"'),
};

const rowsOf = <Row>(feed: ReturnType<typeof feedOf>): ReadonlySignal<readonly Row[] | undefined> =>
  computed(() => {
    const { rows } = feed.followed.value;
    return rows && ([...rows.values()] as readonly unknown[] as readonly Row[]);
  });

export const tables = rowsOf<TableName>(feeds.tables);
export const servers = rowsOf<ServerName>(feeds.servers);
export const issues = rowsOf<Issue>(feeds.issues);

/** Follows all of that until the function that it gives is called; the page does. */
export function followCluster(): () => void {
  const leaving = Object.values(feeds).map(follow);
  return () => leaving.forEach(leave => leave());
}
