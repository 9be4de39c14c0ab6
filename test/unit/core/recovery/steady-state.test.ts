/**
 * Nothing grows while packets come and go: a million of them through the rings, clean, with losses, and with ACKs that
 * somebody made to hurt (clauses R5, R6, R10).
 */

import { describe, expect, it } from 'vitest';
import { ReceivedPackets } from '../../../../lib/core/recovery/received-packets.js';
import { Recovery } from '../../../../lib/core/recovery/recovery.js';
import { SENT_STREAM } from '../../../../lib/core/wire/sent-kinds.js';
import { Recorder, seededRandom } from './harness.js';

const IN_FLIGHT = 500;
const PER_ACK = 10;

/** A sender and what its peer has received; each `turn` sends up to the window and acknowledges ten packets. */
class Flow {
  readonly recovery = new Recovery({ random: seededRandom(5) });
  readonly received = new ReceivedPackets();
  readonly #queue = new Float64Array(1024);
  readonly #isLost: (number: number) => boolean;
  ackedBytes = 0;
  lostBytes = 0;
  sent = 0;
  #head = 0;
  #tail = 0;
  #nowUs = 1;

  constructor(isLost: (number: number) => boolean) {
    this.#isLost = isLost;
  }

  onFrameAcked(_kind: number, _id: number, _offset: number, length: number): void {
    this.ackedBytes += length;
  }

  onFrameLost(_kind: number, _id: number, _offset: number, length: number): void {
    this.lostBytes += length;
  }

  turn(): void {
    const { recovery, received } = this;
    this.#nowUs += 20;
    while (this.#tail - this.#head < IN_FLIGHT) {
      recovery.beginPacket();
      this.#queue[this.#tail++ & 1023] = recovery.nextPacketNumber;
      recovery.recordFrame(SENT_STREAM, 0, this.sent * 1000, 1000);
      recovery.commitPacket(this.#nowUs, 1029, true, false, false);
      this.sent++;
    }
    for (let index = 0; index < PER_ACK; index++) {
      const number = this.#queue[this.#head++ & 1023];
      if (!this.#isLost(number)) received.onPacket(number, this.#nowUs, true, 0);
    }
    const error = recovery.onAck(received.ranges, received.rangeCount, 0, this.#nowUs, this);
    if (error !== 0) throw new Error(`error ${error}`);
  }
}

describe('a million packets', () => {
  it('acknowledged in order fit into rings for those in flight', () => {
    const flow = new Flow(() => false);
    while (flow.sent < 10_000) flow.turn();
    expect(flow.recovery.capacities).toEqual([512, 512, 0]);
    while (flow.sent < 1_000_000) flow.turn();
    expect(flow.recovery.capacities).toEqual([512, 512, 0]);
    expect(flow.recovery.bytesInFlight).toBe((IN_FLIGHT - PER_ACK) * 1029);
    expect(flow.ackedBytes).toBe((flow.sent - IN_FLIGHT + PER_ACK) * 1000);
    expect(flow.lostBytes).toBe(0);
  });

  it('of which one in a hundred is lost fit into those and the memory of lost ones', () => {
    const flow = new Flow((number) => number % 100 === 99);
    while (flow.sent < 50_000) flow.turn();
    const before = flow.recovery.capacities;
    expect(before[0]).toBeLessThanOrEqual(2 ** 14);
    while (flow.sent < 1_000_000) flow.turn();
    expect(flow.recovery.capacities).toEqual(before);
    expect(flow.ackedBytes + flow.lostBytes).toBe(
      flow.sent * 1000 - (flow.recovery.bytesInFlight / 1029) * 1000,
    );
    expect(flow.recovery.packetsLost).toBeGreaterThan(9000);
    expect(flow.recovery.spuriouslyLost).toBe(0);
  });
});

it('ten thousand ACKs of 256 ranges each report every packet once and make nothing grow', () => {
  const recovery = new Recovery({ random: seededRandom(5), skipPeriod: Number.POSITIVE_INFINITY });
  const recorder = new Recorder();
  for (let number = 0; number < 2000; number++) {
    recovery.beginPacket();
    recovery.recordFrame(0x10, number, 0, 0);
    recovery.commitPacket(number, 1200, true, false, false);
  }
  const before = recovery.capacities;
  const ranges = new Float64Array(512);
  for (let round = 0; round < 10_000; round++) {
    // Every other number, from another place each time: all of them are late but the first.
    const largest = 1999 - ((round * 7) % 1400);
    for (let index = 0; index < 256; index++)
      ranges.fill(largest - 2 * index, 2 * index, 2 * index + 2);
    expect(recovery.onAck(ranges, 256, 0, 3000, recorder)).toBe(0);
  }
  expect(recovery.capacities.slice(0, 2)).toEqual(before.slice(0, 2));
  expect(new Set(recorder.acked).size).toBe(recorder.acked.length);
  expect(new Set(recorder.lost).size).toBe(recorder.lost.length);
  expect(recovery.bytesInFlight).toBeGreaterThanOrEqual(0);
  expect(recovery.bytesInFlight).toBeLessThanOrEqual(3 * 1200);
});
