// What is known of the value before the cursor, by the documentation of the terms that made it.

import { placeAt, type Place } from '../../reql/place.ts';
import { documentation } from './documentation.ts';

/** What the documentation writes before the dot: r, db, table, sequence, string… Undefined when it is not known. */
export type Type = string | undefined;

/** Which receivers take a value of a type, besides those that take any. */
const receivers: Readonly<Record<string, readonly string[]>> = {
  r: ['r'], db: ['db'],
  table: ['table', 'selection', 'sequence'], selection: ['selection', 'sequence'], sequence: ['sequence', 'grouped'],
  array: ['array', 'sequence'], row: ['row', 'object'], object: ['object'],
  string: ['string'], number: ['number'], bool: ['bool'], time: ['time'], binary: ['binary'], geometry: ['geometry', 'line', 'polygon'],
};

/** The types that forms end with, in the words of `receivers`. What is left out may be anything. */
const results: Readonly<Record<string, string>> = {
  database: 'db', 'table slice': 'table', 'infinite sequence': 'sequence', 'grouped sequence': 'sequence', 'selection of an object': 'row', 'row or null': 'row',
  'object or null': 'object', 'array of numbers': 'array',
};

const formPattern = /^(\w+)\.\w+(?:\(.*\))? → (.*)$/;

/** Whether a term may follow a value of a type. */
export function mayFollow(name: string, type: Type): boolean {
  const fitting = type === undefined ? undefined : receivers[type];
  const doc = documentation.get(name);
  return fitting === undefined || doc === undefined || doc.forms.some(form => {
    const receiver = formPattern.exec(form)?.[1];
    return receiver === 'value' ? type !== 'r' && type !== 'db' : receiver !== undefined && fitting.includes(receiver);
  });
}

/** The type of the expression that ends before `end`. */
export function typeBefore(text: string, end: number, { pairs }: Place = placeAt(text, end)): Type {
  const before = text.slice(0, end).trimEnd();
  if (/(?:^|[^\w.$])r$/.test(before)) {
    return 'r';
  }
  const last = before.at(-1);
  if (last === '"' || last === "'") {
    return undefined; // of JavaScript
  }
  const open = pairs.get(before.length - 1);
  const call = last === ')' && open !== undefined ? calledBefore(text, open) : undefined;
  if (call === undefined || call.dot === undefined) {
    return undefined;
  }
  return resultOf(call.name, typeBefore(text, call.dot, placeAt(text, call.dot)));
}

/** The name before an opening bracket, and where its dot is if it has one. */
export function calledBefore(text: string, open: number): { name: string; from: number; dot: number | undefined } | undefined {
  const found = /(\.\s*)?([A-Za-z_$][\w$]*)\s*$/.exec(text.slice(0, open));
  return found ? { name: found[2]!, from: found.index + (found[1]?.length ?? 0), dot: found[1] === undefined ? undefined : found.index } : undefined;
}

function resultOf(name: string, receiver: Type): Type {
  const forms = documentation.get(name)?.forms.map(form => formPattern.exec(form)).filter(form => form !== null) ?? [];
  const fitting = receiver === undefined ? undefined : receivers[receiver];
  const takes = fitting && [...fitting, 'value'].find(type => forms.some(form => form[1] === type)); // the most particular
  const form = forms.find(form => form[1] === takes);
  const given = new Set((form ? [form] : forms).map(([, , gives]) => results[gives!] ?? gives!));
  const [only] = given;
  return given.size === 1 && only !== undefined && Object.hasOwn(receivers, only) ? only : undefined;
}
