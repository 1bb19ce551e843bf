import { useEffect, useRef, useState } from 'preact/hooks';

import type { Page, Pager } from './pager.ts';

export interface Pages {
  readonly page?: Page;
  readonly error?: unknown;
  readonly busy: boolean;
  readonly go: (where: 'first' | 'next' | 'previous' | 'again') => void;
}

/** The page of a pager that is on the screen. What is asked about is named by `subject`; another one begins with its first page. */
export function usePages(make: () => Pager, subject: string): Pages {
  const [state, setState] = useState<Omit<Pages, 'go'>>({ busy: true });
  const current = useRef<{ pager: Pager; go: Pages['go'] } | undefined>(undefined);
  useEffect(() => {
    const pager = make();
    let busy = false, ended = false;
    const go: Pages['go'] = where => {
      if (busy || ended) {
        return;
      }
      busy = true;
      setState(last => ({ ...last, busy }));
      const finish = (result: { page: Page } | { error: unknown }) => {
        busy = false;
        if (!ended) {
          setState(last => 'page' in result ? { page: result.page, busy } : { ...last, error: result.error, busy });
        }
      };
      pager[where]().then(page => finish({ page }), (error: unknown) => finish({ error }));
    };
    current.current = { pager, go };
    setState({ busy: true });
    go('first');
    return () => {
      ended = true;
      pager.close();
    };
  }, [subject]);
  return { ...state, go: where => current.current?.go(where) };
}
