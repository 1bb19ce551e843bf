import { usualPort, useServerAccess } from '../server/access.ts';
import { Code } from './code.tsx';

/** How to make a backup of everything, or of a table: the server has no command of its own for that. */
export function BackupHint({ table }: { table?: string }) {
  const { value: access } = useServerAccess();
  const command = [
    `rethinkdb dump --connect ${location.hostname}:${access?.port ?? usualPort}`,
    ...(access?.password ?? true ? ['--password'] : []),
    ...(access?.tls ? ['--tls-cert ca.pem'] : []),
    ...(table === undefined ? [] : [`--export ${table}`]),
  ].join(' ');
  return <>
    The tools of the Python driver make them, while the server runs. <details><summary>Make a backup</summary>
      <Code label="Commands that make a backup" text={`pip install rethinkdb\n${command}`} />
      <p class="hint">It writes one file with documents, indexes and write hooks, which is not encrypted. <code>rethinkdb restore</code> reads it back.</p>
    </details>
  </>;
}
