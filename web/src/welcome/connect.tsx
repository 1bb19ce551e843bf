import { useState } from 'preact/hooks';

import { Code } from '../components/code.tsx';
import { Segments } from '../components/segments.tsx';
import { usualPort, type ServerAccess } from '../server/access.ts';
import { hrefOf } from '../shell/route.ts';
import { languages } from './code.ts';

/** The first lines of a program, with this server's address and what it asks for filled in. */
export function ConnectionCode({ access }: { access: ServerAccess | undefined }) {
  const [language, setLanguage] = useState('JavaScript');
  const host = location.hostname.replace(/^\[|\]$/g, '');
  const { port = usualPort, tls = false, password = true, reach = 'machine' } = access ?? {};
  const elsewhere = !['localhost', '127.0.0.1', '::1'].includes(host);
  return <>
    <Segments label="Language" options={Object.keys(languages).map(name => [name, name])} value={language} onChange={setLanguage} />
    <Code label={`The first lines of a program in ${language}`} text={languages[language]!({ host, port, tls, password })} />
    {password && <p class="hint">Give each program <a href={hrefOf('users')}>a user of its own</a>, with what it needs and no more, in place of admin.</p>}
    {tls && <p class="hint"><code>ca.pem</code> is the certificate of the authority that has signed the server's.</p>}
    {access && elsewhere && reach === 'machine' && <p class="hint">The driver port serves programs on the server's machine only. From here a tunnel leads to it: <code>ssh -L {port}:localhost:{port} USER@{host}</code>, and then <code>localhost</code> as the host. Or start the server with <code>--bind all</code>.</p>}
  </>;
}
