import { useEffect, useRef, useState } from 'preact/hooks';

import { TextField } from '../components/field.tsx';
import { plural } from '../components/format.ts';
import { findSession, logIn, serverName, type Refusal } from '../server/session.ts';

/** Asks for a user and a password. again says that somebody was logged in before. */
export function LogIn({ again }: { again: boolean }) {
  const form = useRef<HTMLFormElement>(null);
  const [user, setUser] = useState('admin');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | undefined>();
  const focusPassword = () => form.current?.querySelector<HTMLInputElement>('input[type="password"]')?.focus();
  useEffect(focusPassword, []);
  useEffect(() => {
    const title = document.title;
    document.title = ['Log in', serverName.peek(), 'RethinkDB'].filter(part => part !== '').join(' – ');
    return () => { document.title = title; };
  }, []);
  useEffect(() => {
    // Somebody may have logged in in another window meanwhile. If not, or without an answer, the form is what helps.
    const look = () => void findSession().catch(() => undefined);
    addEventListener('focus', look);
    return () => removeEventListener('focus', look);
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setRefusal(undefined);
    const refused = await logIn(user, password);
    setBusy(false);
    setPassword('');
    setRefusal(refused);
    focusPassword();
  };
  return <main class="log-in" aria-labelledby="log-in-title">
    <form class="panel" ref={form} onSubmit={event => void submit(event)}>
      <span class="mark" aria-hidden="true" />
      <h1 id="log-in-title">Log in to {serverName.value || 'RethinkDB'}</h1>
      {again && !refusal && <p class="information" role="status">Your session has ended. Log in to go on where you were.</p>}
      {refusal && <p class="failure" role="alert">{textOf(refusal)}</p>}
      <TextField label="User" value={user} onInput={setUser} autocomplete="username" />
      <TextField label="Password" type="password" value={password} onInput={setPassword} autocomplete="current-password" />
      <button type="submit" class="primary" disabled={busy || user === ''}>{busy ? 'Logging in…' : 'Log in'}</button>
    </form>
  </main>;
}

function textOf(refusal: Refusal): string {
  switch (refusal.why) {
    case 'wrong':
      return 'The user or the password is wrong.';
    case 'wait':
      return `There have been too many wrong passwords for this user from your address. Try again in ${plural(refusal.seconds, 'second')}.`;
    case 'unreachable':
      return 'The server cannot be reached.';
    case 'refused':
      return refusal.text;
  }
}
