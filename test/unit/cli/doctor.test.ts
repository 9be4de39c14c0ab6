/** What the doctor says about a system: complete, with a remedy where there is one. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { type DoctorReport, renderDoctor } from '../../../lib/cli/doctor.js';
import { listChecks } from '../../../lib/cli/doctor-checks.js';
import type { SelfTest } from '../../../lib/cli/self-test.js';
import type { Capabilities } from '../../../lib/udp.js';

const ABLE: Capabilities = {
  platform: 'linux',
  arch: 'x64',
  kernel: '6.1.0',
  engine: 'native',
  recvmmsg: true,
  sendmmsg: true,
  gso: true,
  gro: true,
  ecn: true,
  pktinfo: true,
  rxqOvfl: true,
  txtime: true,
  errqueue: true,
  reusePort: true,
  steering: true,
  ipv6: true,
  ioUring: false,
  receiveBufferMax: 4 << 20,
  sendBufferMax: 4 << 20,
  gsoDenied: false,
  reasons: {},
};

const WORKED: SelfTest = {
  ok: true,
  engine: 'native',
  sent: 16,
  received: 16,
  intact: true,
  sendCalls: 1,
  receiveCalls: 1,
  trainsSent: 1,
  segmentsReceived: 16,
  receiveBufferSize: 4 << 20,
  sendBufferSize: 4 << 20,
};

const AROUND = { compiler: 'g++ 12', sysctls: {} };

function checksOf(change: Partial<Capabilities>, around = AROUND, test = WORKED) {
  const checks = listChecks({ ...ABLE, ...change }, around, test);
  return (name: string) => {
    const check = checks.find((item) => item.name === name);
    if (check === undefined) throw new Error(`no check ${name}`);
    return check;
  };
}

afterEach(() => vi.unstubAllEnvs());

describe('listChecks', () => {
  it('is content with a system that can do everything', () => {
    expect(listChecks(ABLE, AROUND, WORKED).map((check) => check.state)).not.toContain('missing');
  });

  it('gives the sysctl lines for buffers that are too small', () => {
    const check = checksOf({ receiveBufferMax: 212_992 })('receive buffer');
    expect(check.state).toBe('missing');
    expect(check.text).toContain('net.core.rmem_max is 212,992 bytes');
    expect(check.remedy?.join('\n')).toContain('sudo sysctl -w net.core.rmem_max=4194304');
  });

  it('reads the limits itself where the addon could not, and says so where nobody can', () => {
    const small = { compiler: null, sysctls: { 'net.core.wmem_max': '1000' } };
    expect(checksOf({ sendBufferMax: 0 }, small as never)('send buffer').state).toBe('missing');
    expect(checksOf({ sendBufferMax: 0 })('send buffer').state).toBe('note');
  });

  it('says how to get the addon', () => {
    vi.stubEnv('BURSTWIRE_ENGINE', '');
    vi.stubEnv('BURSTWIRE_NATIVE', '');
    const reasons = { engine: 'no binary for linux-riscv64' };
    const check = checksOf({ engine: 'dgram', reasons })('engine');
    expect(check.state).toBe('missing');
    expect(check.text).toContain('no binary for linux-riscv64');
    expect(check.remedy?.join('\n')).toContain('npm run build');
  });

  it('knows the variable that keeps the addon out, or names another one', () => {
    vi.stubEnv('BURSTWIRE_ENGINE', '');
    vi.stubEnv('BURSTWIRE_NATIVE', '0');
    const remedy = ['unset BURSTWIRE_NATIVE'];
    const reasons = { engine: 'BURSTWIRE_NATIVE=0' };
    expect(checksOf({ engine: 'dgram', reasons })('engine')).toMatchObject({
      state: 'note',
      remedy,
    });
    vi.stubEnv('BURSTWIRE_NATIVE', '/x.node');
    const broken = { engine: 'no addon could be loaded (/x.node: not there)' };
    expect(checksOf({ engine: 'dgram', reasons: broken })('engine')).toMatchObject({
      state: 'missing',
      remedy,
    });
  });

  it('does not complain about what was asked for', () => {
    vi.stubEnv('BURSTWIRE_ENGINE', 'dgram');
    const check = checksOf({ engine: 'dgram', reasons: {} })('engine');
    expect(check).toMatchObject({ state: 'note', remedy: ['unset BURSTWIRE_ENGINE'] });
  });

  it('names the kernels that corrupt trains', () => {
    const reasons = { gso: 'known to corrupt trains' };
    const check = checksOf({ gso: false, gsoDenied: true, reasons })('GSO (send trains)');
    expect(check.state).toBe('missing');
    expect(check.remedy?.join(' ')).toContain('BURSTWIRE_GSO=1');
  });

  it('tells what the self-test saw, also when it failed', () => {
    const lost = { ...WORKED, ok: false, received: 3 };
    expect(checksOf({}, AROUND, lost)('self-test')).toMatchObject({ state: 'missing' });
    const failed = { ...WORKED, ok: false, error: 'bind EACCES' };
    expect(checksOf({}, AROUND, failed)('self-test').text).toContain('bind EACCES');
    expect(checksOf({})('self-test').text).toContain('1 call to send, 1 to receive');
  });
});

describe('renderDoctor', () => {
  const report = (change: Partial<Capabilities>, usable = true): DoctorReport => ({
    format: 'burstwire-doctor',
    version: 1,
    burstwire: '0.1.0',
    system: 'Linux 6.1.0, linux-x64',
    node: 'Node v20',
    usable,
    engine: 'native',
    checks: listChecks({ ...ABLE, ...change }, AROUND, WORKED),
    selfTest: WORKED,
    crypto: { instructions: [], missingInstructions: [] },
    capabilities: ABLE,
  });

  it('aligns its columns and ends with a verdict', () => {
    const lines = renderDoctor(report({})).trimEnd().split('\n');
    const checks = lines.filter((line) => line.startsWith('ok '));
    const starts = checks.map((line) => /^ok +(.+?) {2,}/.exec(line)?.[0].length);
    expect(new Set(starts).size).toBe(1);
    expect(lines.at(-1)).toBe('burstwire works here with the native engine.');
  });

  it('counts what could be better', () => {
    expect(renderDoctor(report({ receiveBufferMax: 1 }))).toContain('1 of the above');
    expect(renderDoctor(report({}, false))).toContain('burstwire does not work here.');
  });
});
