/**
 * One connection: the passes joined, and what the application may ask of it.
 *
 * The endpoint gives it packets, time and room in batches; the application writes, opens and closes. Its fields are in
 * connection-state.ts, its work in consume.ts, settle.ts, build.ts, timers.ts and closing.ts.
 *
 * Invariant: after each call, `deadlineUs` says when to call again.
 */

import {
  AEAD_LIMIT_REACHED,
  errorName,
  KEY_UPDATE_ERROR,
  NO_ERROR,
  PROTOCOL_VIOLATION,
} from '../error-codes.js';
import type { Tracer } from '../ports.js';
import { ECN_CE } from '../recovery/received-packets.js';
import type { Stream } from '../streams/stream.js';
import type { FrameReader } from '../wire/frame-reader.js';
import { build } from './build.js';
import { closeLocally, closeSilently, mayFinish, onLatePacket } from './closing.js';
import { ConnectionState } from './connection-state.js';
import { consume } from './consume.js';
import type { ConsumedPacket } from './consumed-packet.js';
import { onPacketFromElsewhere } from './migration.js';
import type { PacketBuilder } from './packet-builder.js';
import { afterChange } from './settle.js';
import { type ConnectionStats, readStats } from './stats.js';
import { deadlineOf, onDeadline } from './timers.js';

/** Bits of the first byte that must be zero in a packet that opened (docs/wire-format.md). */
const RESERVED_BITS = 0x1b;
/** errno of a datagram that is larger than the way out of this machine (Linux). */
const EMSGSIZE = 90;
/** Bytes of header and tag, and of a DATAGRAM frame that fills its packet: type alone. */
const DATAGRAM_OVERHEAD_BYTES = 30;

export class Connection extends ConnectionState {
  /** The application's handle. */
  data: unknown = undefined;
  #isClosePending = false;

  // --- the endpoint's side -------------------------------------------------------------------------------------------

  /** Tells a diagnostics sink what happens from now on. */
  trace(tracer: Tracer | undefined): void {
    this.tracer = tracer;
    this.recovery.tracer = tracer;
  }

  /** An opened packet. Borrows its bytes until the turn ends. */
  onPacket(reader: FrameReader, packet: ConsumedPacket): void {
    this.counts.packetsReceived++;
    this.counts.bytesReceived += packet.byteLength;
    const { current } = this.paths;
    if (packet.peer === this.peer) current.onReceived(packet.byteLength);
    if (this.phase !== 'open') {
      onLatePacket(this);
      return;
    }
    if (this.tracer !== undefined) traceReceived(this.tracer, packet);
    const isSound = (packet.firstByte & RESERVED_BITS) === 0;
    const error = isSound ? consume(this, reader, packet) : PROTOCOL_VIOLATION;
    if (error !== NO_ERROR) {
      this.fail(error, packet.frameType, packet.nowUs);
      return;
    }
    const { nowUs, isAckEliciting, ecn } = packet;
    const isOutOfOrder = this.received.onPacket(packet.packetNumber, nowUs, isAckEliciting, ecn);
    const { minUs } = this.recovery.rtt;
    this.ackPolicy.onPacket(nowUs, isAckEliciting, isOutOfOrder, ecn === ECN_CE, minUs);
    const isNewest = !packet.isProbing && packet.packetNumber > this.largestNonProbing;
    if (isNewest) this.largestNonProbing = packet.packetNumber;
    if (packet.peer !== this.peer) onPacketFromElsewhere(this, packet, isNewest);
    else if (isNewest) current.noteLocalId(packet.bytes, packet.idAt);
  }

  /** A packet that was opened before: our acknowledgement was lost, or somebody repeats. */
  onDuplicate(): void {
    this.counts.duplicates++;
    if (this.phase !== 'open') {
      onLatePacket(this);
      return;
    }
    this.received.onDuplicate();
    this.ackPolicy.onDuplicate();
  }

  /** A received batch has packets for this connection: they all come now. */
  beginBatch(nowUs: number): void {
    if (this.phase !== 'open') return;
    this.hasSentSinceReceived = false;
    this.restartIdle(nowUs);
    this.keepAlive.onReceived(nowUs);
  }

  /** End of a received batch; `slab` holds its bytes. */
  settle(slab: Uint8Array, nowUs: number): void {
    if (this.phase !== 'open') return;
    const { streams, recovery } = this;
    streams.settle(slab, nowUs, recovery.rtt.minUs);
    if (streams.receivedData !== this.receivedBefore) {
      this.receivedBefore = streams.receivedData;
      this.keepAlive.onStreamBytes(nowUs, streams.size > 0, this.ptoUs);
    }
    this.#traceMetrics(nowUs);
  }

  /** Bytes of received batches are gone, and the application has had its events. */
  endTurn(): void {
    this.streams.endTurn();
    this.datagrams.endTurn();
  }

  /** Fills packets into the builder's batch. True when more could be sent at once. */
  build(builder: PacketBuilder, nowUs: number, quantumBytes: number): boolean {
    this.#closeWhenDue(nowUs);
    const more = build(this, builder, nowUs, quantumBytes);
    this.foldSoon(nowUs);
    return more;
  }

  /** Nothing more will be sent than CONNECTION_CLOSE. */
  get isEnding(): boolean {
    return this.#isClosePending || this.phase !== 'open';
  }

  get deadlineUs(): number {
    return deadlineOf(this);
  }

  onTimer(nowUs: number): void {
    onDeadline(this, nowUs);
  }

  /** The host was stalled: what is overdue is not the peer's fault. */
  onStall(nowUs: number): void {
    if (this.phase === 'open') this.recovery.onSuspension(nowUs);
  }

  /** The socket failed a datagram of ours. Too large for this machine's way out: not a loss of the path. */
  onUnsent(byteLength: number, errno: number, nowUs: number): void {
    if (this.phase !== 'open' || errno !== EMSGSIZE) return;
    this.pathMtu.onProbeRefused(byteLength, nowUs);
    this.counts.refusedSizes++;
    afterChange(this, nowUs);
  }

  /** It leaves the endpoint: keys and ids with it. What may throw comes last. */
  release(): void {
    this.phase = 'closed';
    this.paths.closeAll();
    this.host.watchToken(this.slot, undefined);
    this.keys.close();
    this.localIds.close();
    this.streams.close();
  }

  /** The peer has proved its keys. */
  confirm(): void {
    if (this.isConfirmed) return;
    this.isConfirmed = true;
    // Who has the keys has had our response, at the address that it went to.
    this.paths.current.isValidated = true;
    this.keys.confirm();
    this.localIds.issue();
    this.host.markReady(this.slot);
  }

  /** We end it, because of what the peer sent or the keys forbid. */
  fail(code: number, frameType: number, nowUs: number): void {
    const inFrame = frameType === 0 ? '' : ` in a frame of type 0x${frameType.toString(16)}`;
    closeLocally(this, false, code, frameType, `${errorName(code)}${inFrame}`, nowUs);
  }

  /** The peer does not know this connection any more: a stateless reset of it came (RFC 9000 section 10.3). */
  onReset(nowUs: number): void {
    if (this.phase === 'open') closeSilently(this, 'reset', nowUs);
  }

  /** It never was: another handshake with the same peer has won. */
  discard(nowUs: number): void {
    closeSilently(this, 'discarded', nowUs);
  }

  // --- the application's side ----------------------------------------------------------------------------------------

  /** A new stream of ours; undefined when too many wait for the peer's leave already, or the connection ends. */
  openStream(isUnidirectional: boolean): Stream | undefined {
    if (this.phase !== 'open' || this.isFinishing) return undefined;
    return this.streams.open(isUnidirectional);
  }

  /** See Streams.sendMessage; -3: the connection ends. */
  sendMessage(bytes: Uint8Array, token: unknown, urgency?: number): number {
    if (this.phase !== 'open' || this.isFinishing) return -3;
    return this.streams.sendMessage(bytes, token, urgency);
  }

  /** See DatagramQueue.send; -3: the connection ends. */
  sendDatagram(bytes: Uint8Array): number {
    if (this.phase !== 'open' || this.isFinishing) return -3;
    const result = this.datagrams.send(bytes, this.maxDatagramPayload);
    if (result >= 0) this.host.markReady(this.slot);
    return result;
  }

  /** Bytes of the largest unreliable datagram that the path carries now. */
  get maxDatagramPayload(): number {
    return Math.min(this.datagramBytes - DATAGRAM_OVERHEAD_BYTES, this.datagrams.peerLimitBytes);
  }

  /**
   * Ends the connection with a code of the application. `isGraceful`: once all that was written until now is
   * acknowledged, or nothing of it was for FINISH_GRACE_US; else now. EVENT_CLOSED follows in a turn.
   */
  close(code: number, reason: string, isGraceful: boolean): void {
    if (this.phase !== 'open') return;
    if (!this.isFinishing) {
      this.isFinishing = true;
      this.finishCode = code;
      this.finishReason = reason;
      if (isGraceful) this.streams.awaitWritten();
    }
    if (!isGraceful) this.#isClosePending = true;
    this.host.markReady(this.slot);
  }

  stats(): ConnectionStats {
    return readStats(this);
  }

  // --- inside --------------------------------------------------------------------------------------------------------

  #closeWhenDue(nowUs: number): void {
    if (this.phase !== 'open') return;
    const violation = this.keys.mustClose;
    if (violation !== undefined) {
      this.fail(violation === 'keyUpdate' ? KEY_UPDATE_ERROR : AEAD_LIMIT_REACHED, 0, nowUs);
      return;
    }
    if (this.isFinishing && (this.#isClosePending || mayFinish(this, nowUs))) {
      closeLocally(this, true, this.finishCode, 0, this.finishReason, nowUs);
    }
  }

  #traceMetrics(nowUs: number): void {
    if (this.tracer === undefined) return;
    const { recovery, congestion } = this;
    const { rtt } = recovery;
    this.tracer.metrics(nowUs, {
      congestionWindow: congestion.windowBytes,
      bytesInFlight: recovery.bytesInFlight,
      slowStartThreshold: congestion.slowStartThresholdBytes,
      smoothedRttUs: rtt.smoothedUs,
      minRttUs: rtt.minUs,
      latestRttUs: rtt.latestUs,
      rttVarianceUs: rtt.varianceUs,
      ptoCount: recovery.ptoCount,
    });
  }
}

function traceReceived(tracer: Tracer, packet: ConsumedPacket): void {
  const { nowUs, packetNumber, byteLength, bytes, at, end } = packet;
  tracer.packetReceived(nowUs, packetNumber, byteLength, bytes, at, end);
}
