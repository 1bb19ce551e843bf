import { signal } from '@preact/signals';

import { load, save } from './store.ts';

export interface Options {
  /** Completion and signatures appear while the query is written; Ctrl+Space asks for them in any case. */
  readonly suggestions: boolean;
  /** A bracket or a quote comes with the one that closes it. */
  readonly pairs: boolean;
  readonly profile: boolean;
  readonly rowsPerPage: number;
}

export const pageSizes: readonly number[] = [20, 40, 100, 1000, 10_000];

const usual: Options = { suggestions: true, pairs: false, profile: false, rowsPerPage: 40 };

export const options = signal<Options>(read(load<Partial<Options>>('options', {})));

/** What is stored may be of another version of the page. */
function read(stored: Partial<Options>): Options {
  const yes = (name: 'suggestions' | 'pairs' | 'profile') => typeof stored[name] === 'boolean' ? stored[name] : usual[name];
  const rowsPerPage = pageSizes.includes(stored.rowsPerPage ?? 0) ? stored.rowsPerPage! : usual.rowsPerPage;
  return { suggestions: yes('suggestions'), pairs: yes('pairs'), profile: yes('profile'), rowsPerPage };
}

export function setOption<Name extends keyof Options>(name: Name, value: Options[Name]): void {
  options.value = { ...options.value, [name]: value };
  save('options', options.value);
}
