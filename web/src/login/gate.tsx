import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { textOfError } from '../components/failure.tsx';
import { findSession, session } from '../server/session.ts';
import { LogIn } from './login.tsx';
import './login.css';

const retryAfter = 2000; // milliseconds

/** Shows the page to who is logged in. When a session ends the page stays as it is, out of sight, until its user has logged in again. */
export function Gate({ children }: { children: ComponentChildren }) {
  const [entered, setEntered] = useState(false);
  const [failed, setFailed] = useState('');
  const known = session.value;
  useEffect(() => {
    if (known) {
      setEntered(true);
    }
  }, [known]);
  useEffect(() => {
    if (known !== undefined) {
      return undefined;
    }
    let timer = 0;
    const ask = () => void findSession().catch((error: unknown) => {
      setFailed(textOfError(error));
      timer = window.setTimeout(ask, retryAfter);
    });
    ask();
    return () => clearTimeout(timer);
  }, [known]);
  return <>
    {(entered || known) && <div class={known ? undefined : 'out-of-sight'} inert={!known}>{children}</div>}
    {known === undefined && failed && <p class="failure" role="alert">The server does not answer. Trying again… {failed}</p>}
    {known === null && <LogIn again={entered} />}
  </>;
}
