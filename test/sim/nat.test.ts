/** Two endpoints behind NATs that connect to each other at once: holes are punched by the handshakes themselves. */

import { describe, expect, it } from 'vitest';
import { StreamGoal } from './goals/stream-goal.js';
import type { NatKind } from './nat.js';
import { NatWorld } from './nat-world.js';
import { PATIENCE } from './patience.js';

const KINDS: readonly NatKind[] = ['fullCone', 'addressRestricted', 'portRestricted'];
const PAIRS = KINDS.flatMap((left) => KINDS.map((right) => [left, right] as const));

function meet(
  nats: readonly [NatKind, NatKind],
  isIpv6: boolean,
  offsetUs: number,
  strangers = false,
) {
  return new NatWorld({
    nats,
    isIpv6,
    areStrangers: strangers,
    connects: [
      { side: 0, atUs: offsetUs },
      { side: 1, atUs: 0 },
    ],
    goals: () => [
      new StreamGoal({ side: 0, bytes: 5000 }),
      new StreamGoal({ side: 1, bytes: 5000 }),
    ],
  });
}

describe.each([
  ['IPv4', false],
  ['IPv6', true],
] as const)('over %s', (_name, isIpv6) => {
  describe.each([0, 5000, 300_000])('when one begins %i us later', PATIENCE, (offsetUs) => {
    it.each(PAIRS)('%s and %s end with one connection', (left, right) => {
      const net = meet([left, right], isIpv6, offsetUs);
      net.runUntilReached(10_000_000);
      net.run(15_000_000);
      expect(net.peers.map(({ endpoint }) => endpoint.connectionCount)).toEqual([1, 1]);
      expect(net.session.connections.map((connection) => connection!.phase)).toEqual([
        'open',
        'open',
      ]);
    });
  });

  it('strangers do, too', PATIENCE, () => {
    const net = meet(['portRestricted', 'portRestricted'], isIpv6, 0, true);
    net.runUntilReached(10_000_000);
    net.run(15_000_000);
    expect(net.peers.map(({ endpoint }) => endpoint.connectionCount)).toEqual([1, 1]);
  });

  it('a symmetric one and a restricted one do not meet, and hear of a timeout', PATIENCE, () => {
    const net = meet(['symmetric', 'portRestricted'], isIpv6, 0);
    expect(() => net.run(600_000_000)).toThrow('could not connect: timeout');
    expect(net.nats.map((nat) => nat!.refused > 0)).toEqual([true, true]);
  });
});
