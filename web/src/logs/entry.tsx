import type { ComponentChildren } from 'preact';

import { formatMoment, Moment } from '../components/moment.tsx';
import { ServerLink } from '../components/namelink.tsx';
import { placeOfID } from '../server/names.ts';
import type { LogEntry } from '../server/rows.ts';
import './logs.css';

/** An entry of the log. Its time is said from now, or as a time of day where entries are read as a list. */
export function Entry({ entry: { timestamp, level, server, message }, exact = false, withServer = true }: { entry: LogEntry; exact?: boolean; withServer?: boolean }) {
  return <div class="log-entry">
    <div class="log-facts">
      <span class="log-time">{exact ? <time dateTime={new Date(timestamp.epoch_time * 1000).toISOString()}>{formatMoment(timestamp)}</time> : <Moment time={timestamp} />}</span>
      <span class={`log-level level-${level}`}>{level}</span>
      {withServer && <span class="quiet"><ServerLink name={server} /></span>}
    </div>
    <p class="text">{linked(message)}</p>
  </div>;
}

const uuids = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/;

/** The text with the identifiers of tables and servers as links to them. */
function linked(text: string): ComponentChildren {
  return text.split(new RegExp(`(${uuids.source})`)).map((part, i) => {
    const place = i % 2 === 1 ? placeOfID(part) : undefined;
    return place ? <a key={i} href={place.href} title={place.title}>{part}</a> : part;
  });
}
