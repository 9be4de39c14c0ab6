/**
 * Recovery as one would write it without any thought of speed: a list of objects that is searched again and again.
 *
 * It takes the round trip time from the Recovery that it is compared with; everything else it works out by itself, from
 * the clauses R4 to R15 (how wide the thresholds are, R19 to R21, has tests of its own in reordering.test.ts) of docs/recovery.md.
 */

import type { Rtt } from '../../../../lib/core/recovery/rtt.js';

export interface ModelPacket {
  readonly number: number;
  readonly sentUs: number;
  readonly bytes: number;
  readonly isAckEliciting: boolean;
  readonly isProbe: boolean;
  state: 'outstanding' | 'acked' | 'lost';
  lostUs: number;
  isRemembered: boolean;
  isRequeued: boolean;
}

const MAX_DELAY_US = 25_000;

export class Model {
  packets: ModelPacket[] = [];
  largestAcked = -1;
  ptoCount = 0;
  spuriouslyLost = 0;
  /** Taken from the Recovery that it is compared with, as the round trip time is. */
  packetThreshold = 3;
  timeThreshold = 1.125;
  suspendedUs = Number.NEGATIVE_INFINITY;
  firedUs = Number.NEGATIVE_INFINITY;
  /** Numbers of packets whose frames were reported, in order. */
  acked: number[] = [];
  lost: number[] = [];
  /** Of the last operation. */
  ackedBytes = 0;
  lostBytes = 0;

  send(packet: Omit<ModelPacket, 'state' | 'lostUs' | 'isRemembered' | 'isRequeued'>): void {
    const fate = {
      state: 'outstanding',
      lostUs: 0,
      isRemembered: false,
      isRequeued: false,
    } as const;
    this.packets.push({ ...packet, ...fate });
  }

  get outstanding(): ModelPacket[] {
    return this.packets.filter((packet) => packet.state === 'outstanding');
  }

  get inFlight(): ModelPacket[] {
    return this.outstanding.filter((packet) => packet.isAckEliciting);
  }

  get bytesInFlight(): number {
    return this.inFlight.reduce((sum, packet) => sum + packet.bytes, 0);
  }

  /** First half of an ACK: the round trip time is not updated yet. True when it was the sign of life that ends a backoff. */
  acknowledge(numbers: ReadonlySet<number>): void {
    this.ackedBytes = 0;
    let isAlive = false;
    const oldest = this.outstanding[0]?.number ?? Number.POSITIVE_INFINITY;
    for (const packet of this.packets) {
      if (!numbers.has(packet.number) || packet.state === 'acked') continue;
      if (packet.state === 'lost') {
        if (!packet.isRemembered || packet.number >= oldest) continue;
        packet.isRemembered = false;
        this.spuriouslyLost++;
      } else if (packet.isAckEliciting) {
        this.ackedBytes += packet.bytes;
      }
      packet.state = 'acked';
      isAlive ||= packet.isAckEliciting;
      this.acked.push(packet.number);
    }
    if (isAlive) this.ptoCount = 0;
    this.largestAcked = Math.max(this.largestAcked, ...numbers);
  }

  /** Second half of an ACK, or a timer: what is lost by now. */
  detect(nowUs: number, rtt: Rtt, lostUpTo = -1): void {
    this.lostBytes = 0;
    const delayUs = Math.max(this.timeThreshold * Math.max(rtt.smoothedUs, rtt.latestUs), 1000);
    for (const packet of this.outstanding) {
      if (packet.number > lostUpTo) {
        if (packet.number > this.largestAcked) continue;
        const isByNumber = this.#packetsUpToLargest(packet.number) >= this.packetThreshold;
        if (!isByNumber && packet.sentUs + delayUs > nowUs) continue;
      }
      packet.state = 'lost';
      packet.lostUs = nowUs;
      packet.isRemembered = packet.isAckEliciting;
      if (!packet.isRequeued) this.lost.push(packet.number);
      if (packet.isAckEliciting && !packet.isProbe) this.lostBytes += packet.bytes;
    }
    const forgetUs = nowUs - rtt.ptoUs(MAX_DELAY_US);
    for (const packet of this.packets) {
      if (packet.isRemembered && packet.lostUs <= forgetUs) packet.isRemembered = false;
    }
  }

  deadlineUs(rtt: Rtt): number {
    const waiting = this.outstanding.find((packet) => packet.number <= this.largestAcked);
    if (waiting !== undefined) {
      return (
        waiting.sentUs + Math.max(this.timeThreshold * Math.max(rtt.smoothedUs, rtt.latestUs), 1000)
      );
    }
    const { inFlight } = this;
    if (inFlight.length === 0) return Number.POSITIVE_INFINITY;
    const ptoUs = rtt.smoothedUs + Math.max(4 * rtt.varianceUs, 1000) + MAX_DELAY_US;
    const isLoneProbe = inFlight.every((packet) => packet.isProbe);
    const last = this.packets
      .filter((packet) => packet.isAckEliciting && packet.isProbe === isLoneProbe)
      .at(-1)!;
    const fromUs = Math.max(last.sentUs, this.suspendedUs);
    if (isLoneProbe) return fromUs + 3 * ptoUs;
    return Math.max(fromUs + ptoUs * 2 ** this.ptoCount, this.firedUs + ptoUs);
  }

  /** Packets that were sent after `number` and up to the largest acknowledged one. */
  #packetsUpToLargest(number: number): number {
    return this.packets.filter(
      (packet) => packet.number > number && packet.number <= this.largestAcked,
    ).length;
  }
}
