/**
 * Messages that are cut off or changed: dropped, counted, no DH before a MAC fits, no reply, no change; and behind all
 * of it the genuine message still works.
 */

import { describe, expect, it } from 'vitest';
import {
  ACCEPTED,
  DROP_MALFORMED,
  DROP_NOT_AUTHENTIC,
} from '../../../../lib/core/handshake/drop-reasons.js';
import { mac1Key, withAnswerMac, writeMac1 } from '../../../../lib/core/handshake/macs.js';
import { Node, type NodeOptions } from '../../../support/handshake-net.js';
import { type CountingPrimitives, testPrimitives } from '../../../support/test-primitives.js';

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
