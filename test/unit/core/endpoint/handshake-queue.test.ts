/**
 * Handshake messages that cost work: a slice of them at a time, the others wait, in order and within bounds.
 */

import { describe, expect, it } from 'vitest';
import { LENGTH, OFFSET, REMOTE, ROW_SHIFT } from '../../../../lib/batch/layout.js';
import { PacketBatch } from '../../../../lib/batch/packet-batch.js';
import type { Admission } from '../../../../lib/core/endpoint/admission.js';
import { EndpointCounts } from '../../../../lib/core/endpoint/endpoint-counts.js';
import { FaultGuard } from '../../../../lib/core/endpoint/fault-guard.js';
import { HandshakeQueue, WAITING_MAX } from '../../../../lib/core/endpoint/handshake-queue.js';
import {
  ACCEPTED,
  DROP_BAD_MAC,
  DROP_MALFORMED,
  DROP_NOT_AUTHENTIC,
} from '../../../../lib/core/handshake/drop-reasons.js';
import {
  TYPE_COOKIE,
  TYPE_FINAL,
  TYPE_INITIATION,
  TYPE_RESPONSE,
  TYPE_VERSIONS,
} from '../../../../lib/core/handshake/protocol.js';
import { SimulatedAddresses } from '../../../sim/surroundings.js';

const MESSAGE_BYTES = 100;
const COSTLY_AT_ONCE = 2;
const CHEAP_AT_ONCE = 32;

/** A queue whose admission notes the numbers of the messages that it gets; message n comes from address n. */
class World {
  readonly counts = new EndpointCounts();
  readonly addresses = new SimulatedAddresses();
  readonly handled: number[] = [];
  readonly senders: number[] = [];
  readonly faults: unknown[] = [];
  readonly queue: HandshakeQueue;
  #next = 0;

  constructor(onMessage: (number: number) => number) {
    const admission = {
      onMessage: (message: Uint8Array, { peer }: { peer: number }) => {
        const number = new DataView(message.buffer, message.byteOffset).getUint32(1);
        this.handled.push(number);
        this.senders.push(peer);
        return onMessage(number);
      },
    } as unknown as Admission;
    const guard = new FaultGuard(
      this.counts,
      () => undefined,
      (error) => this.faults.push(error),
    );
    this.queue = new HandshakeQueue(admission, this.addresses, this.counts, guard);
  }

  /** A batch of that many messages, whose bytes are gone afterwards. */
  receive(count: number, type = TYPE_INITIATION): void {
    const rx = new PacketBatch(count * MESSAGE_BYTES, count);
    this.queue.beginSlice();
    for (let row = 0; row < count; row++) {
      const at = row << ROW_SHIFT;
      const offset = row * MESSAGE_BYTES;
      rx.bytes[offset] = type;
      new DataView(rx.bytes.buffer, rx.bytes.byteOffset).setUint32(offset + 1, this.#next);
      rx.rows[at + OFFSET] = offset;
      rx.rows[at + LENGTH] = MESSAGE_BYTES;
      rx.rows[at + REMOTE] = this.#next++;
      this.queue.onRow(rx, row, 0);
    }
    rx.bytes.fill(0xee);
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('handshake messages of one batch', () => {
  it.each([
    ['that cost key agreements', ACCEPTED, COSTLY_AT_ONCE],
    ['that fail after one', DROP_NOT_AUTHENTIC, COSTLY_AT_ONCE],
    ['whose inside is malformed', DROP_MALFORMED, COSTLY_AT_ONCE],
    ['that cost none', DROP_BAD_MAC, CHEAP_AT_ONCE],
  ])('%s are handled a slice at a time, each once and in order', (_, reason, atOnce) => {
    const world = new World(() => reason);
    world.receive(200);
    expect(world.handled.length).toBe(atOnce);
    expect(world.addresses.pinned).toBe(200 - atOnce);
    for (let slices = 2; world.queue.length > 0; slices++) {
      world.queue.drain(0);
      expect(world.handled.length).toBe(Math.min(slices * atOnce, 200));
    }
    expect(world.handled).toEqual(upTo(200));
    expect(world.senders).toEqual(upTo(200));
    expect(world.addresses.pinned).toBe(0);
    expect(world.counts.receivedHandshakes).toBe(200);
    expect(world.counts.droppedByLoad).toBe(0);
  });

  it('wait behind those that waited before', () => {
    const world = new World(() => ACCEPTED);
    world.receive(20);
    world.receive(1, TYPE_FINAL);
    while (world.queue.length > 0) world.queue.drain(0);
    expect(world.handled).toEqual(upTo(21));
  });

  it('are dropped and counted where more would wait than may', () => {
    const world = new World(() => ACCEPTED);
    world.receive(WAITING_MAX + COSTLY_AT_ONCE + 500);
    expect(world.queue.length).toBe(WAITING_MAX);
    expect(world.counts.droppedByLoad).toBe(500);
    while (world.queue.length > 0) world.queue.drain(0);
    expect(world.handled).toEqual(upTo(WAITING_MAX + COSTLY_AT_ONCE));
  });

  it('never wait in larger numbers, however long more come than are handled', () => {
    const world = new World(() => ACCEPTED);
    for (let batch = 0; batch < 50; batch++) {
      world.receive(WAITING_MAX);
      world.queue.drain(0);
      expect(world.queue.length).toBeLessThanOrEqual(WAITING_MAX);
      expect(world.addresses.pinned).toBe(world.queue.length);
    }
    while (world.queue.length > 0) world.queue.drain(0);
    const { receivedHandshakes, droppedByLoad } = world.counts;
    expect(receivedHandshakes + droppedByLoad).toBe(50 * WAITING_MAX);
    expect(world.handled).toEqual([...new Set(world.handled)].sort((a, b) => a - b));
  });

  it.each([
    ['response', TYPE_RESPONSE],
    ['cookie', TYPE_COOKIE],
    ['version list', TYPE_VERSIONS],
  ])('do not wait when they answer us: %s', (_, type) => {
    const world = new World(() => ACCEPTED);
    world.receive(200, type);
    expect(world.handled).toEqual(upTo(200));
  });

  it('do not keep those behind from their turn when one of them throws', () => {
    const world = new World((number) => {
      if (number % 3 === 0) throw new Error(`${number}`);
      return ACCEPTED;
    });
    world.receive(30);
    while (world.queue.length > 0) world.queue.drain(0);
    expect(world.handled).toEqual(upTo(30));
    expect(world.faults.length).toBe(10);
    expect(world.addresses.pinned).toBe(0);
  });

  it('leave no address behind when they are given up', () => {
    const world = new World(() => ACCEPTED);
    world.receive(50);
    world.queue.drain(0);
    world.queue.clear();
    expect(world.addresses.pinned).toBe(0);
    expect(world.queue.length).toBe(0);
    expect(world.counts.droppedByLoad).toBe(50 - 2 * COSTLY_AT_ONCE);
    world.receive(1);
    expect(world.handled.at(-1)).toBe(50);
  });
});
