/**
 * qlog: what happens on a connection, for qvis and its like, one file a connection.
 *
 * Files are JSON text sequences (RFC 7464) of the main schema 0.3 with the QUIC events of its companion draft; they hold
 * no byte of the application and no key. Both sides of a connection name their files alike: the first 16 hexadecimal
 * digits are equal. Opened by `Endpoint` when the option `qlog` names a folder.
 *
 * Invariants: logging never fails a connection; times are milliseconds since the first event of the file.
 */

import type { CloseInfo } from '../core/connection/close-info.js';
import type { Connection as CoreConnection } from '../core/connection/connection.js';
import type { TracedMetrics, Tracer } from '../core/ports.js';
import { FrameReader } from '../core/wire/frame-reader.js';
import type { SocketAddress } from '../io/batch-socket.js';
import { describeFrames, hex } from './qlog-frames.js';

/** RFC 7464 section 2.2. */
const RECORD_SEPARATOR = '\u001e';
const LINE_FEED = '\n';

const LOSS_TRIGGERS = {
  packet: 'reordering_threshold',
  time: 'time_threshold',
  pto: 'pto_expired',
} as const;

/** Of ends without a CONNECTION_CLOSE. */
const SILENT_TRIGGERS: Readonly<Partial<Record<CloseInfo['origin'], string>>> = {
  idle: 'idle_timeout',
  reset: 'stateless_reset',
};

/** What a log says of the connection before its first event. */
export interface QlogSubject {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  /** Microseconds since 1970 when the clock of the events was 0. */
  readonly epochUs: number;
}

/** A file that grows: `QlogFile`, or what a test reads. */
export interface QlogText {
  /** Records that were dropped since `append` was last successful. */
  dropped: number;
  /** False when it was dropped. Never throws. */
  append(text: string): boolean;
}

/** Where files are: `QlogFolder`, or what a test reads. */
export interface QlogFiles {
  open(name: string): QlogText;
}

/** The log of one connection. One reader serves all of an endpoint. */
export class ConnectionLog implements Tracer {
  readonly #core: CoreConnection;
  readonly #subject: QlogSubject;
  readonly #reader: FrameReader;
  readonly #file: QlogText;
  #startUs = -1;
  #state = 'handshake_complete';
  /** As they were written last. */
  #metrics: Readonly<Record<string, number>> = {};

  constructor(
    core: CoreConnection,
    subject: QlogSubject,
    folder: QlogFiles,
    reader = new FrameReader(),
  ) {
    this.#core = core;
    this.#subject = subject;
    this.#reader = reader;
    this.#file = folder.open(`${groupOf(core)}-${vantageOf(core)}.sqlog`);
  }

  packetSent(
    nowUs: number,
    packetNumber: number,
    byteLength: number,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): void {
    this.#packet('transport:packet_sent', nowUs, packetNumber, byteLength, bytes, at, end);
  }

  packetReceived(
    nowUs: number,
    packetNumber: number,
    byteLength: number,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): void {
    this.#packet('transport:packet_received', nowUs, packetNumber, byteLength, bytes, at, end);
  }

  packetLost(
    nowUs: number,
    packetNumber: number,
    byteLength: number,
    trigger: 'packet' | 'time' | 'pto',
  ): void {
    this.#event(nowUs, 'recovery:packet_lost', {
      header: headerOf(packetNumber),
      raw: { length: byteLength },
      trigger: LOSS_TRIGGERS[trigger],
    });
  }

  /** Only what has changed since the last time is written, and nothing when nothing has. */
  metrics(nowUs: number, metrics: TracedMetrics): void {
    const { slowStartThreshold } = metrics;
    const all: Record<string, number> = {
      min_rtt: milliseconds(metrics.minRttUs),
      smoothed_rtt: milliseconds(metrics.smoothedRttUs),
      latest_rtt: milliseconds(metrics.latestRttUs),
      rtt_variance: milliseconds(metrics.rttVarianceUs),
      pto_count: metrics.ptoCount,
      congestion_window: Math.round(metrics.congestionWindow),
      bytes_in_flight: metrics.bytesInFlight,
      ssthresh: Math.round(slowStartThreshold),
    };
    const changed: Record<string, number> = {};
    let isChanged = false;
    for (const [name, value] of Object.entries(all)) {
      // JSON has no infinity, which is what some are before there is a sample.
      if (!Number.isFinite(value) || this.#metrics[name] === value) continue;
      changed[name] = value;
      isChanged = true;
    }
    if (!isChanged) return;
    // What a slow disk costs must be said again.
    if (this.#event(nowUs, 'recovery:metrics_updated', changed)) this.#metrics = all;
  }

  state(nowUs: number, state: string): void {
    this.#event(nowUs, 'connectivity:connection_state_updated', { old: this.#state, new: state });
    this.#state = state;
    const { closed } = this.#core;
    if (closed === undefined) return;
    const { origin, isApplication, code, name, reason } = closed;
    this.#event(nowUs, 'connectivity:connection_closed', {
      owner: origin === 'remote' || origin === 'reset' ? 'remote' : 'local',
      ...(isApplication
        ? { application_code: code }
        : { connection_code: name.toLowerCase(), internal_code: code }),
      reason,
      trigger: SILENT_TRIGGERS[origin] ?? (isApplication ? 'application' : 'error'),
    });
  }

  #packet(
    name: string,
    nowUs: number,
    packetNumber: number,
    byteLength: number,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): void {
    this.#event(nowUs, name, {
      header: headerOf(packetNumber),
      raw: { length: byteLength, payload_length: end - at },
      frames: describeFrames(this.#reader, bytes, at, end),
    });
  }

  /** False when it was dropped. */
  #event(nowUs: number, name: string, data: object): boolean {
    if (this.#startUs < 0) this.#begin(nowUs);
    const text = this.#text(nowUs, name, data);
    const { dropped } = this.#file;
    if (dropped === 0) return this.#file.append(text);
    const message = `${dropped} events before this one were dropped: the disk is too slow`;
    // With the next event or not at all, so that one gap is said once.
    const isKept = this.#file.append(this.#text(nowUs, 'generic:warning', { message }) + text);
    if (isKept) this.#file.dropped = 0;
    return isKept;
  }

  #text(nowUs: number, name: string, data: object): string {
    return recordOf({ time: milliseconds(nowUs - this.#startUs), name, data });
  }

  /** What a file begins with. */
  #begin(nowUs: number): void {
    this.#startUs = nowUs;
    const { local, remote, epochUs } = this.#subject;
    const header = recordOf({
      qlog_version: '0.3',
      qlog_format: 'JSON-SEQ',
      title: 'burstwire',
      trace: {
        vantage_point: { name: 'burstwire', type: vantageOf(this.#core) },
        common_fields: {
          group_id: groupOf(this.#core),
          protocol_type: ['QUIC', 'burstwire'],
          time_format: 'relative',
          reference_time: milliseconds(epochUs + nowUs),
        },
      },
    });
    const started = this.#text(nowUs, 'connectivity:connection_started', {
      ip_version: remote.family === 'IPv4' ? 'v4' : 'v6',
      src_ip: local.address,
      src_port: local.port,
      dst_ip: remote.address,
      dst_port: remote.port,
    });
    const state = { new: this.#state };
    const updated = this.#text(nowUs, 'connectivity:connection_state_updated', state);
    this.#file.append(header + started + updated);
  }
}

/** One record of a JSON text sequence. */
function recordOf(record: object): string {
  return RECORD_SEPARATOR + JSON.stringify(record) + LINE_FEED;
}

/** All packets with frames are of one kind; QUIC calls it 1-RTT. */
function headerOf(packetNumber: number) {
  return { packet_type: '1RTT', packet_number: packetNumber };
}

function vantageOf(core: CoreConnection): 'client' | 'server' {
  return core.isInitiator ? 'client' : 'server';
}

/** The same on both sides, and telling nothing: the first bytes of a hash. */
function groupOf(core: CoreConnection): string {
  return hex(core.handshakeHash, 0, 8);
}

/** With three decimals. */
function milliseconds(us: number): number {
  return Math.round(us) / 1000;
}
