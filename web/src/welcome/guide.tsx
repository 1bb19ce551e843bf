import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

import { Failure } from '../components/failure.tsx';
import { Icon } from '../components/icon.tsx';
import { usePoll } from '../components/poll.ts';
import { notify } from '../components/toast.tsx';
import { openInExplorer } from '../explorer/handover.ts';
import { useServerAccess, type ServerAccess } from '../server/access.ts';
import { hrefOf } from '../shell/route.ts';
import { SetPassword } from '../users/password.tsx';
import { adminName } from '../users/rights.ts';
import { ConnectionCode } from './connect.tsx';
import { addTrip, createSample, hasSample, sampleDatabase, sampleQueries, sampleSize, sampleTable } from './sample.ts';
import './welcome.css';

/** The screen with the first steps: #guide. */
export function Guide() {
  return <>
    <h1>First steps</h1>
    <p class="quiet">Five minutes with a table, its queries and a program of yours.</p>
    <Steps />
  </>;
}

const pollTime = 5000; // milliseconds

/** What somebody does first with a server. */
export function Steps() {
  const { value: there, refresh } = usePoll(hasSample, pollTime);
  const { value: access, refresh: refreshAccess } = useServerAccess();
  return <ol class="steps">
    <Step title="Make a table to try things with" done={there === true}><MakeSample there={there} onMade={refresh} /></Step>
    <Step title="Ask it something"><Queries there={there === true} /></Step>
    <Step title="Connect a program"><ConnectionCode access={access} /></Step>
    <Step title="Set a password" done={access?.password === true}><Password access={access} onSet={refreshAccess} /></Step>
  </ol>;
}

function Step({ title, done = false, children }: { title: string; done?: boolean; children: ComponentChildren }) {
  return <li class={`panel step ${done ? 'done' : ''}`}>
    <h2>{title}{done && <span class="step-done"><Icon name="good" />Done</span>}</h2>
    {children}
  </li>;
}

function MakeSample({ there, onMade }: { there: boolean | undefined; onMade: () => void }) {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  const name = `${sampleDatabase}.${sampleTable}`;
  const make = async () => {
    setBusy(true);
    setFailed(undefined);
    try {
      await createSample();
      notify(`The table ${name} has ${sampleSize} documents.`);
      onMade();
    } catch (error) {
      setFailed(error);
    }
    setBusy(false);
  };
  return <>
    <p>{sampleSize} trips with rented bicycles, each a document with numbers, text, a time, a place on the earth, a nested object and an array; and a secondary index by city.</p>
    {failed !== undefined && <Failure error={failed} />}
    {there
      ? <p>It is in <a href={hrefOf('tables')}>{name}</a>. When you are done with it, delete it there.</p>
      : <p><button type="button" class="primary" disabled={busy || there === undefined} onClick={() => void make()}><Icon name="add" />{busy ? 'Making it…' : `Make the table ${name}`}</button></p>}
  </>;
}

function Queries({ there }: { there: boolean }) {
  const add = async () => {
    try {
      await addTrip();
      notify('A trip was added. Whoever follows the newest ones sees it.');
    } catch (error) {
      notify(error instanceof Error ? error.message : String(error), 'bad');
    }
  };
  return <>
    <p>Each opens in the Data Explorer, where you read it, change it and run it.</p>
    <ul class="first-queries">{sampleQueries.map(({ title, text }) => <li key={title}>
      <h3>{title}</h3>
      <pre class="code" tabIndex={0} role="region" aria-label={`Query: ${title}`}><code>{text}</code></pre>
      <button type="button" disabled={!there} onClick={() => openInExplorer(text)}><Icon name="explorer" />Open<span class="hidden"> in the Data Explorer: {title}</span></button>
    </li>)}</ul>
    {there
      ? <p class="hint">While the last one runs in another window, <button type="button" class="link" onClick={() => void add()}>add a trip</button> here, and see it come in there.</p>
      : <p class="hint">They need the table of the first step.</p>}
  </>;
}

function Password({ access, onSet }: { access: ServerAccess | undefined; onSet: () => void }) {
  const [asked, setAsked] = useState(false);
  const rest = <>What is open to whom is under <a href={hrefOf('security')}>Security</a>.</>;
  if (access === undefined) {
    return <p>Your user may not know whether there is one. {rest}</p>;
  }
  if (access.password) {
    return <p>admin has a password: nobody gets in without one. {rest}</p>;
  }
  return <>
    <p>{access.reach === 'machine' ? 'Only programs on this machine get in now, and they need no password.' : 'Other machines get in now, without a password.'} Set one before you open the server to others. {rest}</p>
    <p><button type="button" class="primary" onClick={() => setAsked(true)}><Icon name="key" />Set a password</button></p>
    {asked && <SetPassword name={adminName} onDone={onSet} onClose={() => setAsked(false)} />}
  </>;
}
