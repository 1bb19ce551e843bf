import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';

import { Icon } from '../components/icon.tsx';
import { tables } from '../server/cluster.ts';
import { hrefOf } from '../shell/route.ts';

const stored = 'welcome'; // in the browser's local storage

/** Whether somebody has sent the guide away, in this browser. */
const dismissed = signal(load());
/** It was shown since the page was loaded: then it stays when the first table is there. */
const begun = signal(false);
const steps = signal<ComponentType | undefined>(undefined);

function load(): boolean {
  try {
    return localStorage.getItem(stored) === 'dismissed';
  } catch {
    return false;
  }
}

function dismiss(): void {
  dismissed.value = true;
  try {
    localStorage.setItem(stored, 'dismissed');
  } catch { // the browser keeps nothing for this page; it comes again with the next visit
  }
}

/** The first steps, on the dashboard of a server that has no tables yet. */
export function Welcome() {
  const shown = !dismissed.value && (begun.value || tables.value?.length === 0);
  useEffect(() => {
    if (shown) {
      begun.value = true;
      void import('./guide.tsx').then(({ Steps }) => { steps.value = Steps; });
    }
  }, [shown]);
  const Steps = steps.value;
  return shown && Steps ? <section class="welcome" aria-labelledby="welcome">
    <div class="welcome-head">
      <Icon name="guide" />
      <div>
        <h2 id="welcome">Welcome. The server runs; here is what to do with it.</h2>
        <p>Close this when you have seen enough: it stays under <a href={hrefOf('guide')}>First steps</a>.</p>
      </div>
      <button type="button" onClick={dismiss}>Close</button>
    </div>
    <Steps />
  </section> : null;
}
