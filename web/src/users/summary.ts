// What an account may do, in a few words for a list.

import { adminName, placeName, rights, type Right, type Said } from './rights.ts';

export interface Grant {
  readonly place: string;
  readonly text: string;
  readonly granted: boolean;
}

/** What was said to an account itself: first what was granted, the widest places first, then what is withheld. */
export function summarize(name: string, said: readonly Said[]): readonly Grant[] {
  if (name === adminName) {
    return [{ place: 'everywhere', text: 'everything', granted: true }];
  }
  const rows = said.filter(row => row.user === name).sort((a, b) => a.id.length - b.id.length || placeName(a).localeCompare(placeName(b)));
  return [true, false].flatMap(granted => rows.flatMap(row => {
    const some = rights.filter(right => row.permissions[right] === granted);
    return some.length === 0 ? [] : [{ place: placeName(row), text: list(some, granted ? 'and' : 'or'), granted }];
  }));
}

const list = (words: readonly Right[], and: string): string => words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${and} ${words.at(-1)!}`;
