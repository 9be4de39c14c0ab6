/**
 * What a test has moved, as figures: of an interval, and of the whole. Reads counters, moves nothing.
 *
 * Called by the client and the server of `burstwire perf`. Invariant: the figures of all intervals add up to those of
 * the whole, apart from what came after the last one.
 */

import type { Connection } from '../../index.js';
import { Asker, type LatencyFigures } from './latency.js';
import type { Totals, Traffic } from './traffic.js';

/** Both directions as this side sees them; what there is none of is undefined. */
export interface Sides {
  readonly sender: Traffic | undefined;
  readonly receiver: Traffic | undefined;
}

export interface Moved extends Totals {
  readonly bitsPerSecond: number;
}

export interface Interval {
  /** Seconds since the start. */
  readonly from: number;
  readonly to: number;
  readonly sent: Moved | undefined;
  readonly received: Moved | undefined;
  readonly path: PathFigures;
  readonly latency: LatencyFigures | undefined;
}

/** Sums over all connections, as this side sees them; of round trip times the mean. */
export interface PathFigures {
  readonly retransmittedBytes: number;
  readonly packetsLost: number;
  readonly congestionWindow: number;
  readonly rttMs: number;
}

export class Meter {
  readonly #connections: readonly Connection[];
  readonly #sides: Sides;
  readonly #isGlance: boolean;
  readonly #startedMs = performance.now();
  readonly #cpu = process.cpuUsage();
  readonly #first: PathFigures;
  #last: {
    atMs: number;
    sent: Totals | undefined;
    received: Totals | undefined;
    path: PathFigures;
  };

  /** @param isGlance its intervals look at latencies since the start, and leave the recent ones to another meter */
  constructor(connections: readonly Connection[], sides: Sides, isGlance = false) {
    this.#isGlance = isGlance;
    this.#connections = connections;
    this.#sides = sides;
    this.#first = readPath(connections);
    this.#last = { atMs: this.#startedMs, sent: undefined, received: undefined, path: this.#first };
  }

  /** Since the start. */
  get seconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  /** Since the last call, or the start. */
  take(): Interval {
    const { sender, receiver } = this.#sides;
    const now = {
      atMs: performance.now(),
      sent: sender?.totals(),
      received: receiver?.totals(),
      path: readPath(this.#connections),
    };
    const seconds = (now.atMs - this.#last.atMs) / 1000;
    const interval: Interval = {
      from: (this.#last.atMs - this.#startedMs) / 1000,
      to: (now.atMs - this.#startedMs) / 1000,
      sent: now.sent && movedSince(this.#last.sent, now.sent, seconds),
      received: now.received && movedSince(this.#last.received, now.received, seconds),
      path: pathSince(this.#last.path, now.path),
      latency: sender instanceof Asker ? this.#latencyOf(sender) : undefined,
    };
    this.#last = now;
    return interval;
  }

  #latencyOf(asker: Asker): LatencyFigures {
    return this.#isGlance ? asker.figures() : asker.takeRecent();
  }

  /** Of all of it. */
  path(): PathFigures {
    return pathSince(this.#first, readPath(this.#connections));
  }

  /** Of one core, since the start. */
  cpuPercent(): number {
    const { user, system } = process.cpuUsage(this.#cpu);
    return (user + system) / 1e4 / this.seconds;
  }
}

/** Totals with their rate. */
export function moved(totals: Totals, seconds: number): Moved {
  return { ...totals, bitsPerSecond: seconds > 0 ? (totals.bytes * 8) / seconds : 0 };
}

function movedSince(before: Totals | undefined, now: Totals, seconds: number): Moved {
  const since = (a: number | undefined, b: number | undefined): number => (b ?? 0) - (a ?? 0);
  const { count, dropped, outOfOrder, jitterUs } = now;
  return moved(
    {
      bytes: since(before?.bytes, now.bytes),
      lanes: now.lanes.map((bytes, i) => since(before?.lanes[i], bytes)),
      ...(count === undefined ? {} : { count: since(before?.count, count) }),
      ...(dropped === undefined ? {} : { dropped: since(before?.dropped, dropped) }),
      ...(outOfOrder === undefined ? {} : { outOfOrder: since(before?.outOfOrder, outOfOrder) }),
      ...(jitterUs === undefined ? {} : { jitterUs }),
    },
    seconds,
  );
}

function readPath(connections: readonly Connection[]): PathFigures {
  const all = connections.map((connection) => connection.stats());
  const sum = (pick: (stats: (typeof all)[number]) => number): number =>
    all.reduce((total, stats) => total + pick(stats), 0);
  return {
    retransmittedBytes: sum((stats) => stats.retransmitted),
    packetsLost: sum((stats) => stats.lost),
    congestionWindow: sum((stats) => stats.cwnd),
    rttMs: sum((stats) => stats.rtt) / all.length,
  };
}

function pathSince(before: PathFigures, now: PathFigures): PathFigures {
  return {
    ...now,
    retransmittedBytes: now.retransmittedBytes - before.retransmittedBytes,
    packetsLost: now.packetsLost - before.packetsLost,
  };
}
