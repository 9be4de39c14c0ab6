/**
 * Cookies and tokens: who has to show what, for which address, and for how long.
 */

import { describe, expect, it } from 'vitest';
import { COOKIE_SECRET_US } from '../../../../lib/core/handshake/cookie.js';
import {
  ACCEPTED,
  DROP_BAD_MAC,
  DROP_NO_COOKIE,
  DROP_SECOND_RETRY,
} from '../../../../lib/core/handshake/drop-reasons.js';
import { LoadMeter } from '../../../../lib/core/handshake/load-meter.js';
import { RetryTokens, TOKEN_LIFETIME_US } from '../../../../lib/core/handshake/retry-token.js';
import type { Source } from '../../../../lib/core/handshake/source.js';
import { Node, type NodeOptions } from '../../../support/handshake-net.js';
import {
  type CountingPrimitives,
  seededRandom,
  testPrimitives,
} from '../../../support/test-primitives.js';

const generous: NodeOptions = { rateLimit: { burst: 1e9 } };

function withCookie(options: NodeOptions = {}): { a: Node; b: Node; message: Uint8Array } {
  const a = new Node('a', generous);
  const b = new Node('b', { ...generous, cookiesFrom: 0, ...options });
  a.connect(b);
  expect(b.receive(a.takeSent()[0].bytes, a.source)).toBe(DROP_NO_COOKIE);
  expect(a.receive(b.takeSent()[0].bytes, b.source)).toBe(ACCEPTED);
  return { a, b, message: a.takeSent()[0].bytes };
}

const dhOf = (node: Node): number => (node.primitives as CountingPrimitives).calls.dh;

describe('cookies', () => {
  it('are for one address and one port, cost no DH and are smaller than what they answer', () => {
    const { a, b, message } = withCookie();
    const { address, port, peer } = a.source;
    const elsewhere: Source[] = [
      { address, port: port + 1, peer },
      { address: Uint8Array.of(10, 0, 0, 1), port, peer },
      { address: new Uint8Array(16).fill(1), port, peer },
    ];
    const before = dhOf(b);
    for (const source of elsewhere) {
      expect(b.receive(message, source)).toBe(DROP_NO_COOKIE);
      expect(b.takeSent()[0].bytes.length).toBe(77);
    }
    expect(dhOf(b)).toBe(before);
    expect(b.receive(message, a.source)).toBe(ACCEPTED);
  });

  it('of responders with one secret are good at each of them, for as long as with secrets of chance', () => {
    const cookieSecret = new Uint8Array(32).fill(7);
    // Half a period into one.
    const epochUs = COOKIE_SECRET_US * 10_000.5;
    const options = { ...generous, cookiesFrom: 0, cookieSecret, epochUs };
    const { a, b, message } = withCookie(options);
    const other = (differing: NodeOptions = {}) => new Node('b', { ...options, ...differing });
    expect(other().receive(message, a.source)).toBe(ACCEPTED);
    // A clock of another origin.
    const elsewhere = other({ epochUs: epochUs - 5_000_000, nowUs: b.nowUs + 5_000_000 });
    expect(elsewhere.receive(message, a.source)).toBe(ACCEPTED);
    const usLater = (us: number) => other({ nowUs: b.nowUs + us }).receive(message, a.source);
    expect(usLater(COOKIE_SECRET_US)).toBe(ACCEPTED);
    expect(usLater(2 * COOKIE_SECRET_US)).toBe(DROP_NO_COOKIE);
    const stranger = other({ cookieSecret: new Uint8Array(32).fill(8) });
    expect(stranger.receive(message, a.source)).toBe(DROP_NO_COOKIE);
    expect(b.receive(message, a.source)).toBe(ACCEPTED);
  });

  it('an address mapped into IPv6 is the same address', () => {
    const { a, b, message } = withCookie();
    const mapped = new Uint8Array(16);
    mapped.fill(0xff, 10, 12);
    mapped.set(a.source.address, 12);
    expect(b.receive(message, { ...a.source, address: mapped })).toBe(ACCEPTED);
  });

  it.each([
    [COOKIE_SECRET_US - 1, ACCEPTED],
    [COOKIE_SECRET_US, ACCEPTED],
    [2 * COOKIE_SECRET_US, DROP_NO_COOKIE],
    [50 * COOKIE_SECRET_US, DROP_NO_COOKIE],
  ])('%d us later: %d', (laterUs, expected) => {
    const { a, b, message } = withCookie();
    // The secret changes when it is used: once in between, as under load it would be.
    b.nowUs += Math.min(laterUs, COOKIE_SECRET_US);
    b.receive(message, { ...a.source, port: 1 });
    b.nowUs += laterUs - Math.min(laterUs, COOKIE_SECRET_US);
    expect(b.receive(message, a.source)).toBe(expected);
  });

  it('a second one is ignored, and so is one for another initiation', () => {
    const { a, b, message } = withCookie();
    b.receive(message, { ...a.source, port: 1 });
    const second = b.takeSent()[0].bytes;
    expect(a.receive(second, b.source)).toBe(DROP_SECOND_RETRY);
    const other = new Node('c', generous);
    other.connect(b);
    const forOther = second.slice();
    forOther.set(other.takeSent()[0].bytes.subarray(13, 21), 5);
    expect(other.receive(forOther, b.source)).toBe(DROP_BAD_MAC);
  });

  it('come with many half-open handshakes, and with many DHs in a second', () => {
    const b = new Node('b', { ...generous, cookiesFrom: 3 });
    const reasons = [1, 2, 3, 4, 5].map((seed) => {
      const a = new Node('a', { seed, primitives: testPrimitives(seededRandom(seed)) });
      a.connect(b);
      return b.receive(a.takeSent()[0].bytes, a.source);
    });
    expect(reasons).toEqual([ACCEPTED, ACCEPTED, ACCEPTED, DROP_NO_COOKIE, DROP_NO_COOKIE]);

    const meter = new LoadMeter(1000, 3);
    const high: boolean[] = [];
    for (const atUs of [0, 1, 2, 3, 999_999, 1_000_000, 1_999_999, 2_000_000, 9e6]) {
      high.push(meter.isHigh(0, atUs));
      if (atUs < 3) meter.count(atUs);
    }
    expect(high).toEqual([false, false, false, true, true, true, true, false, false]);
  });
});

describe('tokens', () => {
  it('spare the cookie at the same address, whatever the port', () => {
    const b = new Node('b', { ...generous, cookiesFrom: 0 });
    for (const [sameAddress, expected] of [
      [true, ACCEPTED],
      [false, DROP_NO_COOKIE],
    ] as const) {
      const a = new Node('a', { seed: sameAddress ? 1 : 2 });
      const address = sameAddress ? a.source.address : Uint8Array.of(1, 2, 3, 4);
      const token = b.handshakes.tokens.issue({ ...a.source, address, port: 9 }, b.nowUs);
      const request = { source: b.source, remoteStatic: b.identity.publicKey, token };
      a.handshakes.connect(request, a.nowUs);
      a.collect();
      expect(b.receive(a.takeSent()[0].bytes, a.source)).toBe(expected);
    }
  });

  it('end: with time, under another key, changed, cut off', () => {
    const primitives = testPrimitives();
    const make = (fill: number): RetryTokens =>
      new RetryTokens({ primitives, random: seededRandom(1), key: new Uint8Array(32).fill(fill) });
    const [tokens, others] = [make(1), make(2)];
    const source = { address: Uint8Array.of(1, 2, 3, 4), port: 5, peer: 6 };
    const token = tokens.issue(source, 1000);
    expect(tokens.check(token, source, 1000)).toBe(true);
    expect(make(1).check(token, source, 1000 + TOKEN_LIFETIME_US - 1)).toBe(true);
    expect(tokens.check(token, source, 1000 + TOKEN_LIFETIME_US)).toBe(false);
    expect(tokens.check(token, source, 999)).toBe(false);
    expect(others.check(token, source, 1000)).toBe(false);
    for (let index = 0; index < token.length; index++) {
      const changed = token.slice();
      changed[index] ^= 1;
      expect(tokens.check(changed, source, 1000)).toBe(false);
      expect(tokens.check(token.subarray(0, index), source, 1000)).toBe(false);
    }
    expect(() => new RetryTokens({ primitives, random: seededRandom(1), key: token })).toThrow(
      TypeError,
    );
  });
});
