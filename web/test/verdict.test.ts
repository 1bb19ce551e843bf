import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Finding, PortState, SecurityState, Severity } from '../src/security/load.ts';
import { verdictOf } from '../src/security/verdict.ts';

const severities: readonly Severity[] = ['note', 'warning', 'serious', 'critical'];

const port = (name: PortState['port'], change: Partial<PortState> = {}): PortState => ({
  id: `port/${name}`, type: 'port', port: name, open: true, number: 1, addresses: [], tls: false, reach: 'machine', networks: [], needs: 'password', sent: 'locally', ...change,
});

const finding = (kind: string, severity: Severity): Finding => ({
  id: kind, type: 'finding', kind, severity, level: severities.indexOf(severity), port: null, description: '', remedy: '', commands: [], restart: false,
});

function verdict(password: boolean, driver: Partial<PortState>, web: Partial<PortState>, ...findings: Finding[]) {
  const state: SecurityState = {
    server: { id: 'server', type: 'server', protected_mode: 'private', password, audit_log: false, encrypted: false, networks: [], certificates: [] },
    ports: [port('driver', driver), port('http', web), port('cluster', { reach: 'everybody', sent: 'encrypted', needs: driver.needs ?? 'password' })], findings,
  };
  return verdictOf(state);
}

test('a new server is closed to others, and open to all of its machine', () => {
  const { tone, title, text } = verdict(false, { needs: 'nothing' }, { needs: 'nothing' }, finding('no_password', 'warning'));
  assert.deepEqual([tone, title], ['info', 'Only this machine gets in.']);
  assert.match(text, /there is no password yet/);
});

test('a password on this machine alone is as closed as can be', () => {
  assert.equal(verdict(true, {}, {}).tone, 'good');
  assert.equal(verdict(true, {}, {}, finding('no_audit_log', 'note')).tone, 'good');
  assert.equal(verdict(true, {}, {}, finding('weak_password', 'warning')).tone, 'info');
});

test('networks without a password are named by their ports', () => {
  const open: Partial<PortState> = { reach: 'private', needs: 'nothing', sent: 'readable' };
  assert.deepEqual(verdict(false, open, { needs: 'nothing' }, finding('no_password', 'serious')), {
    tone: 'bad', title: 'Your network can read and change everything.', text: 'The driver port serves other machines, and nobody needs a password.',
  });
  assert.deepEqual(verdict(false, { ...open, reach: 'everybody' }, open, finding('no_password', 'critical'), finding('protected_mode_off', 'serious')), {
    tone: 'bad', title: 'Everybody can read and change everything.',
    text: 'The driver port and the web port serve everybody who can reach this machine, and nobody needs a password.',
  });
});

test('a password without TLS can be overheard', () => {
  const { tone, text } = verdict(true, { reach: 'everybody', sent: 'readable' }, { reach: 'listed', sent: 'encrypted' }, finding('no_tls', 'serious'));
  assert.equal(tone, 'warn');
  assert.match(text, /what is sent through the driver port is not encrypted/);
});

test('a password and TLS are closed, unless something grave is found', () => {
  const safe: Partial<PortState> = { reach: 'everybody', sent: 'encrypted' };
  assert.deepEqual(verdict(true, safe, { ...safe, needs: 'certificate' }), {
    tone: 'good', title: 'Closed to strangers.', text: 'Everybody needs a certificate or a password, and all that leaves this machine is encrypted.',
  });
  const { tone, text } = verdict(true, safe, safe, finding('certificate_expired', 'serious'));
  assert.equal(tone, 'bad');
  assert.match(text, /One thing is seriously wrong all the same/);
});
