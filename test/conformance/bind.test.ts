/**
 * Opening: what the system refuses, what it gives, and several sockets side by side.
 */

import { describe, expect, it } from 'vitest';
import { bind, capabilities } from '../../lib/udp.js';
import { Collector } from './support/collector.js';
import { openPair } from './support/exchange.js';
import { firstDifference, payloads } from './support/payloads.js';
import { open } from './support/sockets.js';
import { engines, nativeVariants, variants } from './support/variants.js';
import { turns, until } from './support/waiting.js';

describe.each(variants)('engine: $name', (variant) => {
  it('is the one that was asked for', async () => {
    const { engine } = await open(variant);
    expect(engine).toMatchObject({
      name: variant.native ? 'native' : 'dgram',
      gso: variant.gso,
      gro: variant.gro,
      ecn: variant.native,
    });
    expect(Object.isFrozen(engine)).toBe(true);
    if (!variant.native) expect(engine.reason).toMatch(/dgram/);
  });
});

describe.each(engines)('bind: $name', (variant) => {
  it('rejects a port in use as Node does', async () => {
    const { address } = await open(variant);
    await expect(open(variant, { port: address.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      syscall: 'bind',
      address: '127.0.0.1',
      port: address.port,
      message: expect.stringContaining(`127.0.0.1:${address.port}`),
    });
  });

  it('rejects an address that this machine does not have', async () => {
    await expect(open(variant, { address: '203.0.113.77' })).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
      address: '203.0.113.77',
    });
  });

  it('rejects a host name that does not exist', async () => {
    await expect(open(variant, { address: 'no-such-host.invalid' })).rejects.toMatchObject({
      code: expect.stringMatching(/^E/),
      syscall: 'getaddrinfo',
    });
  });

  it('takes a given port, and again after it was closed', async () => {
    const first = await open(variant);
    const { port } = first.address;
    await first.close();
    const second = await open(variant, { port });
    expect(second.address.port).toBe(port);
  });

  it('reads the buffer sizes back', async () => {
    const sizes = { receiveBufferSize: 65_536, sendBufferSize: 131_072 };
    const socket = await open(variant, sizes);
    expect(socket.stats()).toMatchObject(sizes);
    const least = (await open(variant, { receiveBufferSize: 4096, sendBufferSize: 4096 })).stats();
    expect(least.receiveBufferSize).toBeGreaterThan(0);
    expect(least.sendBufferSize).toBeGreaterThan(0);
  });

  it('keeps several sockets of one process apart', async () => {
    const pairs = [];
    for (let index = 0; index < 8; index++) pairs.push(await openPair(variant));
    for (const [index, { sender, to }] of pairs.entries()) {
      expect(sender.sendBatch(payloads(index * 50, index * 50 + 50, 80), to)).toBe(50);
    }
    for (const [index, { sender, inbox, to }] of pairs.entries()) {
      await inbox.fence(sender, to);
      const expected = payloads(index * 50, index * 50 + 50, 80);
      expect(firstDifference(inbox.payloads, expected)).toBeUndefined();
      expect(inbox.datagrams[0].remote).toEqual(sender.address);
    }
  });
});

describe.each(nativeVariants)('reusePort: $name', (variant) => {
  it('lets two sockets share a port; each peer stays with one of them', async () => {
    const first = await open(variant, { reusePort: true });
    const { port } = first.address;
    const second = await open(variant, { port, reusePort: true });
    const inboxes = [new Collector(first), new Collector(second)];
    const senders = [];
    for (let index = 0; index < 16; index++) senders.push(await open(variant));
    for (const sender of senders)
      expect(sender.sendBatch(payloads(0, 5, 20), first.address)).toBe(5);
    await until(
      () => inboxes[0].datagrams.length + inboxes[1].datagrams.length === 80,
      () => 'all datagrams on both sockets',
    );
    for (const { address } of senders) {
      const shares = inboxes.map(
        ({ datagrams }) => datagrams.filter(({ remote }) => remote.port === address.port).length,
      );
      expect(shares.toSorted()).toEqual([0, 5]);
    }
    await expect(open(variant, { port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe.each(engines)('signal: $name', (variant) => {
  it('rejects bind when it was aborted before', async () => {
    const bound = bind({ ...variant.options, signal: AbortSignal.abort(new Error('enough')) });
    await expect(bound).rejects.toMatchObject({
      name: 'AbortError',
      code: 'ABORT_ERR',
      cause: expect.objectContaining({ message: 'enough' }),
    });
  });

  it('rejects bind when it is aborted meanwhile', async () => {
    const controller = new AbortController();
    const bound = bind({ ...variant.options, address: 'localhost', signal: controller.signal });
    controller.abort();
    await expect(bound).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('leaves nothing open, at whichever moment of bind it is aborted', async () => {
    const first = await open(variant);
    const { port } = first.address;
    await first.close();
    let rejected = 0;
    for (let moment = 0; moment < 16; moment++) {
      const controller = new AbortController();
      const bound = open(variant, { port, signal: controller.signal });
      const outcome = bound.catch((error: Error) => error);
      for (let tick = 0; tick < moment; tick++) await Promise.resolve();
      controller.abort();
      const result = await outcome;
      if (result instanceof Error) {
        rejected++;
        expect(result).toMatchObject({ name: 'AbortError' });
      } else {
        // The abort came after it was bound, and closes it. This waits for that.
        await turns(3);
        expect(() => result.createSendBatch()).toThrowError(
          expect.objectContaining({ code: 'ERR_SOCKET_CLOSED' }),
        );
      }
      const again = await open(variant, { port });
      await again.close();
    }
    expect(rejected).toBeGreaterThan(0);
  });

  it('closes the socket', async () => {
    const controller = new AbortController();
    const socket = await open(variant, { signal: controller.signal });
    let closed = false;
    socket.on('close', () => {
      closed = true;
    });
    controller.abort();
    await until(
      () => closed,
      () => "'close'",
    );
    expect(() => socket.send(new Uint8Array(1), socket.address)).toThrowError(
      expect.objectContaining({ code: 'ERR_SOCKET_CLOSED' }),
    );
  });
});

describe('capabilities', () => {
  const features = [
    'recvmmsg',
    'sendmmsg',
    'gso',
    'gro',
    'ecn',
    'pktinfo',
    'rxqOvfl',
    'txtime',
    'errqueue',
    'reusePort',
    'steering',
    'ioUring',
    'gsoDenied',
  ] as const;

  it('says what there is, and of what is missing why', () => {
    const found = capabilities();
    expect(found).toMatchObject({ platform: process.platform, arch: process.arch });
    expect(found.engine).toBe(nativeVariants.length > 0 ? 'native' : 'dgram');
    expect(found.kernel).toMatch(/^\d+\.\d+/);
    for (const feature of features) {
      expect(typeof found[feature]).toBe('boolean');
      if (!found[feature] && feature !== 'gsoDenied') {
        expect(found.reasons[feature]).toMatch(/./);
      }
    }
    expect(found.receiveBufferMax).toBeGreaterThanOrEqual(0);
    expect(found.sendBufferMax).toBeGreaterThanOrEqual(0);
    expect(Object.isFrozen(found)).toBe(true);
  });

  it.each([
    ['BURSTWIRE_ENGINE', 'dgram', { engine: 'dgram' }],
    ['BURSTWIRE_GSO', '0', { gso: false }],
    ['BURSTWIRE_GRO', '0', { gro: false }],
    ['BURSTWIRE_ENGINE', 'nonsense', {}],
  ])('follows %s=%s and does not throw', (name, value, expected) => {
    process.env[name] = value;
    try {
      const found = capabilities();
      expect(found).toMatchObject(expected);
      expect(JSON.stringify(found.reasons)).toContain(name);
    } finally {
      delete process.env[name];
    }
  });

  it.each(nativeVariants.slice(0, 1))('switches trains off by the environment', async (variant) => {
    process.env['BURSTWIRE_GSO'] = '0';
    process.env['BURSTWIRE_GRO'] = '0';
    try {
      const { engine } = await open(variant);
      expect(engine).toMatchObject({ name: 'native', gso: false, gro: false });
    } finally {
      delete process.env['BURSTWIRE_GSO'];
      delete process.env['BURSTWIRE_GRO'];
    }
  });

  it('lets the environment choose the engine', async () => {
    process.env['BURSTWIRE_ENGINE'] = 'dgram';
    try {
      const { engine } = await open({ ...engines[0], options: { engine: 'auto' } });
      expect(engine.name).toBe('dgram');
    } finally {
      delete process.env['BURSTWIRE_ENGINE'];
    }
  });
});
