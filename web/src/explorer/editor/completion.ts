import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';

import { placeAt, type Open, type Place } from '../../reql/place.ts';
import { constants, terms } from '../../reql/terms.ts';
import { camelCase, documentation, documentationNode } from './documentation.ts';
import { calledBefore, mayFollow, typeBefore } from './inference.ts';
import { databaseNames, fieldNames, indexNames, tableNames } from './names.ts';

const onR = [...Object.keys(constants).map(name => [name, 'constant'] as const), ['expr', 'function'] as const, ['binary', 'function'] as const,
  ...Object.entries(terms).filter(([, rule]) => rule.after !== 'term').map(([name]) => [name, 'function'] as const)];
const onTerms = Object.entries(terms).filter(([name, rule]) => rule.after !== 'r' && name !== 'toJSON' && name !== 'bracket').map(([name]) => [name, 'method'] as const);

/** Options of which a string is the name of an index. */
const indexOptions = new Set(['index']);
/** Terms of which a string is the name of a field. */
const fieldTerms = new Set(['row', 'getField', 'hasFields', 'pluck', 'without', 'withFields', 'orderBy', 'asc', 'desc', 'group', 'sum', 'avg', 'min', 'max', 'count', 'eqJoin', 'distinct']);
const indexTerms = new Set(['indexDrop', 'indexRename', 'indexStatus', 'indexWait']);

/** What may follow at the cursor: terms after a dot; names in quotes, of whatever is meant there; options in braces. */
export async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const text = context.state.doc.toString();
  const place = placeAt(text, context.pos);
  if (place.comment) {
    return null;
  }
  if (place.string) {
    return inString(text, place, place.string);
  }
  return afterDot(text, context.pos) ?? inBraces(text, context.pos, place, context.explicit);
}

function afterDot(text: string, pos: number): CompletionResult | null {
  const dotted = /(\br\s*|[)\]\w$]\s*)\.\s*(\w*)$/.exec(text.slice(0, pos));
  if (dotted === null || /^\d/.test(dotted[2]!)) {
    return null;
  }
  const from = pos - dotted[2]!.length;
  const type = typeBefore(text, dotted.index + dotted[1]!.length);
  const all = type === 'r' ? onR : onTerms;
  const fitting = all.filter(([name]) => mayFollow(name, type));
  const rest = type === 'r' || type === 'db' ? [] : all.filter(([name]) => !mayFollow(name, type));
  return { from, options: [...fitting.map(([name, kind]) => term(name, kind)), ...rest.map(([name, kind]) => ({ ...term(name, kind), boost: -50 }))], validFor: /^\w*$/ };
}

function term(name: string, type: string): Completion {
  const doc = documentation.get(name);
  return { label: name, type, ...(doc ? { info: () => documentationNode(doc) } : {}) };
}

const plain = (labels: readonly string[], type: string): Completion[] => labels.map(label => ({ label, type }));

/** In a string its place decides what it names. */
async function inString(text: string, { open }: Place, string: Open): Promise<CompletionResult | null> {
  const around = open.at(-2);
  const from = string.at + 1;
  const result = (options: Completion[]): CompletionResult => ({ from, options, validFor: /^[^"'`]*$/ });
  if (around?.mark === '{') {
    const key = /(\w+)["']?\s*:\s*$/.exec(text.slice(around.at, string.at))?.[1];
    if (key !== undefined && indexOptions.has(key)) {
      return result(plain(await indexesAt(text, string.at), 'index'));
    }
    return key === undefined ? result(plain(fieldNames(), 'property')) : null;
  }
  const call = around?.mark === '(' ? calledBefore(text, around.at) : undefined;
  switch (call?.name) {
    case 'db':
    case 'dbDrop':
      return result(plain(await databaseNames(), 'namespace'));
    case 'table':
    case 'tableDrop':
      return result(plain(await tableNames(databaseAt(text, call.dot ?? call.from)), 'class'));
  }
  if (call?.dot !== undefined && indexTerms.has(call.name)) {
    return result(plain(await indexesAt(text, string.at), 'index'));
  }
  const bracket = around?.mark === '(' && (call === undefined || call.dot === undefined); // row("field"), x => x("field")
  return bracket || (call && fieldTerms.has(call.name)) ? result(plain(fieldNames(), 'property')) : null;
}

/** The options of the call, and fields that were seen, where a name may stand in braces. */
function inBraces(text: string, pos: number, { open }: Place, explicit: boolean): CompletionResult | null {
  const [call, brace] = open.slice(-2);
  const typed = /[{,]\s*(\w*)$/.exec(text.slice(0, pos));
  if (brace?.mark !== '{' || typed === null || (typed[1] === '' && !explicit)) {
    return null;
  }
  const name = call?.mark === '(' ? calledBefore(text, call.at)?.name : undefined;
  const options = (name === undefined ? undefined : documentation.get(name)?.options) ?? [];
  return {
    from: pos - typed[1]!.length, validFor: /^\w*$/,
    options: [...options.map(option => ({ label: camelCase(option), type: 'keyword', detail: 'option', apply: `${camelCase(option)}: ` })), ...fieldNames().filter(field => /^[\w$]+$/.test(field)).map(label => ({ label, type: 'property', apply: `${label}: ` }))],
  };
}

/** The database of the table that is named after a dot. */
function databaseAt(text: string, dot: number): string {
  return /\bdb\(\s*["']([^"']*)["']\s*\)\s*$/.exec(text.slice(0, dot))?.[1] ?? 'test';
}

/** The indexes of the last table that is named before a place. */
async function indexesAt(text: string, at: number): Promise<readonly string[]> {
  const before = text.slice(0, at);
  const named = [...before.matchAll(/\btable\(\s*["']([^"']*)["']/g)].at(-1);
  return named ? indexNames(databaseAt(text, before.slice(0, named.index).trimEnd().length - 1), named[1]!) : [];
}
