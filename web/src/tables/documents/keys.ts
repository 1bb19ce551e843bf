// Values of indexes as people type them.

import { JsonError, parseJson } from '../../components/json.ts';
import type { Datum } from '../../server/connection.ts';

/** What somebody has typed for a value: JSON where it is JSON, text otherwise. Quotes make a text of what looks like a number. */
export function typedValue(text: string): Datum {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) {
      return text;
    }
    throw error;
  }
}

/** All that can be meant by what somebody has typed as a key: 7 may be a number or a text. */
export function candidates(text: string): readonly Datum[] {
  const value = typedValue(text);
  return typeof value === 'string' ? [...new Set([value, text])] : [value, text].filter(one => one !== null);
}

/** The text that stands for a value: typedValue gives the value back. */
export const typeable = (value: Datum): string => typeof value === 'string' && typedValue(value) === value ? value : JSON.stringify(value);

/** What tells documents apart: their key as text. */
export const keyText = (key: Datum): string => JSON.stringify(key);

/** The primary key of a document. */
export const keyOf = (document: Datum, primaryKey: string): Datum =>
  (document !== null && typeof document === 'object' && !Array.isArray(document) ? document[primaryKey] : undefined) ?? null;
