import { Code } from '../components/code.tsx';

/** How to make a backup: the server has no command of its own for that. */
export function BackupHint() {
  const host = location.hostname;
  return <>
    The tools of the Python driver make them. <details><summary>Make a backup</summary>
      <Code label="Commands that make a backup" text={`pip install rethinkdb\nrethinkdb dump --connect ${host}:28015 --password`} />
      <p class="quiet">It asks for the password of admin. <code>rethinkdb restore</code> brings the archive back. The archive is not encrypted.</p>
    </details>
  </>;
}
