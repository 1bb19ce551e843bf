import { signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

const stored = 'theme'; // in the browser's local storage

/** What the person at the screen wants: the theme of their system unless they have chosen another one here. */
export const theme = signal<Theme>(load());
apply(theme.value);

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  apply(chosen);
  try {
    localStorage.setItem(stored, chosen);
  } catch { // the browser keeps nothing for this page; the choice holds until it is left
  }
}

function load(): Theme {
  try {
    const chosen = localStorage.getItem(stored);
    return chosen === 'light' || chosen === 'dark' ? chosen : 'system';
  } catch {
    return 'system';
  }
}

/** style/tokens.css has the rest. */
function apply(chosen: Theme): void {
  if (chosen === 'system') {
    delete document.documentElement.dataset['theme'];
  } else {
    document.documentElement.dataset['theme'] = chosen;
  }
}
