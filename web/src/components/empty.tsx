import type { ComponentChildren } from 'preact';

import { Icon, type IconName } from './icon.tsx';

/** In place of a list that has nothing in it: what would be there, and the button that makes the first one. */
export function Empty({ icon, title, action, children }: { icon: IconName; title: string; action?: ComponentChildren; children?: ComponentChildren }) {
  return <div class="empty">
    <Icon name={icon} />
    <strong>{title}</strong>
    {children && <p>{children}</p>}
    {action}
  </div>;
}
