/**
 * Messages that are cut off, changed, reflected, replayed or for somebody else: dropped, counted, no DH before a MAC
 * fits, no reply, no change; and behind all of it the genuine message still works.
 */

import { describe, expect, it } from 'vitest';
import {
  ACCEPTED,
  DROP_BAD_LENGTH,
  DROP_BAD_MAC,
  DROP_DOWNGRADE,
  DROP_MALFORMED,
  DROP_NO_HANDSHAKE,
  DROP_NOT_AUTHENTIC,
  DROP_OWN_KEY,
  DROP_PATTERN_REFUSED,
  DROP_REFLECTED,
  DROP_REPLAYED,
  DROP_UNAUTHORIZED,
  DROP_UNKNOWN_TYPE,
} from '../../../../lib/core/handshake/drop-reasons.js';
import { mac1Key, withAnswerMac, writeMac1 } from '../../../../lib/core/handshake/macs.js';
import { exchange, Node, type NodeOptions } from '../../../support/handshake-net.js';
import {
  type CountingPrimitives,
  keyPairOf,
  testPrimitives,
} from '../../../support/test-primitives.js';

const primitives = testPrimitives();
const generous = { rateLimit: { burst: 1e9 } };

interface Case {
  readonly receiver: Node;
  readonly sender: Node;
  readonly message: Uint8Array;
  /** The bytes that matter: mac2 is only looked at under load. */
  readonly covered: number;
}

const cookies: NodeOptions = { ...generous, cookiesFrom: 0 };

/** Each message, in front of an endpoint that waits for it. */
const cases: Record<string, () => Case> = {
  'initiation IK': () => initiation(true, {}),
  'initiation XX': () => initiation(false, {}),
  'initiation IK with a cookie': () => {
    const { receiver, sender, message } = initiation(true, cookies);
    receiver.receive(message, sender.source);
    sender.receive(receiver.takeSent()[0].bytes, receiver.source);
    return { receiver, sender, message: sender.takeSent()[0].bytes, covered: 1200 };
  },
  'response IK': () => answer(true, {}),
  'response XX': () => answer(false, {}),
  cookie: () => answer(true, cookies),
  'version list': () => answer(true, { suites: [3] }),
  'final XX': () => {
    const { receiver: a, sender: b, message } = answer(false, {});
    a.receive(message, b.source);
    const final = a.takeSent()[0].bytes;
    return { receiver: b, sender: a, message: final, covered: final.length };
  },
};

function initiation(known: boolean, options: NodeOptions): Case {
  const a = new Node('a', generous);
  const b = new Node('b', { ...generous, ...options });
  a.connect(b, known);
  return { receiver: b, sender: a, message: a.takeSent()[0].bytes, covered: 1184 };
}

function answer(known: boolean, options: NodeOptions): Case {
  const { receiver, sender, message } = initiation(known, options);
  receiver.receive(message, sender.source);
  const bytes = receiver.takeSent()[0].bytes;
  return { receiver: sender, sender: receiver, message: bytes, covered: bytes.length };
}

function calls(node: Node): CountingPrimitives['calls'] {
  return (node.primitives as CountingPrimitives).calls;
}

function expectDropped({ receiver, sender }: Case, message: Uint8Array, what: string): void {
  const before = JSON.stringify([receiver.handshakes.describe(), receiver.events.length]);
  const { dh } = calls(receiver);
  const reason = receiver.receive(message, sender.source);
  expect(reason, what).not.toBe(ACCEPTED);
  expect(calls(receiver).dh, what).toBe(dh);
  // Under load a changed mac2 is as good as none: the answer is a cookie, smaller than what it answers.
  const replies = receiver.takeSent();
  for (const { bytes } of replies) expect([bytes[0], bytes.length]).toEqual([0x84, 77]);
  expect(JSON.stringify([receiver.handshakes.describe(), receiver.events.length])).toBe(before);
}

describe.each(Object.keys(cases))('%s', (name) => {
  it('cut off at every byte, or one byte longer', () => {
    const made = cases[name]();
    for (let length = 0; length < made.message.length; length++) {
      expectDropped(made, made.message.subarray(0, length), `${length} bytes`);
    }
    const longer = new Uint8Array(made.message.length + 1);
    longer.set(made.message);
    expectDropped(made, longer, 'longer');
    expect(made.receiver.receive(made.message, made.sender.source)).toBe(ACCEPTED);
  });

  it('with any byte changed', () => {
    const made = cases[name]();
    for (let index = 0; index < made.covered; index++) {
      const changed = made.message.slice();
      changed[index] ^= 1 << (index & 7);
      expectDropped(made, changed, `byte ${index}`);
    }
    expect(made.receiver.receive(made.message, made.sender.source)).toBe(ACCEPTED);
  });
});

/** What a man in the middle can do: change bytes and make the MACs fit again. */
function remake(
  message: Uint8Array,
  index: number,
  receiver: Node,
  answeredMac?: Uint8Array,
): Uint8Array {
  const changed = message.slice();
  changed[index] ^= 0x10;
  if (answeredMac === undefined) {
    writeMac1(primitives, mac1Key(primitives, receiver.identity.publicKey), changed);
    return changed;
  }
  return withAnswerMac(primitives, answeredMac, changed.subarray(0, changed.length - 16));
}

describe('changed bytes under a MAC that fits', () => {
  it('an initiation (IK): no byte in front of the macs may change', () => {
    const { receiver, sender, message } = cases['initiation IK']();
    const reasons = new Set<number>();
    for (let index = 1; index < 1168; index += index < 60 ? 1 : 13) {
      reasons.add(receiver.receive(remake(message, index, receiver), sender.source));
      expect(receiver.events).toEqual([]);
    }
    expect(reasons.has(ACCEPTED)).toBe(false);
    expect(reasons.has(DROP_NOT_AUTHENTIC)).toBe(true);
    expect(reasons.has(DROP_MALFORMED)).toBe(true);
    receiver.takeSent();
    expect(receiver.receive(message, sender.source)).toBe(ACCEPTED);
  });

  it.each(['response IK', 'response XX', 'final XX'])('%s: rolls back', (name) => {
    const { receiver, sender, message } = cases[name]();
    const mac = answeredMac(name);
    const reasons = new Set<number>();
    for (let index = 1; index < message.length - 16; index++) {
      reasons.add(receiver.receive(remake(message, index, receiver, mac), sender.source));
    }
    expect(reasons.has(ACCEPTED)).toBe(false);
    expect(receiver.receive(message, sender.source)).toBe(ACCEPTED);
  });
});

/** The MAC that a message answers: the runs are all alike, so it is taken from another one. */
function answeredMac(name: string): Uint8Array {
  if (name === 'final XX') return cases['response XX']().message.slice(-16);
  return cases[name === 'response IK' ? 'initiation IK' : 'initiation XX']().message.slice(
    1168,
    1184,
  );
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
    const unknownVersion = cases['initiation XX']().message.slice();
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
      const {
        receiver: b,
        sender: a,
        message,
      } = cases[known ? 'initiation IK' : 'initiation XX']();
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
    const { receiver: b, sender: a, message } = cases['initiation IK']();
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
