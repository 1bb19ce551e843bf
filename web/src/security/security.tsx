import { Failure } from '../components/failure.tsx';
import { Waiting } from '../components/waiting.tsx';
import { AuditLog } from './audit.tsx';
import { Findings } from './findings.tsx';
import { JoinTokens } from './jointokens.tsx';
import { useSecurityState } from './load.ts';
import { RefusedLogIns } from './logins.tsx';
import { Ports } from './ports.tsx';
import './security.css';
import { ServerFacts } from './serverfacts.tsx';
import { VerdictBanner } from './verdict.tsx';

/** What is open to whom, what could be closed and how, and who has come in. */
export function Security() {
  const { state, error } = useSecurityState();
  return <>
    <h1>Security</h1>
    {error !== undefined && <Failure error={error} />}
    {state ? <>
      <VerdictBanner state={state} />
      <Ports state={state} />
      <Findings state={state} />
      <div class="columns">
        <div class="stack">
          <RefusedLogIns />
          <JoinTokens />
        </div>
        <ServerFacts state={state} />
      </div>
    </> : error === undefined && <Waiting />}
    <AuditLog />
  </>;
}
