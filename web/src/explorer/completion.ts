import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';

import { constants, terms } from '../reql/terms.ts';
import { run } from '../server/query.ts';
import { documentation } from './documentation.ts';

/** How long names of databases and tables are remembered, in milliseconds. */
const namesLast = 10_000;

interface Database { readonly name: string; readonly tables: readonly string[] }

let names: { readonly asked: number; readonly databases: Promise<readonly Database[]> } | undefined;

/** The databases and their tables. Whoever may not see them gets none: this is a help, not a way in. */
function databases(): Promise<readonly Database[]> {
  if (names === undefined || performance.now() - names.asked > namesLast) {
    const asked = run<Database[]>('r.dbList().map(db => ({name: db, tables: r.db(db).tableList()}))');
    names = { asked: performance.now(), databases: asked.catch(() => []) };
  }
  return names.databases;
}

const onR = [...Object.keys(constants).map(name => option(name, 'constant')), option('expr', 'function'), option('binary', 'function'),
  ...Object.entries(terms).filter(([, rule]) => rule.after !== 'term').map(([name]) => option(name, 'function'))];
const onTerms = Object.entries(terms).filter(([name, rule]) => rule.after !== 'r' && name !== 'toJSON').map(([name]) => option(name, 'method'));

function option(name: string, type: string): Completion {
  const doc = documentation.get(name);
  return { label: name, type, ...(doc ? { info: () => describe(doc) } : {}) };
}

function describe(doc: { forms: readonly string[]; text: string; options?: readonly string[] }): Node {
  const box = document.createElement('div');
  for (const form of doc.forms) {
    box.append(element('code', form));
  }
  box.append(element('p', doc.text));
  if (doc.options) {
    box.append(element('p', `Options: ${doc.options.join(', ')}`));
  }
  return box;
}

function element(name: string, text: string): HTMLElement {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

/** What may follow at the cursor: terms after a dot, names in the quotes of db and table. */
export async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const before = context.state.sliceDoc(Math.max(0, context.pos - 2000), context.pos);
  const quoted = /\b(db|table)\(\s*(["'])([^"']*)$/.exec(before);
  if (quoted) {
    const [, term, , typed] = quoted;
    const all = await databases();
    const db = /\bdb\(\s*["']([^"']*)["']\s*\)\s*\.\s*table\(\s*["'][^"']*$/.exec(before)?.[1] ?? 'test';
    const found = term === 'db' ? all.map(d => d.name) : all.find(d => d.name === db)?.tables ?? [];
    return { from: context.pos - (typed ?? '').length, options: found.map(label => ({ label, type: term === 'db' ? 'namespace' : 'class' })), validFor: /^[\w-]*$/ };
  }
  const dotted = /(\br\s*|[)\]\w]\s*)\.\s*(\w*)$/.exec(before);
  if (dotted === null || /["'`][^"'`\n]*$/.test(unquoted(before))) {
    return null;
  }
  const afterR = /^r\s*$/.test(dotted[1]!);
  return { from: context.pos - dotted[2]!.length, options: afterR ? onR : onTerms, validFor: /^\w*$/ };
}

/** The text without strings that are closed, to see whether one is open. */
const unquoted = (text: string): string => text.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, '');
