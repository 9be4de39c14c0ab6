/** The choice of the engine, with engines that the test brings. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EngineOptions } from '../../../lib/io/batch-socket.js';
import {
  type EngineChoice,
  type EngineParts,
  nativeCapabilities,
  openSocket,
} from '../../../lib/io/open-socket.js';
import type { Binding, NativeCapabilities } from '../../../lib/native/binding.js';
import { FakeEngine } from '../api/fake-engine.js';

const OPTIONS: EngineOptions = {
  address: '127.0.0.1',
  port: 0,
  ipv6Only: false,
  reusePort: false,
  gso: true,
  gro: true,
  receiveBufferSize: 65536,
  sendBufferSize: 65536,
  maxPeers: 1024,
};

function request(engine: EngineChoice, gsoForced = false) {
  return { engine, options: OPTIONS, gsoForced };
}

function fakeBinding(gsoDenied: boolean): Binding {
  const capabilities = vi.fn(() => ({ gsoDenied }) as NativeCapabilities);
  return { capabilities } as unknown as Binding;
}

function parts(loaded: { binding?: Binding; reason?: string }) {
  const opened: { engine: string; gso: boolean; reason?: string }[] = [];
  const engines: EngineParts = {
    load: () => loaded,
    openNative: (_binding, { gso }) => {
      opened.push({ engine: 'native', gso });
      return new FakeEngine();
    },
    openDgram: async ({ gso }, reason) => {
      opened.push({ engine: 'dgram', gso, reason });
      return new FakeEngine();
    },
  };
  return { engines, opened };
}

let warnings: unknown[][];

beforeEach(() => {
  warnings = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((...values: unknown[]) => {
    warnings.push(values);
  });
  vi.stubEnv('BURSTWIRE_NATIVE', '');
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe('openSocket', () => {
  it('takes the native engine when it is there', async () => {
    const { engines, opened } = parts({ binding: fakeBinding(false) });
    const { info } = await openSocket(request('auto'), engines);
    expect(opened).toEqual([{ engine: 'native', gso: true }]);
    expect(Object.isFrozen(info)).toBe(true);
    expect(info).not.toHaveProperty('reason');
  });

  it('takes dgram when asked, without a warning', async () => {
    const { engines, opened } = parts({ binding: fakeBinding(false) });
    await openSocket(request('dgram'), engines);
    expect(opened[0]).toMatchObject({ engine: 'dgram', reason: "engine 'dgram' was asked for" });
    expect(warnings).toEqual([]);
  });

  it('rejects rather than falls back when native was asked for', async () => {
    const { engines, opened } = parts({ reason: 'no compiler' });
    await expect(openSocket(request('native'), engines)).rejects.toMatchObject({
      code: 'ERR_ENGINE_UNAVAILABLE',
      message: expect.stringContaining('no compiler'),
    });
    expect(opened).toEqual([]);
  });

  it('switches GSO off on a denied kernel and says so, unless forced', async () => {
    const { engines, opened } = parts({ binding: fakeBinding(true) });
    const { info } = await openSocket(request('auto'), engines);
    expect(opened[0].gso).toBe(false);
    expect(info.reason).toContain('BURSTWIRE_GSO=1');
    await openSocket(request('auto', true), engines);
    expect(opened[1].gso).toBe(true);
  });

  it('says which variables overruled the caller', async () => {
    const { engines, opened } = parts({ binding: fakeBinding(false) });
    const trainsBecause = 'BURSTWIRE_GSO=0';
    const { info } = await openSocket({ ...request('auto'), trainsBecause }, engines);
    expect(info.reason).toBe('BURSTWIRE_GSO=0');
    await openSocket({ ...request('dgram'), engineBecause: 'BURSTWIRE_ENGINE=dgram' }, engines);
    expect(opened[1].reason).toBe('BURSTWIRE_ENGINE=dgram');
  });

  it('does not fall back when the native engine cannot bind', async () => {
    const { engines, opened } = parts({ binding: fakeBinding(false) });
    const refusing: EngineParts = {
      ...engines,
      openNative: () => {
        throw Object.assign(new Error('bind EADDRINUSE'), { code: 'EADDRINUSE' });
      },
    };
    await expect(openSocket(request('auto'), refusing)).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    expect(opened).toEqual([]);
  });

  it('falls back in silence when the addon was switched off', async () => {
    vi.stubEnv('BURSTWIRE_NATIVE', '0');
    const { engines, opened } = parts({ reason: 'BURSTWIRE_NATIVE=0' });
    await openSocket(request('auto'), engines);
    expect(opened[0]).toMatchObject({ engine: 'dgram', reason: 'BURSTWIRE_NATIVE=0' });
    expect(warnings).toEqual([]);
  });

  it.runIf(process.platform === 'linux')(
    'falls back with one warning when the addon is missing',
    async () => {
      const { engines, opened } = parts({ reason: 'file not found' });
      await openSocket(request('auto'), engines);
      await openSocket(request('auto'), engines);
      expect(opened.map(({ engine }) => engine)).toEqual(['dgram', 'dgram']);
      expect(warnings).toHaveLength(1);
      expect(warnings[0][1]).toMatchObject({
        code: 'BURSTWIRE_NO_NATIVE',
        detail: expect.stringContaining('file not found'),
      });
    },
  );
});

describe('nativeCapabilities', () => {
  it('never throws', () => {
    const { engines } = parts({ reason: 'none' });
    expect(nativeCapabilities(engines)).toEqual({ reason: 'none' });
    const binding = {
      capabilities: () => {
        throw new Error('probe failed');
      },
    } as unknown as Binding;
    expect(nativeCapabilities(parts({ binding }).engines).reason).toContain('probe failed');
  });
});
