import { IconButton } from './iconbutton.tsx';
import { chooseTheme, theme, type Theme } from './theme.ts';

const themes: readonly [Theme, string][] = [['system', 'Theme of the system'], ['light', 'Light theme'], ['dark', 'Dark theme']];

/** Goes on to the next theme. */
export function ThemeSwitch() {
  const at = themes.findIndex(([name]) => name === theme.value);
  const next = themes[(at + 1) % themes.length]!;
  return <IconButton icon={theme.value} label={`${themes[at]![1]}. Change to: ${next[1].toLowerCase()}`} onClick={() => chooseTheme(next[0])} />;
}
