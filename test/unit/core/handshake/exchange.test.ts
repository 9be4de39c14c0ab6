/**
 * A handshake as it should be: every pattern and suite, both sides end with the same keys; and what makes it fail.
 */

import { describe, expect, it } from 'vitest';
import {
  ACCEPTED,
  DROP_NOT_AUTHENTIC,
  DROP_PATTERN_REFUSED,
} from '../../../../lib/core/handshake/drop-reasons.js';
import { decodeParameters, encodeParameters } from '../../../../lib/core/handshake/parameters.js';
import { PATTERNS, SUITES } from '../../../../lib/core/handshake/protocol.js';
import { exchange, hex, Node } from '../../../support/handshake-net.js';

const psk = new Uint8Array(32).fill(7);
const mine = encodeParameters(new Map([[1, Uint8Array.of(1, 2, 3)]]));
const yours = encodeParameters(new Map([[9, new Uint8Array(700).fill(5)]]));

describe.each(PATTERNS.map((pattern) => [pattern.name, pattern] as const))('%s', (_, pattern) => {
  it.each(SUITES.map((suite) => [suite.aead, suite] as const))('%s', (_name, suite) => {
    const shared = { suites: [suite.id], ...(pattern.psk ? { psk } : {}) };
    const a = new Node('a', { ...shared, parameters: mine });
    const b = new Node('b', { ...shared, parameters: yours });
    const attempt = a.connect(b, pattern.knownResponder);
    const reasons = exchange(a, b);
    expect(new Set(reasons)).toEqual(new Set([ACCEPTED]));
    expect(reasons.length).toBe(pattern.knownResponder ? 2 : 3);

    const [left] = a.outcomes();
    const [right] = b.outcomes();
    expect(left.pattern).toBe(pattern.name);
    expect(left.suite).toBe(suite);
    expect(right.suite).toBe(suite);
    expect(hex(left.sendSecret)).toBe(hex(right.receiveSecret));
    expect(hex(left.receiveSecret)).toBe(hex(right.sendSecret));
    expect(hex(left.sendSecret)).not.toBe(hex(left.receiveSecret));
    expect(hex(left.handshakeHash)).toBe(hex(right.handshakeHash));
    expect(hex(left.remoteStatic)).toBe(hex(b.identity.publicKey));
    expect(hex(right.remoteStatic)).toBe(hex(a.identity.publicKey));
    expect(hex(left.remoteId)).toBe(hex(right.localId));
    expect(hex(right.remoteId)).toBe(hex(left.localId));
    expect(hex(left.remoteParameters)).toBe(hex(yours));
    expect(hex(right.remoteParameters)).toBe(hex(mine));
    expect(decodeParameters(right.remoteParameters)?.get(1)).toEqual(Uint8Array.of(1, 2, 3));

    expect(a.kinds()).toEqual(['established']);
    expect(b.kinds()).toEqual(['established']);
    b.confirm(right.localId);
    a.confirm(left.localId);
    b.confirm(right.localId);
    expect(a.events.slice(1)).toEqual([{ kind: 'confirmed', localId: left.localId, attempt }]);
    expect(b.events.slice(1)).toEqual([{ kind: 'confirmed', localId: right.localId }]);
    expect([a.handshakes.attempts, b.handshakes.halfOpen]).toEqual([0, 0]);
    expect(a.handshakes.deadlineUs).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('keys that do not fit', () => {
  it('another pre-shared key: IKpsk2 fails at the initiator, XXpsk3 at the responder', () => {
    for (const known of [true, false]) {
      const a = new Node('a', { psk });
      const b = new Node('b', { psk: new Uint8Array(32).fill(8) });
      a.connect(b, known);
      expect(exchange(a, b).at(-1)).toBe(DROP_NOT_AUTHENTIC);
      expect(known ? a.outcomes() : b.outcomes()).toEqual([]);
    }
  });

  it('a pre-shared key on one side only', () => {
    const a = new Node('a', { psk });
    const b = new Node('b');
    a.connect(b);
    expect(exchange(a, b)).toEqual([DROP_PATTERN_REFUSED]);
    expect(b.sent).toEqual([]);
  });

  it("sizes are the caller's business", () => {
    expect(() => new Node('a', { psk: new Uint8Array(31) })).toThrow(TypeError);
    const identity = { publicKey: new Uint8Array(32), privateKey: new Uint8Array(33) };
    expect(() => new Node('a', { identity })).toThrow(/33/);
    const a = new Node('a');
    const request = { source: a.source, remoteStatic: new Uint8Array(5) };
    expect(() => a.handshakes.connect(request, 0)).toThrow(TypeError);
    const token = new Uint8Array(65);
    expect(() => a.handshakes.connect({ source: a.source, token }, 0)).toThrow(/65/);
    const parameters = new Uint8Array(769);
    expect(() => a.handshakes.connect({ source: a.source, parameters }, 0)).toThrow(RangeError);
    for (const wrong of [
      { parameters },
      { suites: [] },
      { suites: [1, 1] },
      { suites: [4] },
      { versions: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
    ]) {
      expect(() => new Node('a', wrong)).toThrow(RangeError);
    }
  });
});
