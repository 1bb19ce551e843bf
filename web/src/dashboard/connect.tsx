import { useState } from 'preact/hooks';

import { Panel } from '../components/panel.tsx';

/** The first lines of a program that uses the server, by language. */
const languages: Readonly<Record<string, (host: string, port: number) => string>> = {
  JavaScript: (host, port) => `// npm install rethinkdb
const r = require('rethinkdb');
const conn = await r.connect({host: '${host}', port: ${port}});
console.log(await r.expr('Hello').run(conn));`,
  Python: (host, port) => `# pip install rethinkdb
from rethinkdb import r
conn = r.connect(host='${host}', port=${port})
print(r.expr('Hello').run(conn))`,
  Go: (host, port) => `// go get gopkg.in/rethinkdb/rethinkdb-go.v6
session, err := r.Connect(r.ConnectOpts{Address: "${host.includes(':') ? `[${host}]` : host}:${port}"})`,
  Java: (host, port) => `// com.rethinkdb:rethinkdb-driver
Connection conn = RethinkDB.r.connection().hostname("${host}").port(${port}).connect();
System.out.println(RethinkDB.r.expr("Hello").run(conn).single());`,
};

export function Connect({ port }: { port: number }) {
  const [language, setLanguage] = useState('JavaScript');
  const host = location.hostname.replace(/^\[|\]$/g, '');
  return <Panel title="Connect a driver" actions={<div class="tabs" role="group" aria-label="Language">
    {Object.keys(languages).map(name => <button type="button" key={name} aria-pressed={name === language} onClick={() => setLanguage(name)}>{name}</button>)}
  </div>}>
    <pre class="code" tabIndex={0}><code>{languages[language]?.(host, port)}</code></pre>
  </Panel>;
}
