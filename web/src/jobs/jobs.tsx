import { useState } from 'preact/hooks';

import { Tabs } from '../components/tabs.tsx';
import { goTo } from '../shell/route.ts';
import type { ScreenProps } from '../shell/screens.ts';
import { Running } from './running.tsx';
import { SlowQueries } from './slow.tsx';
import './jobs.css';

const tabs = [{ name: 'running', title: 'Running now' }, { name: 'slow', title: 'Slow queries' }];

/** What the servers are doing, #jobs, and what took them long, #jobs/slow. */
export function Jobs({ path }: ScreenProps) {
  const chosen = tabs.some(tab => tab.name === path[0]) ? path[0]! : 'running';
  const [ofPage, setOfPage] = useState(false);
  return <>
    <h1>Jobs</h1>
    <Tabs label="Jobs" tabs={tabs} chosen={chosen} onChoose={name => goTo('jobs', name)}>
      {chosen === 'slow' ? <SlowQueries /> : <Running ofPage={ofPage} onOfPage={setOfPage} />}
    </Tabs>
  </>;
}
