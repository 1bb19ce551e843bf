import { CopyButton } from '../../components/code.tsx';
import { formatNumber } from '../../components/format.ts';
import type { Session } from '../session.ts';
import { countAccesses, stepsOf, type Step } from './steps.ts';
import { formatTime } from './summary.tsx';

/** Where the time of a query has gone. */
export function ProfileView({ session }: { session: Session }) {
  const profile = session.profile.value;
  const took = session.took.value;
  if (profile === null || took === undefined) {
    return <p class="note">There is no profile of this query. Switch on “Profile queries” in the options and run it again.</p>;
  }
  const { steps, left } = stepsOf(profile);
  return <div class="profile">
    <div class="panel-head">
      <dl class="profile-facts">
        <Fact name="Round-trip time" value={formatTime(took.roundTrip)} />
        <Fact name="Server time" value={formatTime(took.server)} />
        <Fact name="Shard accesses" value={formatNumber(countAccesses(steps))} />
      </dl>
      <CopyButton text={JSON.stringify(profile, null, 2)} label="Copy to clipboard" />
    </div>
    <Steps steps={steps} longest={Math.max(took.server, ...steps.map(step => step.milliseconds))} />
    {left > 0 && <p class="note">{formatNumber(left)} more steps are in the copy.</p>}
  </div>;
}

function Fact({ name, value }: { name: string; value: string }) {
  return <div><dt>{name}</dt><dd>{value}</dd></div>;
}

function Steps({ steps, longest }: { steps: readonly Step[]; longest: number }) {
  return <ul class="profile-steps">{steps.map((step, i) => <li key={i}>
    <div class="profile-step">
      <span class="what">{step.description}{step.samples > 1 && <span class="quiet"> {formatNumber(step.samples)} times</span>}</span>
      <span class="share" aria-hidden="true"><span style={{ width: `${longest > 0 ? Math.min(step.milliseconds / longest, 1) * 100 : 0}%` }} /></span>
      <span class="time">{formatStep(step.milliseconds)}</span>
    </div>
    {step.inner.length > 0 && <Steps steps={step.inner} longest={longest} />}
  </li>)}</ul>;
}

/** Steps take microseconds. */
const formatStep = (ms: number): string => ms < 10 ? `${ms.toFixed(3)}ms` : formatTime(ms);
