/**
 * A connection follows its peer (docs/wire-format.md, M1 to M14): NATs that forget, other networks, and somebody in between who
 * sends packets on from elsewhere.
 */

import { describe, expect, it } from 'vitest';
import type { Goal, Side } from './goals/goal.js';
import { StreamGoal } from './goals/stream-goal.js';
import type { LinkSpec } from './links/spec.js';
import { NatWorld, type NatWorldOptions } from './nat-world.js';
import { PATIENCE } from './patience.js';

const TEN_MEGABITS: readonly LinkSpec[] = [
  { kind: 'rate', bitsPerSecond: 10e6, queueBytes: 100_000 },
  { kind: 'delay', delayUs: 10_000 },
];
const bulk = (side: Side, bytes: number) => (): Goal[] => [
  new StreamGoal({ side, bytes, chunkBytes: [65_536, 65_536] }),
];
/** Side 0 sits behind a NAT, and connects. */
const world = (options: Partial<NatWorldOptions>): NatWorld =>
  new NatWorld({ nats: ['portRestricted', undefined], path: TEN_MEGABITS, ...options });

describe('a NAT that gives another port', PATIENCE, () => {
  it.each([0, 1] as const)(
    'three times in one transfer, sent by side %i, loses nothing',
    (sender) => {
      const net = world({ goals: bulk(sender, 6_000_000) });
      // Who receives only asks after a second of silence: each change is noticed before the next one.
      for (const atUs of [1_000_000, 2_500_000, 4_000_000])
        net.at(atUs, () => net.nats[0]!.rebind(false));
      net.runUntilReached(20_000_000);
      expect(net.stats(1)).toMatchObject({ pathSwitches: 3, pathsValidated: 3, pathsFailed: 0 });
      expect(net.stats(0)).toMatchObject({ pathSwitches: 0 });
    },
  );

  it('keeps window and round trip time', () => {
    const net = world({ goals: bulk(0, 20_000_000) });
    net.run(3_000_000);
    const before = net.stats(1);
    net.nats[0]!.rebind(false);
    while (net.stats(1).pathSwitches === 0) net.scheduler.step();
    expect(net.stats(1).congestionWindow).toBe(before.congestionWindow);
    expect(net.stats(1).minRttUs).toBe(before.minRttUs);
    expect(net.stats(1).pathMtu).toBe(1452);
  });

  it('after one second, and every five seconds', () => {
    const net = world({ goals: bulk(0, 20_000_000) });
    for (let atUs = 1_000_000; atUs < 20_000_000; atUs += 5_000_000) {
      net.at(atUs, () => net.nats[0]!.rebind(false));
    }
    net.runUntilReached(25_000_000);
    expect(net.stats(1).pathsValidated).toBe(4);
  });
});

describe('a NAT that forgets while the host behind it only receives', PATIENCE, () => {
  /** The mapping goes, and with it whatever the host says in that moment: it has nothing more to say by itself. */
  const forget = (net: NatWorld): void => {
    const untilUs = net.scheduler.nowUs + 200_000;
    net.onSend = (side) => side === 1 || net.scheduler.nowUs > untilUs;
    net.nats[0]!.rebind(false);
  };

  it('is found out by a question, long before the keep-alive, and the download goes on', () => {
    const net = world({ goals: bulk(1, 6_000_000) });
    net.run(2_000_000);
    forget(net);
    const goneUs = net.scheduler.nowUs;
    while (net.stats(1).pathsValidated === 0) net.scheduler.step();
    expect(net.scheduler.nowUs - goneUs).toBeLessThan(1_500_000);
    net.runUntilReached(10_000_000);
  });
});

describe('another network', PATIENCE, () => {
  it('is asked again whether it carries ECN marks', () => {
    const net = world({
      goals: bulk(1, 8_000_000),
      path: [
        { kind: 'rate', bitsPerSecond: 10e6, queueBytes: 100_000, markBytes: 30_000 },
        { kind: 'delay', delayUs: 10_000 },
      ],
    });
    net.run(3_000_000);
    expect(net.stats(1)).toMatchObject({ ecn: 'capable', packetsLost: 0 });
    net.nats[0]!.rebind(true);
    while (net.stats(1).pathSwitches === 0) net.scheduler.step();
    expect(net.stats(1).ecn).toBe('testing');
    net.runUntilReached(30_000_000);
    expect(net.stats(1)).toMatchObject({ ecn: 'capable', pathsValidated: 1 });
  });

  it('begins window, round trip time and path MTU anew, and goes on', () => {
    const net = world({ goals: bulk(1, 8_000_000) });
    net.run(3_000_000);
    const before = net.stats(1);
    expect(before.pathMtu).toBe(1452);
    net.nats[0]!.rebind(true);
    while (net.stats(1).pathSwitches === 0) net.scheduler.step();
    const after = net.stats(1);
    expect(after.smoothedRttUs).toBe(333_000);
    expect(after.congestionWindow).toBe(12_000);
    expect(after.pathMtu).toBe(1200);
    net.runUntilReached(30_000_000);
    expect(net.stats(1)).toMatchObject({ pathsValidated: 1, pathsFailed: 0, pathMtu: 1452 });
    expect(net.stats(1).minRttUs).toBeLessThan(60_000);
  });
});

/** Copies of what side 0 sends come from an address of somebody's own, earlier than the packets themselves. */
function race(net: NatWorld, fromUs: number, lengthUs: number): void {
  const address = net.strangerAddress(0);
  const beginUs = net.scheduler.nowUs + fromUs;
  net.onSend = (side, bytes) => {
    const { nowUs } = net.scheduler;
    if (side !== 0 || nowUs < beginUs || nowUs > beginUs + lengthUs) return true;
    const copy = bytes.slice();
    const [to, from] = [net.peers[1].host.address, net.nats[0]!.publicAddress];
    net.inject(address, to, copy);
    net.at(5000, () => net.inject(from, to, copy));
    return false;
  };
}

describe('from a hundred megabits to one', PATIENCE, () => {
  it('a transfer goes on at the pace of the new path', () => {
    const slow = { kind: 'rate', bitsPerSecond: 100e6, queueBytes: 250_000 } as const;
    const net = world({
      goals: bulk(1, 20_000_000),
      path: [slow, { kind: 'delay', delayUs: 10_000 }],
    });
    net.run(1_000_000);
    const [goal] = net.session.goals as StreamGoal[];
    expect(goal.bytesRead).toBeGreaterThan(5_000_000);
    net.nats[0]!.rebind(true);
    net.narrow(1e6, 30_000);
    net.run(5_000_000);
    const before = goal.bytesRead;
    net.run(20_000_000);
    const share = ((goal.bytesRead - before) * 8) / 20 / 1e6;
    expect(share).toBeGreaterThan(0.8);
    expect(share).toBeLessThan(1);
    expect(net.stats(1)).toMatchObject({ pathSwitches: 1, pathsValidated: 1 });
  });
});

describe('somebody who sends every packet on, earlier than its sender', PATIENCE, () => {
  it.each([0, 1] as const)('does not take the connection away: goodput of side %i', (sender) => {
    // Ten megabits a second by the sender's own limit: copies must not take part of the path.
    const net = world({
      goals: bulk(sender, 30_000_000),
      path: [{ kind: 'delay', delayUs: 10_000 }],
      config: { connectionRateLimit: 1_250_000 },
    });
    net.run(2_000_000);
    race(net, 0, 10_000_000);
    const [goal] = net.session.goals as StreamGoal[];
    const before = goal.bytesRead;
    net.run(10_000_000);
    // Half of what ten megabits carry in ten seconds.
    expect(goal.bytesRead - before).toBeGreaterThan(6_000_000);
    net.run(5_000_000);
    expect(net.stats(1).pathsFailed).toBeGreaterThan(0);
    expect(net.stats(1).pathsValidated).toBe(0);
    const [connection] = net.peers[1].endpoint.connections();
    expect(connection.peer).toBe(net.nats[0]!.publicAddress);
  });
});

describe('one packet that comes from elsewhere', PATIENCE, () => {
  it('does not move the connection for longer than a round trip', () => {
    const net = world({ goals: bulk(0, 4_000_000) });
    net.run(1_000_000);
    race(net, 0, 15_000);
    net.runUntilReached(10_000_000);
    expect(net.stats(1)).toMatchObject({ pathsFailed: 1, pathsValidated: 0 });
    const [connection] = net.peers[1].endpoint.connections();
    expect(connection.peer).toBe(net.nats[0]!.publicAddress);
  });

  it('makes nobody send more than three times of it to that address', () => {
    const net = world({ goals: bulk(1, 4_000_000) });
    net.run(1_000_000);
    let [received, sent] = [0, 0];
    const victim = net.strangerAddress(0, {
      deliver: (datagram) => {
        sent += datagram.length;
        net.drop(datagram);
      },
    });
    net.onSend = (side, bytes) => {
      if (side !== 0 || received > 0) return true;
      received += bytes.length;
      net.inject(victim, net.peers[1].host.address, bytes.slice());
      return true;
    };
    net.runUntilReached(20_000_000);
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThanOrEqual(3 * received);
  });
});
