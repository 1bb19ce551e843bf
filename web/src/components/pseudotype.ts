import type { Datum } from '../server/connection.ts';

type Fields = { [name: string]: Datum };

const isFields = (value: Datum): value is Fields => value !== null && typeof value === 'object' && !Array.isArray(value);

/** Grouped data as rows with group and reduction, as drivers have it. */
export function ungroup(value: Datum): Datum[] | undefined {
  if (!isFields(value) || value['$reql_type$'] !== 'GROUPED_DATA' || !Array.isArray(value['data'])) {
    return undefined;
  }
  return value['data'].map(pair => Array.isArray(pair) ? { group: pair[0] ?? null, reduction: pair[1] ?? null } : pair);
}

/** A time, binary data or a point in words; undefined for whatever shows itself. */
export function describe(value: Datum): { text: string; kind: string } | undefined {
  if (!isFields(value)) {
    return undefined;
  }
  switch (value['$reql_type$']) {
    case 'TIME':
      return describeTime(value);
    case 'BINARY':
      return describeBinary(value);
    case 'GEOMETRY':
      return describePoint(value);
  }
  return undefined;
}

function describeTime({ epoch_time: seconds, timezone }: Fields): { text: string; kind: string } | undefined {
  if (typeof seconds !== 'number' || typeof timezone !== 'string') {
    return undefined;
  }
  const sign = /^([+-])(\d\d):(\d\d)$/.exec(timezone);
  const minutes = sign ? (sign[1] === '-' ? -1 : 1) * (Number(sign[2]) * 60 + Number(sign[3])) : 0;
  const local = new Date(seconds * 1000 + minutes * 60_000);
  return Number.isNaN(local.getTime()) ? undefined : { text: local.toISOString().replace('Z', sign ? timezone : 'Z'), kind: 'time' };
}

/** How many bytes are shown of what may be millions. */
const shownBytes = 16;

function describeBinary({ data }: Fields): { text: string; kind: string } | undefined {
  if (typeof data !== 'string') {
    return undefined;
  }
  const digits = data.replaceAll(/\s/g, ''); // servers put it in lines
  const length = Math.floor(digits.length * 3 / 4) - (digits.endsWith('==') ? 2 : digits.endsWith('=') ? 1 : 0);
  let bytes: string;
  try {
    bytes = atob(digits.slice(0, Math.ceil(shownBytes / 3) * 4));
  } catch {
    return undefined;
  }
  const hex = Array.from(bytes.slice(0, shownBytes), byte => byte.charCodeAt(0).toString(16).padStart(2, '0')).join(' ');
  return { text: `binary, ${length} bytes${length > 0 ? ': ' : ''}${hex}${length > shownBytes ? ' …' : ''}`, kind: 'binary' };
}

function describePoint({ type, coordinates }: Fields): { text: string; kind: string } | undefined {
  const [longitude, latitude] = Array.isArray(coordinates) ? coordinates : [];
  return type === 'Point' && typeof longitude === 'number' && typeof latitude === 'number'
    ? { text: `point at longitude ${longitude}, latitude ${latitude}`, kind: 'geometry' } : undefined;
}

/** A pseudo-type in a few words, of which a line or a polygon has lost its points; undefined for whatever shows itself. */
export function summarize(value: Datum): string | undefined {
  const described = describe(value);
  if (described || !isFields(value) || value['$reql_type$'] !== 'GEOMETRY' || !Array.isArray(value['coordinates'])) {
    return described?.text;
  }
  const { type, coordinates } = value;
  const outer = type === 'Polygon' ? coordinates[0] : coordinates;
  return `${type === 'LineString' ? 'line' : 'polygon'} of ${Array.isArray(outer) ? outer.length : 0} points`;
}

/** The fields of an object that is shown as such. */
export const fieldsOf = (value: Datum): Fields | undefined => isFields(value) && summarize(value) === undefined ? value : undefined;
