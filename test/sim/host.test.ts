/**
 * The host drives an endpoint as the driver does: order of a turn, batches, timers, stalls, refusals.
 */

import { describe, expect, it } from 'vitest';
import { LENGTH, OFFSET, REMOTE, ROW_SHIFT, STATUS } from '../../lib/batch/layout.js';
import type { PacketBatch } from '../../lib/batch/packet-batch.js';
import { EVENT_DATAGRAM_ROOM, EventRing } from '../../lib/core/event-ring.js';
import { Scheduler } from './clock/scheduler.js';
import type { DrivenEndpoint } from './core-face.js';
import { Host } from './host.js';
import { type HostModel, IDEAL_HOST } from './host-model.js';
import { Network } from './network.js';
import { Rng } from './rng.js';
import { Trace } from './trace.js';

/** Does what it is told and notes what is done to it. */
class ScriptedEndpoint implements DrivenEndpoint {
  readonly events = new EventRing();
  readonly log: string[] = [];
  deadlineUs = Number.POSITIVE_INFINITY;
  hasWork = false;
  /** Lengths of the datagrams that the next calls of `transmit` make. */
  readonly toSend: number[][] = [];
  slab: Uint8Array | undefined;
  readonly #clock: Scheduler;

  constructor(clock: Scheduler) {
    this.#clock = clock;
  }

  receive(rx: PacketBatch, nowUs: number): void {
    expect(nowUs).toBe(this.#clock.nowUs);
    this.log.push(`receive ${rx.length} at ${nowUs}`);
    this.slab = rx.bytes;
    this.events.push(EVENT_DATAGRAM_ROOM, undefined, undefined);
  }

  onTimer(nowUs: number): void {
    this.log.push(`timer at ${nowUs}`);
    this.deadlineUs = Number.POSITIVE_INFINITY;
  }

  onStall(nowUs: number): void {
    this.log.push(`stall at ${nowUs}`);
  }

  transmit(tx: PacketBatch, nowUs: number): number {
    const lengths = this.toSend.shift() ?? [];
    if (lengths.length > 0) this.log.push(`transmit ${lengths.length} at ${nowUs}`);
    this.hasWork = this.toSend.length > 0;
    let offset = 0;
    lengths.forEach((length, row) => {
      const at = row << ROW_SHIFT;
      tx.rows[at + OFFSET] = offset;
      tx.rows[at + LENGTH] = length;
      tx.rows[at + REMOTE] = 2;
      tx.rows[at + STATUS] = 0;
      offset += length;
    });
    tx.length = lengths.length;
    return tx.length;
  }

  onUnsent(tx: PacketBatch, row: number, errno: number): void {
    this.log.push(`unsent ${tx.rows[(row << ROW_SHIFT) + LENGTH]}: errno ${errno}`);
  }

  endTurn(): void {
    this.log.push('end');
  }
}

function machine(model: Partial<HostModel> = {}): {
  endpoint: ScriptedEndpoint;
  host: Host;
  network: Network;
  scheduler: Scheduler;
  arrived: number[];
} {
  const scheduler = new Scheduler(1000);
  const network = new Network(scheduler, new Trace());
  const endpoint = new ScriptedEndpoint(scheduler);
  const observer = {
    onReceived: () => undefined,
    onSent: () => undefined,
    afterTurn: () => undefined,
  };
  const host = new Host('host', network, { ...IDEAL_HOST, ...model }, new Rng(1), observer);
  host.install(endpoint, { onEvent: (kind) => endpoint.log.push(`event ${kind}`) });
  const arrived: number[] = [];
  const sink = network.addAddress({
    deliver: (datagram) => {
      arrived.push(datagram.length);
      network.pool.release(datagram);
    },
  });
  network.route(sink, host.address, []);
  network.route(host.address, sink, []);
  return { endpoint, host, network, scheduler, arrived };
}

describe('a turn', () => {
  it('receives, tells, runs the timer, transmits and ends, in this order', () => {
    const { endpoint, network, scheduler, arrived } = machine();
    endpoint.deadlineUs = 900;
    endpoint.toSend.push([100, 200], [300]);
    network.send(2, 1, new Uint8Array(50), 0, 50);
    scheduler.runUntil(2000);
    const expected = ['receive 1 at 1000', `event ${EVENT_DATAGRAM_ROOM}`, 'timer at 1000'];
    expect(endpoint.log).toEqual([...expected, 'transmit 2 at 1000', 'transmit 1 at 1000', 'end']);
    expect(arrived).toEqual([100, 200, 300]);
  });

  it('takes what arrived before it as one batch, and poisons it afterwards', () => {
    const { endpoint, network, scheduler } = machine({ wakeUs: 30 });
    for (let number = 0; number < 3; number++) {
      network.send(2, 1, new Uint8Array(50).fill(7), 0, 50);
      scheduler.runUntil(scheduler.nowUs + 10);
    }
    scheduler.runUntil(2000);
    expect(endpoint.log[0]).toBe('receive 3 at 1030');
    expect(endpoint.slab!.subarray(0, 150).includes(7)).toBe(false);
  });

  it('stops at its budget and goes on in the next one, when the host is free again', () => {
    const { endpoint, host, scheduler } = machine({ budgetDatagrams: 2, turnUs: 50 });
    endpoint.toSend.push([100, 200], [300]);
    host.wake();
    scheduler.runUntil(2000);
    expect(endpoint.log).toEqual(['transmit 2 at 1000', 'end', 'transmit 1 at 1050', 'end']);
  });

  it('tells the endpoint what the interface refuses', () => {
    const { endpoint, host, scheduler, arrived } = machine({ interfaceBytes: 1472 });
    endpoint.toSend.push([1472, 1473]);
    host.wake();
    scheduler.runUntil(2000);
    expect(arrived).toEqual([1472]);
    expect(endpoint.log).toContain('unsent 1473: errno 90');
  });
});

describe('time', () => {
  const timerAt = (model: Partial<HostModel>, deadlineUs: number, stallUs = 0): string => {
    const { endpoint, host, scheduler } = machine(model);
    endpoint.deadlineUs = deadlineUs;
    host.wake();
    scheduler.runUntil(1001);
    host.stall(stallUs);
    scheduler.runUntil(100_000);
    return endpoint.log.find((line) => line.startsWith('timer'))!;
  };

  it('is exact on an ideal host', () => {
    expect(timerAt({}, 1234.5)).toBe('timer at 1234.5');
  });

  it('comes in whole ticks, at least one, on a coarse one', () => {
    expect(timerAt({ timerGranularityUs: 1000 }, 1234.5)).toBe('timer at 2000');
    expect(timerAt({ timerGranularityUs: 1000 }, 2000.5)).toBe('timer at 3000');
  });

  it('stands still in a stall: the timer comes at its end', () => {
    expect(timerAt({}, 1234.5, 50_000)).toBe('timer at 51001');
  });

  it('tells the endpoint when a timer is later than timers are', () => {
    const log = (stallUs: number): string[] => {
      const { endpoint, host, scheduler } = machine();
      endpoint.deadlineUs = 2000;
      host.wake();
      scheduler.runUntil(1500);
      host.stall(stallUs);
      scheduler.runUntil(100_000);
      return endpoint.log;
    };
    expect(log(10_500)).toEqual(['end', 'timer at 12000', 'end']);
    expect(log(10_501)).toEqual(['end', 'stall at 12001', 'timer at 12001', 'end']);
  });

  it('forgets a timer that is not wanted any more', () => {
    const { endpoint, host, scheduler } = machine();
    endpoint.deadlineUs = 5000;
    host.wake();
    scheduler.runUntil(2000);
    endpoint.deadlineUs = 9000;
    host.wake();
    scheduler.runUntil(8000);
    expect(endpoint.log).toEqual(['end', 'end']);
    scheduler.runUntil(9000);
    expect(endpoint.log[2]).toBe('timer at 9000');
  });

  it('ends for a host that is down', () => {
    const { endpoint, host, network, scheduler } = machine();
    endpoint.deadlineUs = 5000;
    host.wake();
    scheduler.runUntil(2000);
    host.kill();
    network.send(2, 1, new Uint8Array(50), 0, 50);
    scheduler.runUntil(9000);
    expect(endpoint.log).toEqual(['end']);
    expect([host.isQuiet, network.pool.held]).toEqual([true, 0]);
  });
});
