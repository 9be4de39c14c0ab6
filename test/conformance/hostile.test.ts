/**
 * Arguments that are programs: getters, Proxies and valueOf that close, detach, resize, send and throw while a send
 * reads them. Each such call throws, or sends what its arguments said; it never reads memory that is gone.
 */

import { describe, expect, it } from 'vitest';
import type { AddressLike, Payload, SendOptions, SocketAddress } from '../../lib/udp.js';
import { Collector } from './support/collector.js';
import { openPair } from './support/exchange.js';
import { payloadOf, payloads } from './support/payloads.js';
import { resizable } from './support/resizable.js';
import { open, sendAll } from './support/sockets.js';
import { engines } from './support/variants.js';

/** An address that runs `act` when it is read. */
function trap(to: SocketAddress, act: () => void): AddressLike {
  return {
    get address() {
      act();
      return to.address;
    },
    port: to.port,
  };
}

function detach(bytes: Uint8Array): void {
  structuredClone(bytes.buffer, { transfer: [bytes.buffer as ArrayBuffer] });
}

const DETACHED = expect.objectContaining({ code: 'ERR_DETACHED_BUFFER' });

describe.each(engines)('hostile arguments: $name', (variant) => {
  it('cannot take a payload away while its destination is read', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const bytes = payloadOf(1, 4096);
    expect(() =>
      sender.send(
        bytes,
        trap(to, () => detach(bytes)),
      ),
    ).toThrowError(DETACHED);
    const second = payloadOf(2, 4096);
    expect(() =>
      sender.sendSegments(
        second,
        100,
        trap(to, () => detach(second)),
      ),
    ).toThrowError(DETACHED);
    const third = payloads(0, 3, 100);
    expect(() =>
      sender.sendBatch(
        third,
        trap(to, () => detach(third[1])),
      ),
    ).toThrowError(DETACHED);
    const fourth = payloads(0, 3, 100);
    const each = [to, trap(to, () => detach(fourth[0])), to];
    expect(() => sender.sendBatch(fourth, each)).toThrowError(DETACHED);
    await inbox.fence(sender, to);
    expect(inbox.datagrams).toEqual([]);
  });

  it('cannot take a payload away while the options or the source are read', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const ways: ((bytes: Uint8Array, options: SendOptions) => unknown)[] = [
      (bytes, options) => sender.send(bytes, to, options),
      (bytes, options) => sender.sendBatch([payloadOf(1, 8), bytes], to, options),
      (bytes, options) => sender.sendSegments(bytes, 8, to, options),
    ];
    for (const send of ways) {
      const first = payloadOf(1, 64);
      const marks = {
        get ecn() {
          detach(first);
          return 0 as const;
        },
      };
      expect(() => send(first, marks)).toThrowError(DETACHED);
      const second = payloadOf(1, 64);
      const from = trap(sender.address, () => detach(second));
      expect(() => send(second, { from })).toThrowError(DETACHED);
    }
    await inbox.fence(sender, to);
    expect(inbox.datagrams).toEqual([]);
  });

  it('send only what is left of a buffer that they shrink', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const buffer = resizable(1000, 1000);
    const bytes = new Uint8Array(buffer);
    bytes.fill(7);
    const shrink = (size: number) => trap(to, () => buffer.resize(size));
    expect(sender.send(bytes, shrink(900))).toBe(1);
    expect(sender.sendBatch([bytes, bytes], shrink(800))).toBe(2);
    expect(sender.sendSegments(bytes, 300, shrink(700))).toBe(3);
    await inbox.fence(sender, to);
    expect(inbox.payloads.map(({ length }) => length)).toEqual([900, 800, 800, 300, 300, 100]);
  });

  it('may send on the same socket: both calls stay whole', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const inner = payloads(100, 110, 30);
    let nested = 0;
    const address = trap(to, () => {
      if (nested++ > 0) return;
      sender.sendBatch(
        inner,
        inner.map(() => to),
        { ecn: 0 },
      );
      sender.send(payloadOf(110, 30), to);
      sender.sendSegments(payloadOf(111, 30), 30, to);
    });
    const outer = payloads(0, 10, 30);
    expect(sender.sendBatch(outer, [...Array(9).fill(to), address])).toBe(10);
    await inbox.fence(sender, to);
    const expected = [...inner, payloadOf(110, 30), payloadOf(111, 30), ...outer];
    expect(inbox.payloads).toEqual(expected);
  });

  it('may reserve and flush while a reservation reads them', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const out = sender.createSendBatch({ datagrams: 4, bytes: 400 });
    out.reserve(10, to).fill(1);
    const flushing = trap(to, () => out.flush());
    out.reserve(20, flushing).fill(2);
    const filling = trap(to, () => {
      while (out.fits(100)) out.reserve(100, to).fill(3);
    });
    expect(() => out.reserve(400, filling)).toThrowError(
      expect.objectContaining({ code: 'ERR_BATCH_FULL' }),
    );
    out.flush();
    await inbox.fence(sender, to);
    expect(inbox.payloads.map(([first]) => first)).toEqual([1, 2, 3, 3, 3]);
  });

  it('are read once each', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const reads: string[] = [];
    const spy = <T extends object>(name: string, target: T): T =>
      new Proxy(target, {
        get: (object, key) => {
          reads.push(`${name}.${String(key)}`);
          return Reflect.get(object, key);
        },
      });
    const address = spy('to', { address: to.address, port: to.port });
    const marks = spy('options', { ecn: 0 as const });
    expect(sender.send(payloadOf(1, 5), address, marks)).toBe(1);
    expect(reads.toSorted()).toEqual([
      'options.ecn',
      'options.from',
      'to.address',
      'to.family',
      'to.port',
    ]);
    await inbox.fence(sender, to);
  });

  it('that change between two reads are taken at their last word', async () => {
    const first = await openPair(variant);
    const second = await open(variant);
    const inbox = new Collector(second);
    const { sender } = first;
    const to = { address: first.to.address, port: first.to.port };
    sender.send(payloadOf(1, 10), to);
    to.port = second.address.port;
    sender.send(payloadOf(2, 10), to);
    await first.inbox.fence(sender, first.to);
    await inbox.fence(sender, second.address);
    expect(first.inbox.payloads).toEqual([payloadOf(1, 10)]);
    expect(inbox.payloads).toEqual([payloadOf(2, 10)]);
  });

  it('get their own exception back', async () => {
    const { sender, to } = await openPair(variant);
    const thrown = new Error('from a getter');
    const angry = trap(to, () => {
      throw thrown;
    });
    expect(() => sender.send(payloadOf(1, 1), angry)).toThrowError(thrown);
    expect(() => sender.sendBatch([payloadOf(1, 1)], [angry])).toThrowError(thrown);
    expect(() => sender.sendBatch([payloadOf(1, 1)], to, { from: angry })).toThrowError(thrown);
    expect(() => sender.createSendBatch().reserve(1, angry)).toThrowError(thrown);
    const options = {
      get datagrams(): number {
        throw thrown;
      },
    };
    expect(() => sender.createSendBatch(options)).toThrowError(thrown);
    expect(sender.sendBatch(payloads(0, 3, 9), to)).toBe(3);
  });

  it('that are Proxies of arrays work, lie, or throw', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const list = payloads(0, 3, 20);
    expect(sender.sendBatch(new Proxy(list, {}), new Proxy([to, to, to], {}))).toBe(3);
    const claiming = (length: unknown): Payload[] =>
      new Proxy([payloadOf(1, 1)], {
        get: (target, key) => (key === 'length' ? length : Reflect.get(target, key)),
      });
    for (const length of [-1, 1.5, Number.NaN, 2 ** 40, '3', {}]) {
      expect(() => sender.sendBatch(claiming(length), to)).toThrowError(
        expect.objectContaining({ code: expect.stringMatching(/^ERR_/) }),
      );
    }
    // The second of two payloads that are claimed is undefined.
    expect(() => sender.sendBatch(claiming(2), to)).toThrowError(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
    expect(sender.sendBatch(claiming(0), to)).toBe(0);
    const { proxy, revoke } = Proxy.revocable([payloadOf(1, 1)], {});
    revoke();
    expect(() => sender.sendBatch(proxy, to)).toThrowError(TypeError);
    await inbox.fence(sender, to);
    expect(inbox.payloads).toEqual(list);
  });

  it('that grow or shrink their array meanwhile send what was there when it was read', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const list: Uint8Array[] = payloads(0, 4, 20);
    const addresses: AddressLike[] = [to, to, to, to];
    addresses[1] = trap(to, () => list.push(payloadOf(9, 9)));
    addresses[2] = trap(to, () => {
      list.length = 0;
    });
    expect(sender.sendBatch(list, addresses)).toBe(4);
    await inbox.fence(sender, to);
    expect(inbox.payloads).toEqual(payloads(0, 4, 20));
  });

  it('with properties that stand in front of a view do not change its bytes', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const bytes = payloadOf(5, 32);
    for (const [key, value] of [
      ['byteLength', 2 ** 31],
      ['length', 2 ** 31],
      ['byteOffset', 64],
      ['buffer', new ArrayBuffer(0)],
      [Symbol.toStringTag, 'Float64Array'],
    ] as const) {
      Object.defineProperty(bytes, key, { value });
    }
    expect(sender.send(bytes, to)).toBe(1);
    expect(sender.sendBatch([bytes, bytes], to)).toBe(2);
    expect(sender.sendSegments(bytes, 16, to)).toBe(2);
    await inbox.fence(sender, to);
    expect(inbox.datagrams.map(({ bytes: { length } }) => length)).toEqual([32, 32, 32, 16, 16]);
    expect(inbox.payloads[0]).toEqual(payloadOf(5, 32));
  });

  it('cannot make a datagram go to another address than they said', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const small = await open(variant, { maxPeers: 1024 });
    let evicting = false;
    const known: AddressLike = {
      get address() {
        // More addresses than the table holds: the id that this object had is given to another one.
        for (let port = 1; evicting && port <= 3000; port++) {
          small.send(new Uint8Array(0), { address: '127.9.9.9', port });
        }
        evicting = false;
        return to.address;
      },
      port: to.port,
    };
    expect(small.send(payloadOf(1, 10), known)).toBe(1);
    evicting = true;
    await sendAll(small, 1, () => small.send(payloadOf(2, 10), known));
    expect(small.stats().peerEvictions).toBeGreaterThan(0);
    await inbox.fence(sender, to);
    expect(inbox.payloads).toEqual([payloadOf(1, 10), payloadOf(2, 10)]);
  });
});
