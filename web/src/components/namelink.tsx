import { serverHref, tableHref } from '../server/names.ts';

/** The name of a server, which leads to it while it is connected. */
export function ServerLink({ name }: { name: string }) {
  const href = serverHref(name);
  return href ? <a href={href}>{name}</a> : <>{name}</>;
}

/** The name of a table, which leads to it while it exists. */
export function TableLink({ db, name }: { db: string; name: string }) {
  const href = tableHref(db, name);
  return href ? <a href={href}>{db}.{name}</a> : <>{db}.{name}</>;
}
