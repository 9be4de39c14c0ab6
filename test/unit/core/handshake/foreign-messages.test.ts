/**
 * Messages that are sound and in the wrong place: reflected, replayed, for somebody else, or from a man in the middle who
 * talks the two down to something weaker.
 */

import { describe, expect, it } from 'vitest';
import {
  ACCEPTED,
  DROP_BAD_LENGTH,
  DROP_BAD_MAC,
  DROP_DOWNGRADE,
  DROP_NO_HANDSHAKE,
  DROP_NOT_AUTHENTIC,
  DROP_OWN_KEY,
  DROP_PATTERN_REFUSED,
  DROP_REFLECTED,
  DROP_REFUSED,
  DROP_REPLAYED,
  DROP_UNAUTHORIZED,
  DROP_UNKNOWN_TYPE,
} from '../../../../lib/core/handshake/drop-reasons.js';
import { mac1Key, withAnswerMac, writeMac1 } from '../../../../lib/core/handshake/macs.js';
import type { Source } from '../../../../lib/core/handshake/source.js';
import { exchange, Node } from '../../../support/handshake-net.js';
import {
  type CountingPrimitives,
  keyPairOf,
  testPrimitives,
} from '../../../support/test-primitives.js';

const primitives = testPrimitives();
const generous = { rateLimit: { burst: 1e9 } };

function calls(node: Node): CountingPrimitives['calls'] {
  return (node.primitives as CountingPrimitives).calls;
}

/** A first message on its way. */
function underWay(known: boolean): { receiver: Node; sender: Node; message: Uint8Array } {
  const sender = new Node('a', generous);
  const receiver = new Node('b', generous);
  sender.connect(receiver, known);
  return { receiver, sender, message: sender.takeSent()[0].bytes };
}

describe('messages in the wrong place', () => {
  it('reflected: a mirror makes no session', () => {
    for (const known of [true, false]) {
      const a = new Node('a', generous);
      const mirror = new Node('m', generous);
      a.connect(mirror, known);
      const message = a.takeSent()[0].bytes;
      expect(a.receive(message, mirror.source)).toBe(known ? DROP_BAD_MAC : DROP_REFLECTED);
      expect([a.outcomes(), a.takeSent()]).toEqual([[], []]);
    }
  });

  it('a peer with our own static key is refused in both roles, unless it is allowed', () => {
    const identity = keyPairOf(new Uint8Array(32).fill(3));
    for (const known of [true, false]) {
      const a = new Node('a', { identity });
      const b = new Node('b', { identity });
      a.connect(b, known);
      expect(exchange(a, b).at(-1)).toBe(DROP_OWN_KEY);
      expect([a.outcomes(), b.outcomes()]).toEqual([[], []]);
      if (!known) expect(a.kinds()).toEqual(['failed']);

      const c = new Node('c', { identity, allowOwnKey: true });
      const d = new Node('d', { identity, allowOwnKey: true });
      c.connect(d, known);
      exchange(c, d);
      expect([c.outcomes().length, d.outcomes().length]).toEqual([1, 1]);
    }
  });

  it("two parallel handshakes do not take each other's answers", () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => new Node(name, generous));
    a.connect(b);
    a.connect(c);
    for (const { bytes, to } of a.takeSent())
      (to.peer === b.source.peer ? b : c).receive(bytes, a.source);
    const [fromB, fromC] = [b.takeSent()[0].bytes, c.takeSent()[0].bytes];
    const crossed = fromB.slice();
    crossed.set(fromC.subarray(5, 13), 5);
    expect(a.receive(crossed, b.source)).toBe(DROP_BAD_MAC);
    expect(a.receive(fromB, c.source)).toBe(ACCEPTED);
    expect(a.receive(fromC, b.source)).toBe(ACCEPTED);
    expect(a.outcomes().map(({ remoteStatic }) => remoteStatic)).toEqual([
      b.identity.publicKey,
      c.identity.publicKey,
    ]);
  });

  it('strangers get silence from an endpoint that only answers who knows its key', () => {
    const a = new Node('a');
    const b = new Node('b', { patterns: [1] });
    a.connect(b, false);
    expect(exchange(a, b)).toEqual([DROP_PATTERN_REFUSED]);
    const unknownVersion = underWay(false).message.slice();
    unknownVersion[1] ^= 0xff;
    writeMac1(primitives, mac1Key(primitives, new Uint8Array(32)), unknownVersion);
    expect(b.receive(unknownVersion, a.source)).toBe(DROP_BAD_MAC);
    expect(b.takeSent()).toEqual([]);
  });

  it('what the application does not want gets no answer (IK) or no connection (XX)', () => {
    for (const known of [true, false]) {
      const a = new Node('a');
      const b = new Node('b', { authorize: () => false });
      a.connect(b, known);
      expect(exchange(a, b).at(-1)).toBe(DROP_UNAUTHORIZED);
      expect([b.outcomes(), b.handshakes.halfOpen]).toEqual([[], 0]);
      const c = new Node('c', { authorize: () => false });
      c.connect(new Node('d'), true);
      expect(c.takeSent().length).toBe(1);
    }
  });

  it('what the application does not want gets none either while we are on our way to that address', () => {
    for (const known of [true, false]) {
      const asked: (number | undefined)[] = [];
      const authorize = (_key: Uint8Array, _source: Source, attempt: number | undefined) => {
        asked.push(attempt);
        return attempt !== undefined;
      };
      const a = new Node('a');
      const b = new Node('b', { authorize });
      const attempt = b.connect(a, false);
      b.takeSent();
      a.connect(b, known);
      expect(exchange(a, b)).toContain(DROP_UNAUTHORIZED);
      expect([asked, b.outcomes()]).toEqual([[undefined], []]);
      // What it has asked for itself it gets, once the other one has given up.
      while (a.handshakes.attempts > 0) a.timer();
      a.takeSent();
      while (b.kinds().length === 0 && b.timer()) exchange(a, b);
      expect([asked, b.kinds()]).toEqual([[undefined, attempt], ['established']]);
    }
  });

  it('a refusal ends a handshake on both sides, except where ours meets theirs', () => {
    const refusal = Uint8Array.of(1, 2, 3);
    for (const known of [true, false]) {
      const a = new Node('a');
      const b = new Node('b');
      b.handshakes.refuseWith(refusal);
      a.connect(b, known);
      expect(exchange(a, b)).toContain(DROP_REFUSED);
      expect(a.outcomes().map(({ remoteParameters }) => remoteParameters)).toEqual([refusal]);
      expect(b.kinds()).toEqual([]);
      // Nor later.
      while (b.handshakes.halfOpen > 0) b.timer();
      expect(b.kinds().filter((kind) => kind === 'established')).toEqual([]);

      const c = new Node('c');
      const d = new Node('d');
      c.handshakes.refuseWith(refusal);
      d.handshakes.refuseWith(refusal);
      c.connect(d, known);
      d.connect(c, known);
      exchange(c, d);
      expect(c.outcomes().length + d.outcomes().length).toBeGreaterThan(1);
      for (const { remoteParameters } of [...c.outcomes(), ...d.outcomes()]) {
        expect(remoteParameters).not.toEqual(refusal);
      }
    }
  });

  it('first bytes that are no message', () => {
    const node = new Node('a');
    for (let first = 0; first < 256; first++) {
      const message = new Uint8Array(100);
      message[0] = first;
      const expected =
        first === 0x81
          ? DROP_BAD_LENGTH
          : first >= 0x82 && first <= 0x85
            ? DROP_NO_HANDSHAKE
            : DROP_UNKNOWN_TYPE;
      expect(node.receive(message, node.source)).toBe(expected);
    }
  });
});

describe('replays', () => {
  it('the same first message: the same answer while it is open, then silence', () => {
    for (const known of [true, false]) {
      const a = new Node('a', generous);
      const b = new Node('b', generous);
      a.connect(b, known);
      const first = a.takeSent()[0].bytes;
      b.receive(first, a.source);
      const response = b.takeSent()[0].bytes;
      const { dh } = calls(b);
      for (let repeat = 0; repeat < 1000; repeat++) b.receive(first, a.source);
      const answers = b.takeSent();
      expect(answers.length).toBe(1000);
      for (const { bytes } of answers) expect(bytes).toBe(response);
      expect([calls(b).dh, b.handshakes.halfOpen, b.outcomes().length]).toEqual([
        dh,
        1,
        known ? 1 : 0,
      ]);
      while (b.timer());
      expect(b.receive(first, a.source)).toBe(known ? DROP_REPLAYED : ACCEPTED);
      expect(b.kinds().filter((kind) => kind === 'confirmed')).toEqual([]);
    }
  });

  it('recorded first messages, replayed to an endpoint that was restarted: no event for the application', () => {
    const identity = keyPairOf(new Uint8Array(32).fill(9));
    const b = new Node('b', { ...generous, identity });
    const a = new Node('a', generous);
    const recorded: Uint8Array[] = [];
    for (let connection = 0; connection < 50; connection++) {
      a.connect(b);
      recorded.push(a.sent[0].bytes);
      exchange(a, b);
      b.confirm(b.outcomes().at(-1)!.localId);
      a.confirm(a.outcomes().at(-1)!.localId);
    }
    expect(b.kinds().filter((kind) => kind === 'confirmed').length).toBe(50);
    const restarted = new Node('b', { ...generous, identity, outgoingMax: 1e6, seed: 5 });
    for (let round = 0; round < 20; round++) {
      for (const message of recorded) restarted.receive(message, a.source);
    }
    expect(restarted.kinds().filter((kind) => kind === 'confirmed')).toEqual([]);
    expect(restarted.handshakes.halfOpen).toBe(50);
    for (const { bytes } of restarted.takeSent())
      expect(a.receive(bytes, b.source)).toBe(DROP_NO_HANDSHAKE);
    while (restarted.timer());
    expect(restarted.handshakes.halfOpen).toBe(0);
  });
});

describe('a man in the middle who talks them down', () => {
  const weak = { suites: [3] };

  it('changes the lists: the prologue differs, nobody finishes', () => {
    for (const known of [true, false]) {
      const { receiver: b, sender: a, message } = underWay(known);
      const [suite, secondOfList] = [22, 29];
      expect([message[suite], message[secondOfList]]).toEqual([1, 1]);
      const changed = message.slice();
      changed[suite] = 2;
      changed[secondOfList] = 2;
      changed[secondOfList + 1] = 1;
      const key = mac1Key(primitives, known ? b.identity.publicKey : new Uint8Array(32));
      writeMac1(primitives, key, changed);
      const reason = b.receive(changed, a.source);
      expect(reason).toBe(known ? DROP_NOT_AUTHENTIC : ACCEPTED);
      if (known) continue;
      const response = b.takeSent()[0].bytes;
      const forged = withAnswerMac(
        primitives,
        message.subarray(1168, 1184),
        response.slice(0, -16),
      );
      expect(a.receive(forged, b.source)).toBe(DROP_NOT_AUTHENTIC);
      expect(a.outcomes()).toEqual([]);
    }
  });

  it('forges a version list: the responder sees that it was not asked for its best', () => {
    const { receiver: b, sender: a, message } = underWay(true);
    const other = new Node('c', { ...generous, ...weak, identity: b.identity });
    other.receive(message, a.source);
    expect(a.receive(other.takeSent()[0].bytes, b.source)).toBe(ACCEPTED);
    const second = a.takeSent()[0].bytes;
    expect(second[22]).toBe(3);
    expect(b.receive(second, a.source)).toBe(DROP_DOWNGRADE);
    expect(other.receive(second, a.source)).toBe(ACCEPTED);
  });

  it('an honest version list leads to what both speak, or to a failure when there is nothing', () => {
    const a = new Node('a');
    const b = new Node('b', weak);
    a.connect(b);
    exchange(a, b);
    expect(a.outcomes()[0].suite.id).toBe(3);
    expect(b.outcomes()[0].suite.id).toBe(3);

    const c = new Node('c', { versions: [0x11111111, 0x62770001] });
    c.connect(b);
    exchange(c, b);
    expect(c.outcomes()[0].version).toBe(0x62770001);

    const d = new Node('d', { suites: [1] });
    d.connect(b);
    exchange(d, b);
    expect(d.events).toEqual([{ kind: 'failed', attempt: 1, reason: 'noCommonVersion' }]);
  });
});
