/**
 * Random junk in every place that takes something from the application: it works, or it is refused with a code.
 *
 * Addresses are junk or loopback, never a host name: nothing leaves this machine. On failure fast-check prints the
 * seed and the smallest arguments that fail.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bind, type SendBatch, type UdpSocket } from '../../lib/udp.js';
import { resizable } from './support/resizable.js';
import { open } from './support/sockets.js';
import { engines } from './support/variants.js';

/** What passes for any argument. */
type Junk = never;

const numbers = fc.constantFrom(
  ...[
    -1,
    -0,
    0,
    0.5,
    1,
    63,
    64,
    65,
    65_507,
    65_508,
    65_535,
    65_536,
    2 ** 31,
    2 ** 32,
    2 ** 32 + 80,
  ],
  ...[2 ** 53, 1e308, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
);

function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

function shrunk(): Uint8Array {
  const buffer = resizable(64, 64);
  const bytes = new Uint8Array(buffer, 32, 32);
  buffer.resize(16);
  return bytes;
}

/** Something that fast-check cannot print, made when it is used. */
class Recipe {
  readonly name: string;
  readonly make: () => unknown;

  constructor(name: string, make: () => unknown) {
    this.name = name;
    this.make = make;
  }
}

/** Objects that answer with an exception, a lie, or themselves; and bytes of every kind. */
const recipes = fc.constantFrom(
  new Recipe('says 1', () => ({ valueOf: () => 1, toString: () => '127.0.0.1' })),
  new Recipe('throws', () => ({
    get [Symbol.toStringTag](): string {
      throw new Error('from a tag');
    },
  })),
  new Recipe('revoked', () => {
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    return proxy;
  }),
  new Recipe('claims 3', () => new Proxy([], { get: (_, key) => (key === 'length' ? 3 : 0) })),
  new Recipe('no prototype', () => Object.create(null)),
  new Recipe('bytes', () => new Uint8Array(3)),
  new Recipe('view', () => new DataView(new ArrayBuffer(5))),
  new Recipe('shared', () => new Uint8Array(new SharedArrayBuffer(5))),
  new Recipe('empty buffer', () => new ArrayBuffer(0)),
  new Recipe('too large', () => new Uint8Array(65_508)),
  new Recipe('detached', detached),
  new Recipe('shrunk', shrunk),
);

/** `value` with each recipe in it followed. */
function real(value: unknown): Junk {
  if (value instanceof Recipe) return value.make() as Junk;
  if (Array.isArray(value)) return Array.from(value, real) as Junk;
  if (typeof value !== 'object' || value === null) return value as Junk;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value as Junk;
  const entries = Object.entries(value).map(([key, part]) => [key, real(part)] as const);
  return Object.fromEntries(entries) as Junk;
}

const junk = fc.oneof(
  numbers,
  fc.anything({ withBigInt: true, withTypedArray: true, withSparseArray: true, maxDepth: 2 }),
  recipes,
);

const addresses = fc.oneof(
  fc.constantFrom('127.0.0.1', '::1', '::ffff:127.0.0.1', '127.0.0.300', '', ':', 'a', '%', '\0'),
  fc.constantFrom<unknown>(undefined, null, 0, {}, []),
);
const ports = fc.oneof(numbers, fc.constantFrom<unknown>(9, '9', 9n, null, undefined, {}));
const destinations = fc.oneof(
  fc.record({ address: addresses, port: ports }),
  fc.record({ address: fc.constant('127.0.0.1'), port: fc.constant(9), family: junk }),
  // As the address itself: anything but an object that happens to name another machine.
  junk.filter((value) => typeof value !== 'object' || value === null || !('address' in value)),
  fc.array(fc.constant({ address: '127.0.0.1', port: 9 }), { maxLength: 3 }),
);
const sendOptions = fc.oneof(
  { weight: 2, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: junk },
  { weight: 2, arbitrary: fc.record({ ecn: junk }) },
  { weight: 1, arbitrary: fc.record({ from: destinations }) },
);

/** Runs a call; what it throws must be an error with a code, or one that the junk itself threw. */
function expectOrderly(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    expectCoded(error);
  }
}

function expectCoded(error: unknown): void {
  expect(error).toBeInstanceOf(Error);
  // What a revoked Proxy throws is the caller's own.
  if (error instanceof TypeError && /revoked/.test(error.message)) return;
  expect(error).toMatchObject({ code: expect.stringMatching(/^E/), message: expect.any(String) });
}

describe.each(engines)('random arguments: $name', (variant) => {
  it('of the senders', async () => {
    const socket = await open(variant);
    fc.assert(
      fc.property(
        fc.oneof(junk, fc.array(junk, { maxLength: 4 })),
        fc.oneof(destinations, fc.array(destinations, { maxLength: 4 })),
        sendOptions,
        junk,
        (payload, to, options, size) => {
          const { sent, failed } = counts(socket);
          expectOrderly(() => socket.send(real(payload), real(to), real(options)));
          expectOrderly(() => socket.sendBatch(real(payload), real(to), real(options)));
          expectOrderly(() =>
            socket.sendSegments(real(payload), real(size), real(to), real(options)),
          );
          const after = counts(socket);
          expect(after.sent).toBeGreaterThanOrEqual(sent);
          expect(after.failed).toBeGreaterThanOrEqual(failed);
        },
      ),
      { numRuns: 1500 },
    );
    await expectAlive(socket);
  });

  it('of a send batch', async () => {
    const socket = await open(variant);
    fc.assert(
      fc.property(junk, fc.array(fc.tuple(junk, destinations, sendOptions)), (options, calls) => {
        let out: SendBatch | undefined;
        expectOrderly(() => {
          out = socket.createSendBatch(real(options));
        });
        const batch = out ?? socket.createSendBatch({ datagrams: 3, bytes: 200 });
        for (const [size, to, how] of calls) {
          expectOrderly(() => batch.reserve(real(size), real(to), real(how)));
          expectOrderly(() => batch.fits(real(size)));
        }
        const pending = batch.length;
        const taken = batch.flush();
        expect(taken).toBeLessThanOrEqual(pending);
        batch.clear();
        expect(batch.length).toBe(0);
      }),
      { numRuns: 500 },
    );
    await expectAlive(socket);
  });

  it('of bind', async () => {
    const {
      address: _,
      signal: __,
      ...rest
    } = {
      address: junk,
      signal: junk,
      port: ports,
      engine: fc.oneof(junk, fc.constant(variant.options.engine)),
      gso: junk,
      gro: junk,
      reusePort: junk,
      ipv6Only: junk,
      receiveBufferSize: junk,
      sendBufferSize: junk,
      maxPeers: junk,
    };
    const literal = fc.constantFrom('127.0.0.1', '::1', '', null, 7, [], {});
    const options = fc.oneof(
      junk.filter(
        (value) =>
          value !== undefined &&
          !(typeof value === 'object' && value !== null && 'address' in value),
      ),
      fc.record({ ...rest, address: literal, signal: junk }, { requiredKeys: [] }),
    );
    await fc.assert(
      fc.asyncProperty(options, async (given) => {
        try {
          const socket = await bind(real(given));
          await socket.close();
        } catch (error) {
          expectCoded(error);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('in any order of calls', async () => {
    const other = await open(variant);
    const to = other.address;
    const steps = fc.array(
      fc.constantFrom(
        'send',
        'sendBatch',
        'reserve',
        'flush',
        'clear',
        'listen',
        'loop',
        'ref',
        'close',
      ),
      { minLength: 1, maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (names) => {
        const socket = await bind({ address: '127.0.0.1', ...variant.options });
        const out = socket.createSendBatch({ datagrams: 4, bytes: 64 });
        const calls: Record<string, () => unknown> = {
          send: () => socket.send(new Uint8Array(3), to),
          sendBatch: () =>
            socket.sendBatch([new Uint8Array(3), new Uint8Array(3)], [to, socket.address]),
          reserve: () => out.reserve(20, socket.address).fill(1),
          flush: () => out.flush(),
          clear: () => out.clear(),
          listen: () => socket.once('batch', (batch) => batch.copy()),
          loop: () => socket[Symbol.asyncIterator]().return?.(),
          ref: () => socket.unref().ref(),
          close: () => socket.close(),
        };
        for (const name of names) expectOrderly(calls[name]);
        await socket.close();
        for (const name of names) expectOrderly(calls[name]);
      }),
      { numRuns: 200 },
    );
  });
});

function counts(socket: UdpSocket): { sent: number; failed: number } {
  const { datagramsSent, sendFailures } = socket.stats();
  return { sent: datagramsSent, failed: sendFailures };
}

/** After all of it, an ordinary datagram still arrives. */
async function expectAlive(socket: UdpSocket): Promise<void> {
  const text = Buffer.from('still here');
  const arrived = new Promise<void>((resolve) => {
    socket.on('batch', (batch) => {
      for (let index = 0; index < batch.length; index++) {
        if (Buffer.compare(batch.payload(index), text) === 0) resolve();
      }
    });
  });
  while (socket.send(text, socket.address) === 0) {
    await new Promise<void>((resolve) => socket.once('drain', resolve));
  }
  await arrived;
}
