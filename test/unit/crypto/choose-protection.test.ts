/**
 * The choice of the engine: order, reasons, the variable, and that a wrong engine is found out before it runs.
 */

import { describe, expect, it, vi } from 'vitest';
import { STATUS, STATUS_FORGED } from '../../../lib/batch/layout.js';
import type { PacketBatch } from '../../../lib/batch/packet-batch.js';
import type { Protection } from '../../../lib/core/ports.js';
import { openProtection, type ProtectionOpeners } from '../../../lib/crypto/choose-protection.js';
import { openNobleProtection } from '../../../lib/crypto/noble-protection.js';
import { openNodeProtection } from '../../../lib/crypto/node-protection.js';
import { selfTest } from '../../../lib/crypto/self-test.js';
import { providers } from './providers.js';

const node = openNodeProtection();
const noble = openNobleProtection();
/** Where the addon is absent. */
const withoutNative: ProtectionOpeners = {
  native: () => 'no addon here',
  node: () => node,
  noble: () => noble,
};

/** A provider with one method replaced. */
function broken(part: Partial<Protection>): Protection {
  return {
    name: 'node',
    kernel: 'broken',
    counts: node.counts,
    installKey: (key) => node.installKey(key),
    updateKey: (...args) => node.updateKey(...args),
    retirePrevious: (id) => node.retirePrevious(id),
    retireKey: (id) => node.retireKey(id),
    seal: (...args) => node.seal(...args),
    open: (...args) => node.open(...args),
    ...part,
  };
}

describe('openProtection', () => {
  it('takes the first that runs, and says why not an earlier one', () => {
    expect(openProtection({}, {}, withoutNative)).toEqual({
      protection: node,
      reason: 'native: no addon here',
    });
    const last = openProtection(
      { engine: 'auto' },
      {},
      {
        ...withoutNative,
        node: () => {
          throw new Error('no ciphers');
        },
      },
    );
    expect(last.protection).toBe(noble);
    expect(last.reason).toBe('native: no addon here; node: no ciphers');
    const first = openProtection({}, {}, { ...withoutNative, native: () => node });
    expect(first).toEqual({ protection: node });
  });

  it('runs the engine that is named, by option or by BURSTWIRE_CRYPTO', () => {
    expect(openProtection({ engine: 'noble' }, {}).protection.name).toBe('noble');
    expect(openProtection({ engine: 'node' }, {}).protection.name).toBe('node');
    const variable = { BURSTWIRE_CRYPTO: 'noble' };
    expect(openProtection({ engine: 'node' }, variable).protection.name).toBe('noble');
    expect(openProtection({ engine: 'node' }, { BURSTWIRE_CRYPTO: '' }).protection.name).toBe(
      'node',
    );
    vi.stubEnv('BURSTWIRE_CRYPTO', 'noble');
    expect(openProtection().protection.name).toBe('noble');
    vi.unstubAllEnvs();
  });

  it('never replaces an engine that was named', () => {
    expect(() => openProtection({ engine: 'native' }, {}, withoutNative)).toThrow(
      expect.objectContaining({
        code: 'ERR_ENGINE_UNAVAILABLE',
        message: expect.stringContaining('no addon here'),
      }),
    );
  });

  it('refuses names that are none, and says which', () => {
    for (const engine of ['openssl', '', 'AUTO', 'constructor', 3, null, {}]) {
      expect(() => openProtection({ engine: engine as 'auto' }, {})).toThrow(
        expect.objectContaining({
          name: 'OptionError',
          code: 'ERR_OPTION_RANGE',
          option: 'cryptoEngine',
          value: engine,
        }),
      );
    }
    expect(() => openProtection({}, { BURSTWIRE_CRYPTO: 'Node' })).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_RANGE',
        option: 'BURSTWIRE_CRYPTO',
        message: expect.stringContaining("'Node'"),
      }),
    );
  });

  it('goes on when an engine fails its self-test', () => {
    const openers = { ...withoutNative, native: () => broken({ seal: () => 0 }) };
    const { protection, reason } = openProtection({}, {}, openers);
    expect(protection).toBe(node);
    expect(reason).toContain('broken does not seal');
  });
});

describe('selfTest', () => {
  it.each(providers)('passes on $name, and leaves no key behind', ({ open }) => {
    const protection = open({ maxSlots: 2 });
    expect(selfTest(protection)).toBeUndefined();
    expect(selfTest(protection)).toBeUndefined();
  });

  it('finds an engine out that computes something else', () => {
    const flip = (done: number, batch: PacketBatch, at: number) => {
      batch.bytes[at] ^= 1;
      return done;
    };
    const refuse = (batch: PacketBatch) => {
      batch.rows[STATUS] = STATUS_FORGED;
      return 0;
    };
    const wrong: readonly (readonly [string, Partial<Protection>])[] = [
      ['seals wrongly', { seal: (batch, ...rows) => flip(node.seal(batch, ...rows), batch, 20) }],
      ['does not open', { open: refuse }],
      ['opens a forged packet', { open: () => 1 }],
      ['opens wrongly', { open: (batch, ...rows) => flip(node.open(batch, ...rows), batch, 15) }],
    ];
    for (const [problem, part] of wrong) expect(selfTest(broken(part))).toContain(problem);
  });
});
