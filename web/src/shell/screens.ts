import type { ComponentType } from 'preact';

import type { IconName } from '../components/icon.tsx';

export interface ScreenProps {
  /** What stands in the address after the screen's name: of #tables/ID it is [ID]. */
  readonly path: readonly string[];
}

export interface Screen {
  /** The first part of the address: #tables. */
  readonly name: string;
  readonly title: string;
  readonly icon: IconName;
  /** Screens are loaded when they are opened. */
  readonly load: () => Promise<ComponentType<ScreenProps>>;
}

/**
 * The screens, in the order of the navigation. To add one:
 *
 *   1. Write its component in a directory of its own. It may take `path`; its heading is one h1, which may be class="hidden".
 *   2. Add a line here.
 *   3. Data: `useLive` (server/live.ts) for what has a feed, as all system tables do; `usePoll` (components/poll.ts) for the rest;
 *      `tables`, `servers` and `issues` (server/cluster.ts) for their names and states, which the page has anyway; `run`
 *      (server/query.ts) for what a button does. Feeds and polls wait while the page is hidden or the server away.
 *   4. Links: `hrefOf('tables', id)` (route.ts). A part of the screen that deserves a name of its own in the window's title
 *      says it by `useSubtitle` (title.ts).
 *   5. Looks: style/tokens.css has the colours and sizes, style/controls.css the classes of buttons and fields, components/ what
 *      screens share: Panel, Table, Tabs, Segments, Menu, IconButton, TextField and the like, Dialog, Confirm, Badge, Empty,
 *      notify (toast.tsx). What one screen alone has is in a style sheet beside it.
 *
 * Errors of the server are shown by `Failure`, which knows what to say of missing permissions. That the server cannot be reached
 * is shown by the frame; feeds and polls go on by themselves when it is back.
 */
export const screens: readonly Screen[] = [
  { name: 'dashboard', icon: 'dashboard', title: 'Dashboard', load: async () => (await import('../dashboard/dashboard.tsx')).Dashboard },
  { name: 'tables', icon: 'tables', title: 'Tables', load: async () => (await import('../tables/tables.tsx')).Tables },
  { name: 'dataexplorer', icon: 'explorer', title: 'Data Explorer', load: async () => (await import('../explorer/explorer.tsx')).Explorer },
  { name: 'servers', icon: 'servers', title: 'Servers', load: async () => (await import('../servers/servers.tsx')).Servers },
  { name: 'jobs', icon: 'jobs', title: 'Jobs', load: async () => (await import('../jobs/jobs.tsx')).Jobs },
  { name: 'logs', icon: 'logs', title: 'Logs', load: async () => (await import('../logs/logs.tsx')).Logs },
  { name: 'users', icon: 'users', title: 'Users', load: async () => (await import('../users/users.tsx')).Users },
  { name: 'security', icon: 'security', title: 'Security', load: async () => (await import('../security/security.tsx')).Security },
  { name: 'guide', icon: 'guide', title: 'First steps', load: async () => (await import('../welcome/guide.tsx')).Guide },
];

export const screenOf = (name: string): Screen => screens.find(screen => screen.name === name) ?? screens[0]!;
