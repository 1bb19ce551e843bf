/** Drawings on a grid of 24, all with the same pen: .icon in style/controls.css. */
const drawings = {
  // Screens
  dashboard: 'M4 19a8.5 8.5 0 1 1 16 0M12 15l4-5M12 15.5v-.5M4 15h1.5M18.5 15H20M12 6.5V8',
  tables: 'M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3zM4 6v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3',
  explorer: 'M4 17l5-5-5-5M12 18h8',
  servers: 'M4 4h16v6H4zM4 14h16v6H4zM8 7h.01M8 17h.01M12 7h4M12 17h4',
  logs: 'M5 3h10l4 4v14H5zM15 3v4h4M9 12h6M9 16h6M9 8h2',
  jobs: 'M3 12h4l3 8 4-16 3 8h4',
  users: 'M12 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4 3.6-6 8-6s8 2 8 6',
  security: 'M12 3l8 3v6c0 5-3.4 8-8 9-4.6-1-8-4-8-9V6zM8.5 12l2.5 2.5 4.5-5',
  backups: 'M3 4h18v5H3zM5 9v11h14V9M10 13h4',
  guide: 'M12 3l2.5 6.5L21 12l-6.5 2.5L12 21l-2.5-6.5L3 12l6.5-2.5z',
  // Things
  key: 'M8 19a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM11 12l9-9M17 6l3 3M14 9l2 2',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 2',
  index: 'M4 6h10M4 12h16M4 18h7',
  document: 'M6 3h8l5 5v13H6zM14 3v5h5',
  history: 'M4 12a8 8 0 1 0 2.5-5.8M4 4v4h4M12 8v4l3 2',
  saved: 'M6 3h12v18l-6-4-6 4z',
  // Doing something
  add: 'M12 5v14M5 12h14',
  remove: 'M4 7h16M9 7V4h6v3M6 7l1 14h10l1-14M10 11v6M14 11v6',
  edit: 'M4 20l1-4L16 5l3 3L8 19zM14 7l3 3',
  close: 'M6 6l12 12M18 6L6 18',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l5 5',
  refresh: 'M20 12a8 8 0 1 1-2.5-5.8M20 4v4h-4',
  run: 'M7 4l12 8-12 8z',
  stop: 'M6 6h12v12H6z',
  pause: 'M8 5v14M16 5v14',
  download: 'M12 4v12M7 11l5 5 5-5M4 20h16',
  upload: 'M12 16V4M7 9l5-5 5 5M4 20h16',
  filter: 'M3 5h18l-7 8v6l-4 2v-8z',
  logout: 'M14 4H5v16h9M10 12h11M17 8l4 4-4 4',
  enlarge: 'M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7',
  // Directions
  more: 'M4.5 12h1M11.5 12h1M18.5 12h1',
  menu: 'M4 6h16M4 12h16M4 18h16',
  down: 'M6 9l6 6 6-6',
  up: 'M6 15l6-6 6 6',
  right: 'M9 6l6 6-6 6',
  left: 'M15 6l-6 6 6 6',
  // How things are
  good: 'M5 12.5l4.5 4.5L19 7',
  warning: 'M12 4l9.5 16h-19zM12 10v4M12 17h.01',
  information: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5M12 8h.01',
  // Themes
  light: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6L19 19M19 5l-1.4 1.4M6.4 17.6L5 19',
  dark: 'M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z',
  system: 'M3 4h18v12H3zM8 20h8M12 16v4',
} as const;

export type IconName = keyof typeof drawings;

/** Decoration: whatever it says has to be in words beside it, or be the label of its button. */
export function Icon({ name }: { name: IconName }) {
  return <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d={drawings[name]} /></svg>;
}
