/**
 * The witnesses object to what they are there for: a check that never fails checks nothing.
 */

import { describe, expect, it } from 'vitest';
import { EventRing } from '../../lib/core/event-ring.js';
import { batchToOpen, batchToSeal, bytesOf, filled, trafficKey } from '../unit/crypto/packets.js';
import { AuditedProtection } from './audited-protection.js';
import { Scheduler } from './clock/scheduler.js';
import type { AppConnection, AppStats, SimulatedEndpoint } from './core-face.js';
import { Host } from './host.js';
import { IDEAL_HOST } from './host-model.js';
import { Invariants } from './invariants.js';
import { Network } from './network.js';
import { PlainProtection } from './plain-protection.js';
import { Rng } from './rng.js';
import { Trace } from './trace.js';

const SANE: AppStats = {
  smoothedRttUs: 1000,
  minRttUs: 900,
  congestionWindow: 12_000,
  slowStartThreshold: Number.POSITIVE_INFINITY,
  bytesInFlight: 0,
  pathMtu: 1200,
  packetsSent: 10,
  packetsLost: 1,
  spuriouslyLost: 0,
  probeTimeouts: 0,
  keyUpdates: 0,
  ecn: 'unknown',
};

/** A host at time 1,000 whose endpoint looks as given. */
function looking(endpoint: Partial<SimulatedEndpoint>, stats: Partial<AppStats> = {}): () => void {
  const network = new Network(new Scheduler(1000), new Trace());
  const connection = {
    phase: 'open',
    deadlineUs: 2000,
    stats: () => ({ ...SANE, ...stats }),
  } as Partial<AppConnection> as AppConnection;
  const whole = {
    events: new EventRing(),
    deadlineUs: 2000,
    hasWork: false,
    connectionCount: 1,
    connections: () => [connection],
    ...endpoint,
  } as SimulatedEndpoint;
  const invariants = new Invariants(() => whole);
  const host = new Host('host', network, IDEAL_HOST, new Rng(1), invariants);
  return () => invariants.afterTurn(host, { progress: 0, hasRunTimer: true, isBudgetSpent: false });
}

describe('after a turn', () => {
  it('a host that waits for a moment to come is fine', () => {
    expect(looking({})).not.toThrow();
  });

  it.each([
    ['a deadline in the past', { deadlineUs: 1000 }, {}],
    ['no deadline, and connections', { deadlineUs: Number.POSITIVE_INFINITY }, {}],
    ['a deadline of NaN', { deadlineUs: Number.NaN }, {}],
    ['negative bytes in flight', {}, { bytesInFlight: -1 }],
    ['a window of less than two datagrams', {}, { congestionWindow: 2399 }],
    ['an endless window', {}, { congestionWindow: Number.POSITIVE_INFINITY }],
    ['a round trip of NaN', {}, { smoothedRttUs: Number.NaN }],
    ['more lost than sent', {}, { packetsLost: 11 }],
  ] as const)('%s is not', (_name, endpoint, stats) => {
    expect(looking(endpoint, stats)).toThrow();
  });

  it('turns that do nothing are a busy loop', () => {
    const turn = looking({});
    for (let count = 0; count < 20; count++) turn();
    expect(turn).toThrow('does nothing');
  });
});

describe('amplification', () => {
  it('is three times what came, until the address has proved something', () => {
    const network = new Network(new Scheduler(), new Trace());
    const invariants = new Invariants(() => ({}) as SimulatedEndpoint);
    const host = new Host('host', network, IDEAL_HOST, new Rng(1), invariants);
    invariants.onReceived(host, 7, 100);
    expect(() => invariants.onSent(host, 7, 300)).not.toThrow();
    expect(() => invariants.onSent(host, 7, 1)).toThrow('proved nothing');
    invariants.free(7);
    expect(() => invariants.onSent(host, 7, 10_000)).not.toThrow();
  });
});

describe('packets and keys', () => {
  function audited(inner = new PlainProtection({ maxSlots: 4 })): {
    readonly protection: AuditedProtection;
    readonly objections: string[];
    readonly opened: number[];
  } {
    const objections: string[] = [];
    const opened: number[] = [];
    const protection = new AuditedProtection(
      inner,
      (what) => objections.push(what),
      (remote) => opened.push(remote),
    );
    return { protection, objections, opened };
  }

  it('that rise and come once are fine, and counted', () => {
    const { protection, objections, opened } = audited();
    const seal = protection.installKey(trafficKey('aes-128-gcm', 'seal'));
    const open = protection.installKey(trafficKey('aes-128-gcm', 'open'));
    const batch = batchToSeal(
      [1, 2].map((number) => ({ key: seal, number, payload: filled(9, 1) })),
    );
    protection.seal(batch, 0, 2);
    const packets = [0, 1].map((row) => ({ key: open, packet: bytesOf(batch, row) }));
    protection.open(batchToOpen([...packets, ...packets]), 0, 4);
    protection.retireKey(open);
    protection.retireKey(open);
    expect(objections).toEqual([]);
    expect([protection.packetsSealed, protection.packetsOpened, protection.liveKeys]).toEqual([
      2, 2, 1,
    ]);
    expect(opened).toEqual([0, 0]);
  });

  it('that are sealed again are objected to', () => {
    const { protection, objections } = audited();
    const key = protection.installKey(trafficKey('aes-128-gcm', 'seal'));
    const seal = (number: number): void => {
      protection.seal(batchToSeal([{ key, number, payload: filled(9, 1) }]), 0, 1);
    };
    seal(3);
    seal(3);
    expect(objections.length).toBe(1);
  });

  it('that a provider seals or accepts again are objected to', () => {
    const inner = new PlainProtection({ maxSlots: 4 });
    // A provider without memory.
    const { protection, objections } = audited(
      Object.assign(Object.create(inner), {
        installKey: () => 5,
        seal: (_batch: unknown, from: number, to: number) => to - from,
        open: (_batch: unknown, from: number, to: number) => to - from,
      }),
    );
    const key = protection.installKey(trafficKey('aes-128-gcm', 'seal'));
    const rows = [4, 4].map((number) => ({ key, number, payload: filled(9, 1) }));
    protection.seal(batchToSeal(rows), 0, 2);
    expect(objections).toEqual(['packet number 4 was sealed after 4']);
    protection.open(batchToSeal(rows), 0, 2);
    expect(objections[1]).toBe('packet 4 was accepted twice');
  });
});
