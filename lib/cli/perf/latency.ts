/**
 * Requests and answers of one size, one after the other on each lane: how long a round trip takes.
 *
 * The client's side asks and measures, the server's side echoes. A lane is a two-way stream, or with datagrams a number in
 * the datagram. Invariant: a lane has one request under way at a time; what is not answered in time counts as lost.
 */

import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Connection, TransportStream } from '../../index.js';
import { HEADER_BYTES, writeHeader } from './datagram-counts.js';
import type { Totals, Traffic } from './traffic.js';

const NEVER = new Promise<void>(() => {});
/** An answer to a datagram that takes longer is lost. */
const DATAGRAM_LIMIT_MS = 1000;

/** Times in microseconds. */
export interface LatencyFigures {
  readonly count: number;
  readonly lost: number;
  readonly min: number;
  readonly mean: number;
  readonly stddev: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export abstract class Asker implements Traffic {
  readonly finished = NEVER;
  readonly #histogram: RecordableHistogram = createHistogram();
  #recent: RecordableHistogram = createHistogram();
  #bytes = 0;
  #lost = 0;
  protected isStopped = false;

  totals(): Totals {
    return { bytes: this.#bytes, lanes: [], count: this.#histogram.count };
  }

  /** Since the test began. */
  figures(): LatencyFigures {
    return figuresOf(this.#histogram, this.#lost);
  }

  /** Since the last call. */
  takeRecent(): LatencyFigures {
    const recent = figuresOf(this.#recent, 0);
    this.#recent = createHistogram();
    return recent;
  }

  stop(): void {
    this.isStopped = true;
  }

  protected answered(startedMs: number, bytes: number): void {
    if (this.isStopped) return;
    // Nanoseconds; a histogram begins at 1.
    const tookNs = Math.max(1, Math.round((performance.now() - startedMs) * 1e6));
    this.#histogram.record(tookNs);
    this.#recent.record(tookNs);
    this.#bytes += bytes;
  }

  protected lostOne(): void {
    if (!this.isStopped) this.#lost++;
  }
}

/** Asks over streams. */
export class StreamAsker extends Asker {
  constructor(connections: readonly Connection[], parallel: number, length: number) {
    super();
    const request = Buffer.alloc(length, 'burstwire ');
    for (const connection of connections) {
      for (let i = 0; i < parallel; i++) this.#ask(connection.openStream(), request);
    }
  }

  #ask(stream: TransportStream, request: Buffer): void {
    let startedMs = performance.now();
    let missing = request.length;
    const send = (): void => {
      startedMs = performance.now();
      missing = request.length;
      stream.write(request);
    };
    stream.on('data', (bytes: Buffer) => {
      missing -= bytes.length;
      if (missing > 0) return;
      this.answered(startedMs, request.length);
      if (this.isStopped) stream.destroy();
      else send();
    });
    stream.on('error', () => {});
    send();
  }
}

/** Asks with datagrams. */
export class DatagramAsker extends Asker {
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(connections: readonly Connection[], parallel: number, length: number) {
    super();
    for (const connection of connections) this.#ask(connection, parallel, length);
  }

  override stop(): void {
    super.stop();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #ask(connection: Connection, parallel: number, length: number): void {
    const request = Buffer.alloc(Math.max(length, HEADER_BYTES), 'burstwire ');
    const waiting = new Map<
      number,
      { readonly startedMs: number; readonly timer: NodeJS.Timeout }
    >();
    let number = 0;
    const send = (): void => {
      if (this.isStopped) return;
      const mine = number++ >>> 0;
      const startedMs = performance.now();
      const timer = setTimeout(() => {
        settle(mine);
        this.lostOne();
        send();
      }, DATAGRAM_LIMIT_MS);
      this.#timers.add(timer);
      waiting.set(mine, { startedMs, timer });
      writeHeader(request, mine, startedMs * 1000);
      connection.sendDatagram(request);
    };
    const settle = (mine: number): number | undefined => {
      const asked = waiting.get(mine);
      if (asked === undefined) return undefined;
      clearTimeout(asked.timer);
      this.#timers.delete(asked.timer);
      waiting.delete(mine);
      return asked.startedMs;
    };
    connection.on('datagram', (bytes) => {
      if (bytes.byteLength < HEADER_BYTES) return;
      const startedMs = settle(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true));
      if (startedMs === undefined) return;
      this.answered(startedMs, bytes.byteLength);
      send();
    });
    for (let i = 0; i < parallel; i++) send();
  }
}

/** The other side: sends back what comes. */
export class Echo implements Traffic {
  readonly finished = NEVER;
  #bytes = 0;
  #count = 0;
  #isStopped = false;

  constructor(connections: readonly Connection[]) {
    for (const connection of connections) {
      connection.on('stream', (stream) => {
        if (stream.unidirectional) return;
        stream.on('data', (bytes: Buffer) => {
          this.#note(bytes.length);
          if (!stream.write(bytes)) stream.pause();
        });
        stream.on('drain', () => stream.resume());
        stream.on('end', () => stream.end());
        stream.on('error', () => {});
      });
      connection.on('datagram', (bytes) => {
        this.#note(bytes.byteLength);
        connection.sendDatagram(bytes);
      });
    }
  }

  totals(): Totals {
    return { bytes: this.#bytes, lanes: [], count: this.#count };
  }

  stop(): void {
    this.#isStopped = true;
  }

  #note(bytes: number): void {
    if (this.#isStopped) return;
    this.#bytes += bytes;
    this.#count++;
  }
}

function figuresOf(histogram: RecordableHistogram, lost: number): LatencyFigures {
  const { count } = histogram;
  const us = (ns: number): number => (count === 0 ? 0 : ns / 1000);
  return {
    count,
    lost,
    min: us(histogram.min),
    mean: us(histogram.mean),
    stddev: us(histogram.stddev),
    p50: us(histogram.percentile(50)),
    p90: us(histogram.percentile(90)),
    p99: us(histogram.percentile(99)),
    p999: us(histogram.percentile(99.9)),
    max: us(histogram.max),
  };
}
