/**
 * Unreliable datagrams at a bitrate: what sends them evenly, and what counts those that come.
 *
 * Used by both sides of `burstwire perf --datagrams`. A late timer sends what was due in one burst, but never more than
 * `BURST_MAX` of it: a process that slept must not flood. Invariant: what could not be sent here is counted, not hidden,
 * and not taken for sent.
 */

import type { Connection } from '../../index.js';
import { DatagramCounts, HEADER_BYTES, sumCounts, writeHeader } from './datagram-counts.js';
import type { Totals, Traffic } from './traffic.js';

const TICK_MS = 1;
const BURST_MAX = 512;
/** Without a bitrate: datagrams of one turn, before others have theirs. */
const TURN_MAX = 64;
const NEVER = new Promise<void>(() => {});

const nowUs = (): number => performance.now() * 1000;

export class DatagramSender implements Traffic {
  readonly finished = NEVER;
  readonly #connections: readonly Connection[];
  readonly #perSecond: number;
  readonly #bytes: Buffer;
  /** Numbers that were given, by connection: all that were to go. */
  readonly #numbered: number[];
  /** What had gone before the test. */
  readonly #before: readonly number[];
  #next = 0;
  #due = 0;
  #lastMs = performance.now();
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #isStopped = false;

  /**
   * @param length bytes of a datagram; at least `HEADER_BYTES` are sent
   * @param bitrate of all connections together; 0: as fast as they go
   */
  constructor(connections: readonly Connection[], length: number, bitrate: number) {
    this.#connections = connections;
    this.#numbered = connections.map(() => 0);
    this.#before = connections.map((connection) => connection.stats().datagramsSent);
    this.#bytes = Buffer.alloc(Math.max(length, HEADER_BYTES), 'burstwire ');
    this.#perSecond = bitrate / 8 / this.#bytes.length;
    this.#turn();
  }

  /** After `stop` what waits may go on its way; what waits still when it is asked counts as dropped. */
  totals(): Totals {
    const size = this.#bytes.length;
    const stats = this.#connections.map((connection) => connection.stats());
    const sent = stats.map((one, lane) => one.datagramsSent - this.#before[lane]);
    const sum = (all: readonly number[]): number => all.reduce((total, one) => total + one, 0);
    const count = sum(sent);
    const waiting = this.#isStopped ? 0 : sum(stats.map((one) => one.datagramsWaiting));
    return {
      bytes: count * size,
      lanes: sent.map((one) => one * size),
      count,
      dropped: Math.max(0, sum(this.#numbered) - count - waiting),
    };
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer as NodeJS.Timeout);
    clearImmediate(this.#timer as NodeJS.Immediate);
  }

  #turn(): void {
    if (this.#isStopped) return;
    const isPaced = this.#perSecond > 0;
    // Unpaced, a full queue is room to wait for, not datagrams to lose.
    let room = isPaced ? 0 : TURN_MAX - this.#connections[this.#next].stats().datagramsWaiting;
    if (isPaced) {
      const nowMs = performance.now();
      this.#due += ((nowMs - this.#lastMs) * this.#perSecond) / 1000;
      this.#lastMs = nowMs;
      this.#due = Math.min(this.#due, BURST_MAX);
      room = Math.floor(this.#due);
      this.#due -= room;
    }
    // Paced, they take turns by datagram; else by turn.
    const first = this.#next;
    const count = this.#connections.length;
    for (let i = 0; i < room; i++) this.#sendOne(isPaced ? (first + i) % count : first);
    this.#next = (first + (isPaced ? room : 1)) % count;
    this.#timer = isPaced
      ? setTimeout(() => this.#turn(), TICK_MS)
      : setImmediate(() => this.#turn());
  }

  #sendOne(lane: number): void {
    writeHeader(this.#bytes, this.#numbered[lane], nowUs());
    this.#numbered[lane]++;
    this.#connections[lane].sendDatagram(this.#bytes);
  }
}

export class DatagramReceiver implements Traffic {
  readonly finished = NEVER;
  readonly #counts: DatagramCounts[];
  #isStopped = false;

  constructor(connections: readonly Connection[]) {
    this.#counts = connections.map((connection) => {
      const counts = new DatagramCounts();
      connection.on('datagram', (bytes) => {
        if (!this.#isStopped) counts.take(bytes, nowUs());
      });
      return counts;
    });
  }

  totals(): Totals {
    const { received, bytes, outOfOrder, jitterUs } = sumCounts(this.#counts);
    const lanes = this.#counts.map((one) => one.bytes);
    return { bytes, lanes, count: received, outOfOrder, jitterUs };
  }

  stop(): void {
    this.#isStopped = true;
  }
}
