import { Menu } from '../components/menu.tsx';
import { logOut, session } from '../server/session.ts';

/** Who is logged in, and the way out. Nothing is shown where nobody has logged in here: without a password, and where a proxy has asked for it. */
export function UserMenu() {
  const known = session.value;
  if (known?.method !== 'web_page') {
    return null;
  }
  return <div class="user-menu">
    <Menu icon="users" label={`Logged in as ${known.user}`} choices={[
      { label: 'Log out', icon: 'logout', onChoose: () => void logOut() },
      { label: 'Log out everywhere', icon: 'logout', onChoose: () => void logOut(true) },
    ]} />
    <span class="user-name" aria-hidden="true">{known.user}</span>
  </div>;
}
