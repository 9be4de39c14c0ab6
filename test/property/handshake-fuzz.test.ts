/**
 * Whatever arrives: nothing throws, everything is counted once, nothing is announced that was not agreed.
 *
 * Random bytes, random bytes that look like messages, and genuine messages that were changed; into parsers and into an
 * endpoint. BURSTWIRE_FUZZ_SECONDS makes each run that long instead of short.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DROP_REASONS } from '../../lib/core/handshake/drop-reasons.js';
import { mac1Key, writeMac1 } from '../../lib/core/handshake/macs.js';
import {
  encodeInitiationHead,
  parametersOf,
  parseInitiation,
  parseVersionList,
} from '../../lib/core/handshake/messages.js';
import {
  decodeParameters,
  encodeParameters,
  PARAMETERS_MAX,
} from '../../lib/core/handshake/parameters.js';
import { Node } from '../support/handshake-net.js';
import { testPrimitives } from '../support/test-primitives.js';
import { toyPrimitives } from '../support/toy-primitives.js';

const seconds = Number(process.env.BURSTWIRE_FUZZ_SECONDS ?? 0);
const limits: fc.Parameters<unknown> =
  seconds > 0
    ? { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: seconds * 1000 }
    : { numRuns: 300 };
const timeout = 20_000 + seconds * 1000;

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ maxLength, size: 'max' });

/** A first byte of a message, an initiation's length more often than chance would have it. */
const messageLike = fc
  .tuple(fc.integer({ min: 0x80, max: 0x87 }), bytes(1300), fc.boolean())
  .map(([first, body, isInitiation]) => {
    const message = new Uint8Array(isInitiation ? 1200 : Math.max(1, body.length));
    message.set(body.subarray(0, message.length));
    message[0] = isInitiation ? 0x81 : first;
    if (isInitiation) message.set([0x62, 0x77, 0, 1], 1);
    return message;
  });

describe('parsers', () => {
  it(
    'take anything',
    () => {
      fc.assert(
        fc.property(fc.oneof(bytes(1300), messageLike), (message) => {
          const initiation = parseInitiation(message);
          if (initiation) {
            expect(initiation.head.length + initiation.noise.length + 32).toBe(1200);
            expect(encodeInitiationHead(initiation)).toEqual(initiation.head);
          }
          if (message.length > 37) parseVersionList(message);
          parametersOf(message, 8);
          const parameters = decodeParameters(message);
          if (parameters) expect(parameters.size).toBeLessThanOrEqual(PARAMETERS_MAX);
        }),
        limits,
      );
    },
    timeout,
  );

  it(
    'parameters come back as they went',
    () => {
      const entry = fc.tuple(
        fc.integer({ min: 0, max: 0x3fffffff }),
        fc.uint8Array({ maxLength: 10 }),
      );
      fc.assert(
        fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
          const parameters = new Map(entries);
          const encoded = encodeParameters(parameters);
          expect(decodeParameters(encoded)).toEqual(parameters);
          for (let length = 1; length < encoded.length; length++) {
            const cut = decodeParameters(encoded.subarray(0, length));
            if (cut) expect(cut.size).toBeLessThan(parameters.size);
          }
        }),
        limits,
      );
    },
    timeout,
  );

  it('refuse an id twice, too many, too long, eight-byte numbers; take what nobody knows', () => {
    expect(decodeParameters(Uint8Array.of(1, 0, 1, 0))).toBeUndefined();
    expect(decodeParameters(Uint8Array.of(0xc0, 0, 0, 0, 0, 0, 0, 1, 0))).toBeUndefined();
    expect(decodeParameters(new Uint8Array(769))).toBeUndefined();
    const many = (count: number): Uint8Array =>
      Uint8Array.from({ length: 2 * count }, (_, index) => (index % 2 ? 0 : index / 2));
    expect(decodeParameters(many(63))?.size).toBe(63);
    const sixtyFour = new Map(Array.from({ length: 65 }, (_, id) => [id, new Uint8Array(0)]));
    expect(() => encodeParameters(sixtyFour)).toThrow(RangeError);
    expect(() => encodeParameters(new Map([[1, new Uint8Array(768)]]))).toThrow(RangeError);
    expect(() => encodeParameters(new Map([[-1, new Uint8Array(0)]]))).toThrow(RangeError);
    expect(decodeParameters(Uint8Array.of(0x80, 0, 0, 9, 2, 5, 6))?.get(9)).toEqual(
      Uint8Array.of(5, 6),
    );
  });
});

interface Change {
  readonly at: number;
  readonly value: number;
}

const changes = fc.array(
  fc.record({ at: fc.nat({ max: 1199 }), value: fc.integer({ min: 0, max: 255 }) }),
  { minLength: 1, maxLength: 4 },
);

function changed(message: Uint8Array, list: readonly Change[]): Uint8Array {
  const copy = message.slice();
  for (const { at, value } of list) copy[at % copy.length] = value;
  return copy;
}

describe('an endpoint', () => {
  it(
    'counts each message once and throws for none',
    () => {
      const rateLimit = { burst: 1e9 };
      const node = new Node('a', { primitives: toyPrimitives(1), rateLimit, cookiesFrom: 1e9 });
      const peer = new Node('b', { primitives: toyPrimitives(2), rateLimit });
      node.connect(peer);
      node.connect(peer, false);
      const genuine = node.takeSent().map(({ bytes: message }) => {
        peer.receive(message, node.source);
        return peer.takeSent()[0].bytes;
      });
      const other = new Node('c', { primitives: toyPrimitives(3) });
      other.connect(node);
      genuine.push(other.takeSent()[0].bytes);
      let total = 0;
      const any = fc.oneof(
        messageLike,
        bytes(1300),
        fc
          .tuple(fc.constantFrom(...genuine), changes)
          .map(([message, list]) => changed(message, list)),
      );
      fc.assert(
        fc.property(any, (message) => {
          const reason = node.receive(message, peer.source);
          total++;
          expect(reason).toBeLessThan(DROP_REASONS);
          expect(node.handshakes.counts.reduce((sum, count) => sum + count)).toBe(total);
          const sent = node.takeSent().reduce((sum, packet) => sum + packet.bytes.length, 0);
          expect(sent).toBeLessThanOrEqual(message.length + 1200);
        }),
        limits,
      );
      expect(node.kinds().filter((kind) => kind === 'confirmed')).toEqual([]);
    },
    timeout,
  );

  it(
    'a prefilter that lets the MAC pass (its key is public) still takes anything behind it',
    () => {
      const node = new Node('a', { rateLimit: { burst: 1e9 }, cookiesFrom: 1e9, halfOpenMax: 64 });
      const key = mac1Key(testPrimitives(), node.identity.publicKey);
      const anonymous = mac1Key(testPrimitives(), new Uint8Array(32));
      fc.assert(
        fc.property(messageLike, fc.boolean(), fc.boolean(), (message, known, tidy) => {
          if (message.length !== 1200) return;
          message[21] = known ? 1 : 2;
          if (tidy) {
            // Lists and token as they should be, so that the Noise message is reached.
            message.fill(0, 5, 13);
            message[13] = 1;
            message.set([1, 1, 0x62, 0x77, 0, 1, 1, 1, 0], 22);
          }
          writeMac1(testPrimitives(), known ? key : anonymous, message);
          node.receive(message, node.source);
          expect(node.handshakes.halfOpen).toBeLessThanOrEqual(64);
          node.takeSent();
        }),
        limits,
      );
      expect(node.kinds().filter((kind) => kind !== 'discarded')).toEqual([]);
    },
    timeout,
  );
});
