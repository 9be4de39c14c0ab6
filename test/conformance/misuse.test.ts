/**
 * Bad input to the senders: an error at once, with a stable code and the value in its message, and nothing sent.
 */

import { describe, expect, it } from 'vitest';
import type { AddressLike, Payload, SendOptions, UdpSocket } from '../../lib/udp.js';
import { Collector } from './support/collector.js';
import { payloadOf } from './support/payloads.js';
import { resizable } from './support/resizable.js';
import { open } from './support/sockets.js';
import { engines, hasIpv6 } from './support/variants.js';

const BYTES = payloadOf(1, 10);

/** Each sender with one datagram's worth of these arguments. */
function callsOf(
  socket: UdpSocket,
  payload: unknown,
  to: unknown,
  options?: unknown,
): Record<string, () => unknown> {
  const bytes = payload as Payload;
  const address = to as AddressLike;
  const how = options as SendOptions;
  return {
    send: () => socket.send(bytes, address, how),
    sendBatch: () => socket.sendBatch([BYTES, bytes], address, how),
    'sendBatch, an address each': () =>
      socket.sendBatch([bytes, BYTES], [socket.address, address], how),
    sendSegments: () => socket.sendSegments(bytes, 5, address, how),
  };
}

function expectRefused(calls: Record<string, () => unknown>, code: string, shown: string): void {
  for (const [name, call] of Object.entries(calls)) {
    let thrown: unknown;
    try {
      call();
    } catch (error) {
      thrown = error;
    }
    expect(thrown, name).toBeInstanceOf(Error);
    expect(thrown, name).toMatchObject({ code, message: expect.stringContaining(shown) });
  }
}

const PORTS: readonly (readonly [unknown, string])[] = [
  [0, '0'],
  [-1, '-1'],
  [65_536, '65536'],
  [2 ** 32 + 4433, '4294971729'],
  [2 ** 53, '9007199254740992'],
  [80.5, '80.5'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
  ['4433', "'4433'"],
  [null, 'null'],
  [undefined, 'undefined'],
  [4433n, '4433n'],
  [true, 'true'],
  [[4433], '4433'],
  [{ valueOf: () => 4433 }, 'valueOf'],
  [Object(4433), '4433'],
];

const ADDRESSES: readonly (readonly [unknown, string])[] = [
  ['localhost', "'localhost'"],
  ['', "''"],
  ['127.0.0', "'127.0.0'"],
  ['127.0.0.256', "'127.0.0.256'"],
  ['127.1', "'127.1'"],
  ['0x7f000001', "'0x7f000001'"],
  ['127.0.0.1 ', "'127.0.0.1 '"],
  ['127.0.0.1\0.example', '127.0.0.1'],
  ['127.0.0.1:53', "'127.0.0.1:53'"],
  ['[::1]', "'[::1]'"],
  [':::', "':::'"],
  ['1'.repeat(100_000), '1111'],
  [undefined, 'undefined'],
  [null, 'null'],
  [2_130_706_433, '2130706433'],
  [{ toString: () => '127.0.0.1' }, 'toString'],
  [Object('127.0.0.1'), '127.0.0.1'],
];

describe.each(engines)('bad destinations: $name', (variant) => {
  it.each(PORTS)('refuses the port %o', async (port, shown) => {
    const socket = await open(variant);
    const calls = callsOf(socket, BYTES, { address: '127.0.0.1', port });
    expectRefused(calls, 'ERR_SOCKET_BAD_PORT', shown);
    expect(socket.stats().datagramsSent).toBe(0);
  });

  it.each(ADDRESSES)('refuses the address %o', async (address, shown) => {
    const socket = await open(variant);
    const calls = callsOf(socket, BYTES, { address, port: 4433 });
    expectRefused(calls, 'ERR_INVALID_ADDRESS', shown);
    expect(socket.stats().datagramsSent).toBe(0);
  });

  it.each([undefined, null, 'udp://127.0.0.1:1', 4433, 1n, true, Symbol('to'), () => {}])(
    'refuses %o as an address object',
    async (to) => {
      const socket = await open(variant);
      const code = typeof to === 'function' ? expect.any(String) : 'ERR_INVALID_ARG_TYPE';
      expectRefused(callsOf(socket, BYTES, to), code, '');
    },
  );

  it('refuses a family that the address does not have', async () => {
    const socket = await open(variant);
    for (const family of ['IPv6', 'ipv4', 4, null, {}]) {
      const to = { address: '127.0.0.1', port: 9, family };
      expectRefused(callsOf(socket, BYTES, to), 'ERR_INVALID_ADDRESS', '127.0.0.1');
    }
  });

  it('refuses an address that the socket cannot reach', async () => {
    const four = await open(variant);
    const six = { address: '::1', port: 9 };
    expectRefused(callsOf(four, BYTES, six), 'ERR_INVALID_ADDRESS', "'::1'");
    if (!hasIpv6) return;
    const server = await open(variant, { address: '::', ipv6Only: true });
    const to = { address: '127.0.0.1', port: 9 };
    expectRefused(callsOf(server, BYTES, to), 'ERR_INVALID_ADDRESS', "'127.0.0.1'");
  });

  it('refuses lists that do not fit together', async () => {
    const socket = await open(variant);
    const to = socket.address;
    expect(() => socket.sendBatch([BYTES, BYTES], [to])).toThrowError(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE', message: expect.stringContaining('2') }),
    );
    expect(() => socket.sendBatch([], [to])).toThrowError(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    );
    for (const list of [undefined, null, BYTES, 'abc', { length: 1, 0: BYTES }, new Set([BYTES])]) {
      expect(() => socket.sendBatch(list as unknown as Payload[], to)).toThrowError(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
      );
    }
    expect(socket.stats().datagramsSent).toBe(0);
  });
});

describe.each(engines)('bad payloads: $name', (variant) => {
  it.each(['text', 12, 1n, null, undefined, [1, 2], {}, Symbol('bytes'), { byteLength: 4 }])(
    'refuses %o',
    async (payload) => {
      const socket = await open(variant);
      expectRefused(callsOf(socket, payload, socket.address), 'ERR_INVALID_ARG_TYPE', '');
      expect(socket.stats().datagramsSent).toBe(0);
    },
  );

  it('refuses a detached one, of every kind', async () => {
    const socket = await open(variant);
    const views = [
      (buffer: ArrayBuffer) => new Uint8Array(buffer),
      (buffer: ArrayBuffer) => Buffer.from(buffer, 2, 4),
      (buffer: ArrayBuffer) => new DataView(buffer),
      (buffer: ArrayBuffer) => new Int16Array(buffer),
      (buffer: ArrayBuffer) => buffer,
    ];
    for (const view of views) {
      const buffer = new ArrayBuffer(16);
      const payload = view(buffer);
      structuredClone(buffer, { transfer: [buffer] });
      expectRefused(callsOf(socket, payload, socket.address), 'ERR_DETACHED_BUFFER', '');
    }
    expect(socket.stats().datagramsSent).toBe(0);
  });

  it('refuses a view that its resizable buffer has left', async () => {
    const socket = await open(variant);
    const receiver = await open(variant);
    const inbox = new Collector(receiver);
    const buffer = resizable(100, 200);
    const all = new Uint8Array(buffer);
    const part = new Uint8Array(buffer, 50, 50);
    const words = new Uint16Array(buffer, 50, 25);
    const view = new DataView(buffer, 50, 50);
    all.set(payloadOf(3, 100));
    expect(socket.sendBatch([all, part], receiver.address)).toBe(2);
    buffer.resize(60);
    for (const left of [part, words, view]) {
      expectRefused(callsOf(socket, left, receiver.address), 'ERR_DETACHED_BUFFER', '');
    }
    expect(socket.send(all, receiver.address)).toBe(1);
    buffer.resize(200);
    expect(socket.send(all, receiver.address)).toBe(1);
    await inbox.count(4);
    expect(inbox.payloads.map(({ length }) => length)).toEqual([100, 50, 60, 200]);
  });

  it.each([0, -1, 1.5, Number.NaN, 65_528, 2 ** 32 + 1, '100', null, undefined, 1n, {}])(
    'refuses the segment size %o',
    async (size) => {
      const socket = await open(variant);
      const code = typeof size === 'number' ? 'ERR_OUT_OF_RANGE' : 'ERR_INVALID_ARG_TYPE';
      const calls = {
        sendSegments: () => socket.sendSegments(BYTES, size as number, socket.address),
      };
      expectRefused(calls, code, 'segmentSize');
    },
  );
});

describe.each(engines)('bad send options: $name', (variant) => {
  it.each<[unknown, string, string]>([
    [{ ecn: 4 }, 'ERR_OPTION_RANGE', '4'],
    [{ ecn: -1 }, 'ERR_OPTION_RANGE', '-1'],
    [{ ecn: 1.5 }, 'ERR_OPTION_RANGE', '1.5'],
    [{ ecn: '1' }, 'ERR_OPTION_TYPE', "'1'"],
    [{ ecn: null }, 'ERR_OPTION_TYPE', 'null'],
    [{ enc: 1 }, 'ERR_OPTION_UNKNOWN', "did you mean 'ecn'"],
    [{ form: 1 }, 'ERR_OPTION_UNKNOWN', "did you mean 'from'"],
    [{ from: 1 }, 'ERR_INVALID_ARG_TYPE', '1'],
    [{ from: { address: 'localhost', port: 1 } }, 'ERR_INVALID_ADDRESS', "'localhost'"],
    [{ from: { address: '::1', port: 1 } }, 'ERR_INVALID_ADDRESS', "'::1'"],
    [null, 'ERR_OPTION_TYPE', 'null'],
    ['ecn', 'ERR_OPTION_TYPE', "'ecn'"],
    [1, 'ERR_OPTION_TYPE', '1'],
  ])('refuses %o', async (options, code, shown) => {
    const socket = await open(variant);
    expectRefused(callsOf(socket, BYTES, socket.address, options), code, shown);
    expect(() =>
      socket.createSendBatch().reserve(1, socket.address, options as SendOptions),
    ).toThrowError(expect.objectContaining({ code }));
    expect(socket.stats().datagramsSent).toBe(0);
  });
});

describe.each(engines)('bad use of a send batch: $name', (variant) => {
  it.each([-1, 1.5, Number.NaN, 65_528, 2 ** 32, '8', null, undefined, 1n])(
    'refuses to reserve %o bytes',
    async (size) => {
      const socket = await open(variant);
      const out = socket.createSendBatch();
      expect(() => out.reserve(size as number, socket.address)).toThrowError(
        expect.objectContaining({
          code: expect.stringMatching(/^ERR_(OUT_OF_RANGE|INVALID_ARG_TYPE)$/),
        }),
      );
      expect(out.length).toBe(0);
    },
  );

  it('says when it is full, and takes more after a flush', async () => {
    const socket = await open(variant);
    const to = socket.address;
    const full = expect.objectContaining({ name: 'RangeError', code: 'ERR_BATCH_FULL' });
    const out = socket.createSendBatch({ datagrams: 2, bytes: 100 });
    expect(() => out.reserve(101, to)).toThrowError(full);
    out.reserve(60, to);
    expect(() => out.reserve(41, to)).toThrowError(full);
    out.reserve(40, to);
    expect(() => out.reserve(0, to)).toThrowError(full);
    expect(out.length).toBe(2);
    expect(out.flush()).toBe(2);
    expect(out.flush()).toBe(0);
    out.reserve(100, to);
    out.clear();
    out.reserve(100, to);
    expect(out.flush()).toBe(1);
  });

  it.each<[unknown, string]>([
    [{ datagrams: 0 }, 'ERR_OPTION_RANGE'],
    [{ datagrams: 65_537 }, 'ERR_OPTION_RANGE'],
    [{ datagrams: '9' }, 'ERR_OPTION_TYPE'],
    [{ bytes: 0 }, 'ERR_OPTION_RANGE'],
    [{ bytes: 2 ** 29 }, 'ERR_OPTION_RANGE'],
    [{ bytes: 2 ** 32 + 100 }, 'ERR_OPTION_RANGE'],
    [{ byte: 100 }, 'ERR_OPTION_UNKNOWN'],
    [null, 'ERR_OPTION_TYPE'],
    [[], 'ERR_OPTION_TYPE'],
  ])('refuses the options %o', async (options, code) => {
    const socket = await open(variant);
    expect(() => socket.createSendBatch(options as object)).toThrowError(
      expect.objectContaining({ code }),
    );
  });

  it('refuses to work on memory that was transferred away, until it is cleared', async () => {
    const socket = await open(variant);
    const to = socket.address;
    const out = socket.createSendBatch({ bytes: 1000 });
    const view = out.reserve(10, to);
    structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] });
    const detached = expect.objectContaining({ code: 'ERR_DETACHED_BUFFER' });
    expect(() => out.flush()).toThrowError(detached);
    expect(() => out.reserve(10, to)).toThrowError(detached);
    out.clear();
    out.reserve(10, to);
    expect(out.flush()).toBe(1);
    expect(socket.stats().datagramsSent).toBe(1);
  });
});
