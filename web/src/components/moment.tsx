import { useEffect, useState } from 'preact/hooks';

/** A time as it comes from the server. */
export interface Time {
  readonly $reql_type$: 'TIME';
  readonly epoch_time: number;
}

export const millisecondsOf = (time: Time): number => time.epoch_time * 1000;

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const absolute = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const units: readonly [Intl.RelativeTimeFormatUnit, number][] = [['year', 31_536_000], ['month', 2_592_000], ['day', 86_400], ['hour', 3600], ['minute', 60]];

export function formatRelative(milliseconds: number, now = Date.now()): string {
  const seconds = (milliseconds - now) / 1000;
  const unit = units.find(([, length]) => Math.abs(seconds) >= length);
  return unit ? relative.format(Math.round(seconds / unit[1]), unit[0]) : seconds <= 0 ? 'just now' : 'in less than a minute';
}

const tick = 30_000; // milliseconds

/** A moment, said from now, with the time itself for whoever points at it. */
export function Moment({ time }: { time: Time }) {
  const [, setNow] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), tick);
    return () => clearInterval(timer);
  }, []);
  const date = new Date(millisecondsOf(time));
  return <time dateTime={date.toISOString()} title={absolute.format(date)}>{formatRelative(date.getTime())}</time>;
}

/** A moment as a date and a time of day. */
export const formatMoment = (time: Time): string => absolute.format(millisecondsOf(time));
