/** What the doctor says about packet protection, from what was found. */

import { describe, expect, it } from 'vitest';
import { type CryptoReport, cryptoChecks, examineCrypto } from '../../../lib/cli/doctor-crypto.js';

const NATIVE: CryptoReport = {
  engine: 'native',
  kernel: 'openssl evp',
  instructions: ['AES-NI', 'PCLMULQDQ'],
  missingInstructions: ['VAES'],
  sealedPerSecond: 1_000_000,
};

describe('cryptoChecks', () => {
  it('names engine, kernel and the rate that was measured', () => {
    const [engine, instructions] = cryptoChecks(NATIVE);
    expect(engine.state).toBe('ok');
    expect(engine.text).toBe(
      'native (openssl evp): seals 1,000 k packets of 1400 bytes a second (11.2 Gbit/s)',
    );
    expect(instructions).toMatchObject({ state: 'ok', text: 'AES-NI, PCLMULQDQ; not VAES' });
  });

  it('says why a slower engine runs', () => {
    const [engine] = cryptoChecks({ ...NATIVE, engine: 'node', reason: 'native: no addon' });
    expect(engine).toMatchObject({ state: 'note' });
    expect(engine.text).toContain('native: no addon');
  });

  it('does not repeat why there is no addon', () => {
    const reason = 'native: no addon for x could be loaded (a: not there)';
    const told = 'no addon for x could be loaded (a: not there)';
    const [engine] = cryptoChecks({ ...NATIVE, engine: 'node', reason }, told);
    expect(engine.text).toMatch(/Why not faster: native: see 'engine'$/);
  });

  it('says when none runs', () => {
    const report = { reason: 'native: broken', instructions: [], missingInstructions: [] };
    const [engine, instructions] = cryptoChecks(report);
    expect(engine).toMatchObject({ state: 'missing', text: 'none runs: native: broken' });
    expect(instructions).toMatchObject({ state: 'note' });
  });

  it('advises ChaCha20 where no instruction for AES is there', () => {
    const [, check] = cryptoChecks({
      ...NATIVE,
      instructions: [],
      missingInstructions: ['AES-NI'],
    });
    expect(check.text).toContain('chacha20-poly1305');
  });
});

describe('examineCrypto', () => {
  it('opens an engine and counts what it sealed', () => {
    const report = examineCrypto();
    expect(['native', 'node', 'noble']).toContain(report.engine);
    expect(report.sealedPerSecond).toBeGreaterThan(0);
  });
});
