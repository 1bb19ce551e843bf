// The state of the server in a sentence that everybody understands.

import type { Finding, PortName, PortState, SecurityState } from './load.ts';

export type Tone = 'good' | 'info' | 'warn' | 'bad';

export interface Verdict {
  readonly tone: Tone;
  readonly title: string;
  readonly text: string;
}

export const portTitles: Readonly<Record<PortName, string>> = { driver: 'Driver port', http: 'Web port', cluster: 'Intracluster port' };

/** Those that others than programs of this machine get at. */
const isReachable = ({ reach }: PortState): boolean => reach !== null && reach !== 'machine';

export function verdictOf({ server, ports, findings }: SecurityState): Verdict {
  const exposure = exposureOf(ports.filter(port => port.port !== 'cluster'), server.password);
  const grave = findings.filter(finding => finding.level >= 2 && !exposure.said.includes(finding.kind)).length;
  const warned = findings.some(finding => finding.severity === 'warning' && !exposure.said.includes(finding.kind));
  if (grave > 0 && exposure.tone !== 'bad') {
    return { tone: 'bad', title: exposure.title, text: `${exposure.text} ${grave === 1 ? 'One thing is' : `${grave} things are`} seriously wrong all the same: see below.` };
  }
  return { tone: exposure.tone === 'good' && warned ? 'info' : exposure.tone, title: exposure.title, text: exposure.text };
}

interface Exposure extends Verdict {
  /** The kinds of findings that the sentence has in it. */
  readonly said: readonly Finding['kind'][];
}

function exposureOf(ports: readonly PortState[], password: boolean): Exposure {
  const reachable = ports.filter(isReachable);
  const unguarded = reachable.filter(port => port.needs === 'nothing');
  if (unguarded.length > 0) {
    const everybody = unguarded.some(port => port.reach === 'everybody');
    return {
      tone: 'bad', said: ['no_password', 'protected_mode_off', 'no_tls'],
      title: everybody ? 'Everybody can read and change everything.' : 'Your network can read and change everything.',
      text: `${portsOf(unguarded)} ${unguarded.length === 1 ? 'serves' : 'serve'} ${everybody ? 'everybody who can reach this machine' : 'other machines'}, and nobody needs a password.`,
    };
  }
  if (reachable.length === 0) {
    return password
      ? { tone: 'good', said: [], title: 'Only this machine gets in, with a password.', text: 'No other machine can connect. Programs and people on this one have to log in.' }
      : { tone: 'info', said: ['no_password'], title: 'Only this machine gets in.', text: 'No other machine can connect. On this one everybody may do everything: there is no password yet. Set one before you open the server to others.' };
  }
  const readable = reachable.filter(port => port.sent === 'readable');
  const needs = reachable.every(port => port.needs === 'password') ? 'Everybody has to log in' : 'Everybody needs a certificate or a password';
  if (readable.length > 0) {
    return {
      tone: 'warn', said: ['no_tls'],
      title: 'Strangers need a password, but can listen.',
      text: `${needs}. But what is sent through ${lower(portsOf(readable))} is not encrypted: whoever is on the way can read and change it.`,
    };
  }
  return { tone: 'good', said: [], title: 'Closed to strangers.', text: `${needs}, and all that leaves this machine is encrypted.` };
}

/** "The driver port", "The driver port and the web port". */
function portsOf(ports: readonly PortState[]): string {
  return ports.map(({ port }, i) => `${i === 0 ? 'The' : 'the'} ${portTitles[port].toLowerCase()}`).join(' and ');
}

const lower = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1);
