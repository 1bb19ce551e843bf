const numbers = new Intl.NumberFormat('en');

export const formatNumber = (n: number): string => numbers.format(n);

export function formatBytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (n >= 1000 && unit < units.length - 1) {
    n /= 1000;
    unit++;
  }
  return `${unit === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[unit]}`;
}

export function formatDuration(seconds: number): string {
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days > 0) {
    return `${days} d ${hours} h`;
  }
  return hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min` : `${Math.floor(seconds)} s`;
}

export const plural = (n: number, noun: string): string => `${formatNumber(n)} ${noun}${n === 1 ? '' : 's'}`;

const small = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** Something per second, short enough for the axis of a plot. */
export const formatRate = (perSecond: number): string => perSecond < 1000 ? small.format(perSecond < 10 ? perSecond : Math.round(perSecond)) : compact.format(perSecond);

/** A duration as people measure queries: 12 ms, 3.4 s, 5 min. */
export function formatElapsed(seconds: number): string {
  if (seconds < 1) {
    return `${Math.max(Math.round(seconds * 1000), 0)} ms`;
  }
  return seconds < 10 ? `${seconds.toFixed(1)} s` : formatDuration(seconds);
}
