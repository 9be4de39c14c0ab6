/**
 * No address is ever sent more than it has sent: an attacker with any number of genuine messages, any sources, any
 * timing and any load. Addresses that nobody has validated are what a reflector would aim at.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Source } from '../../lib/core/handshake/source.js';
import { Node } from '../support/handshake-net.js';
import { toyPrimitives } from '../support/toy-primitives.js';

const runs = Number(process.env.BURSTWIRE_PROPERTY_RUNS ?? 300);

/** Everything that an attacker could have: initiations of all kinds, answers, cookies. */
function arsenal(target: Node): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let index = 0; index < 6; index++) {
    const attacker = new Node('m', {
      primitives: toyPrimitives(100 + index),
      ...(index === 4 ? { versions: [7, 0x62770001] } : {}),
      ...(index === 5 ? { suites: [3] } : {}),
    });
    attacker.connect(target, index % 2 === 0);
    const first = attacker.takeSent()[0].bytes;
    list.push(first, first.subarray(0, 1199), first.subarray(0, 100));
    const helper = new Node('b', {
      primitives: target.primitives,
      identity: target.identity,
      cookiesFrom: index === 2 ? 0 : 1000,
    });
    helper.receive(first, attacker.source);
    for (const { bytes } of helper.takeSent()) list.push(bytes);
  }
  return list;
}

const step = fc.record({
  message: fc.nat({ max: 1000 }),
  source: fc.nat({ max: 4 }),
  waitUs: fc.constantFrom(0, 0, 10, 60_000, 400_000, 11_000_000, 130_000_000),
});

it('bytes out never exceed bytes in, for any address, at any time', () => {
  const model = new Node('b', { primitives: toyPrimitives(2) });
  const messages = arsenal(model);
  const options = fc.record({
    cookiesFrom: fc.constantFrom(0, 2, 1000),
    halfOpenMax: fc.constantFrom(1, 3, 1000),
    suites: fc.constantFrom([1, 2, 3], [3]),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), options, (steps, settings) => {
      const { identity } = model;
      const node = new Node('b', { primitives: toyPrimitives(2), identity, ...settings });
      const balance = new Map<number, number>();
      for (const { message, source, waitUs } of steps) {
        node.nowUs += waitUs;
        if (node.handshakes.deadlineUs <= node.nowUs) node.handshakes.onTimer(node.nowUs);
        const bytes = messages[message % messages.length];
        const from: Source = {
          address: Uint8Array.of(9, 9, 9, source),
          port: 1000 + source,
          peer: source,
        };
        balance.set(source, (balance.get(source) ?? 0) + bytes.length);
        node.receive(bytes, from);
        for (const sent of node.takeSent()) {
          balance.set(sent.to.peer, (balance.get(sent.to.peer) ?? 0) - sent.bytes.length);
        }
        for (const left of balance.values()) expect(left).toBeGreaterThanOrEqual(0);
      }
    }),
    { numRuns: runs },
  );
});
