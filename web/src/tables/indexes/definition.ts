// What an index is made of: fields, or a function that somebody writes.

import { parse } from '../../reql/parse.ts';
import { placeAt } from '../../reql/place.ts';
import { QueryError, type Term } from '../../reql/term.ts';

export type Kind = 'field' | 'compound' | 'function';

export interface Definition {
  readonly name: string;
  readonly kind: Kind;
  /** One field, or of a compound index several with commas between them. A field within a field is written with a dot. */
  readonly fields: string;
  readonly text: string;
  readonly multi: boolean;
  readonly geo: boolean;
  readonly unique: boolean;
}

/** The function of an index as JavaScript, or undefined when it is the field of the index's own name. */
export function functionText({ name, kind, fields, text }: Definition): string | undefined {
  switch (kind) {
    case 'field':
      return fields.trim() === '' || fields.trim() === name ? undefined : `row => ${pathText(fields)}`;
    case 'compound':
      return `row => [${fields.split(',').map(pathText).join(', ')}]`;
    case 'function':
      return text;
  }
}

const pathText = (path: string): string => 'row' + path.trim().split('.').map(field => `(${JSON.stringify(field)})`).join('');

/** How the JavaScript driver makes the index. */
export function commandText(table: string, definition: Definition): string {
  const { name, multi, geo, unique } = definition;
  const made = functionText(definition);
  const options = Object.entries({ multi, geo, unique }).filter(([, on]) => on).map(([option]) => `${option}: true`).join(', ');
  return `r.table(${JSON.stringify(table)}).indexCreate(${[JSON.stringify(name), ...(made === undefined ? [] : [made]), ...(options === '' ? [] : [`{${options}}`])].join(', ')})`;
}

/** What is wrong with a definition that is not ready, or ''. */
export function definitionProblem({ name, kind, fields, text, geo, unique, multi }: Definition, taken: readonly string[], primaryKey: string): string {
  if (name === '') {
    return 'An index needs a name.';
  }
  if (taken.includes(name)) {
    return 'There is an index of this name already.';
  }
  if (name === primaryKey) {
    return 'That is the name of the primary key.';
  }
  if (geo && unique) {
    return 'A geospatial index cannot be unique.';
  }
  if (kind === 'compound' && fields.split(',').some(field => field.trim() === '')) {
    return 'Write the fields with commas between them.';
  }
  if (kind === 'compound' && multi) {
    return 'An index of several fields has one value for each document: for a multi index of them write a function.';
  }
  return kind === 'function' ? functionProblem(text) : '';
}

const before = 'r.expr(', after = '\n)'; // around a function, which alone is no query

/** A function that is written as JavaScript. It is read, never run. */
export function parseFunction(text: string): Term {
  const { open: [open], unmatched } = placeAt(text, text.length);
  const bracket = unmatched ?? open?.at;
  if (bracket !== undefined) {
    throw new QueryError(`The ${text[bracket]!} has no other half.`, { from: bracket, to: bracket + 1 });
  }
  try {
    const [term, second] = parse(before + text + after);
    if (second === undefined) {
      return term!;
    }
  } catch (error) {
    throw error instanceof QueryError ? new QueryError(error.message, { from: error.span.from - before.length, to: error.span.to - before.length }) : error;
  }
  throw new QueryError('One function is enough.', { from: 0, to: text.length });
}

/** What is wrong with the text of a function, and in which line, or ''. */
export function functionProblem(text: string): string {
  if (text.trim() === '') {
    return 'Write a function.';
  }
  try {
    parseFunction(text);
    return '';
  } catch (error) {
    if (!(error instanceof QueryError)) {
      throw error;
    }
    const line = text.slice(0, Math.max(0, error.span.from)).split('\n').length;
    return line > 1 ? `Line ${line}: ${error.message}` : error.message;
  }
}
