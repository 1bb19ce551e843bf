// The sheets of the explorer: several texts, each with the result of its last query. They stay while other screens are open; their
// texts stay when the page is closed.

import { computed, signal, type Signal } from '@preact/signals';

import { Session } from './session.ts';
import { load, save } from './store.ts';

export interface Sheet {
  readonly id: string;
  readonly text: Signal<string>;
  readonly session: Session;
}

const maxSheets = 20;
/** A longer text is not kept: the browser's storage is small. */
const maxLength = 200_000;
const titleCharacters = 22;

export const sheets = signal<readonly Sheet[]>(restore());
const currentID = signal(load<string>('sheet', ''));

export const current = computed(() => sheets.value.find(({ id }) => id === currentID.value) ?? sheets.value[0]!);

/** What a sheet is called: the beginning of its text. */
export function titleOf({ text }: Sheet): string {
  const line = text.value.trim().replace(/\s+/g, ' ');
  return line === '' ? 'New query' : line.length > titleCharacters ? `${line.slice(0, titleCharacters)}…` : line;
}

export function choose(sheet: Sheet): void {
  currentID.value = sheet.id;
  save('sheet', sheet.id);
}

/** Opens another sheet; with too many, the text goes into the present one. */
export function open(text = ''): void {
  if (sheets.value.length >= maxSheets) {
    write(current.value, text);
    return;
  }
  const sheet = make(crypto.getRandomValues(new Uint32Array(2)).join('-'), text);
  sheets.value = [...sheets.value, sheet];
  choose(sheet);
  keep();
}

/** Shows a query that another screen has handed over, where it replaces nothing. */
export function bring(text: string | undefined): void {
  if (text !== undefined && text !== current.value.text.value) {
    if (current.value.text.value.trim() === '') {
      write(current.value, text);
    } else {
      open(text);
    }
  }
}

/** Closes a sheet and ends its query. There is always one left. */
export function close(sheet: Sheet): void {
  void sheet.session.close().catch(() => {}); // of a server that is gone, nothing is left to close
  const at = sheets.value.indexOf(sheet);
  const rest = sheets.value.filter(other => other !== sheet);
  const wasCurrent = current.value === sheet;
  sheets.value = rest.length > 0 ? rest : [make('1', '')];
  if (wasCurrent) {
    choose(sheets.value[Math.min(at, sheets.value.length - 1)]!);
  }
  keep();
}

export function write(sheet: Sheet, text: string): void {
  sheet.text.value = text;
  clearTimeout(keeping);
  keeping = window.setTimeout(keep, 300); // while somebody types, not for each letter
}

let keeping = 0;

function keep(): void {
  clearTimeout(keeping);
  save('sheets', sheets.value.filter(({ text }) => text.value.length <= maxLength).map(({ id, text }) => ({ id, text: text.value })));
}

addEventListener('pagehide', () => {
  keep();
  sheets.value.forEach(({ session }) => void session.close().catch(() => {})); // nobody is left to be told
});

function restore(): readonly Sheet[] {
  const stored = load<unknown>('sheets', []);
  const valid = (Array.isArray(stored) ? stored : []).filter((sheet): sheet is { id: string; text: string } =>
    typeof sheet === 'object' && sheet !== null && typeof sheet.id === 'string' && typeof sheet.text === 'string');
  return valid.length > 0 ? valid.slice(0, maxSheets).map(({ id, text }) => make(id, text)) : [make('1', '')];
}

function make(id: string, text: string): Sheet {
  return { id, text: signal(text), session: new Session() };
}
