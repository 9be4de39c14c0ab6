/**
 * The parts of one connection, and the few facts that more than one pass needs.
 *
 * It holds and does nothing: the passes (consume, build, timers, closing) work on it, `connection.ts` joins them.
 *
 * Invariant: all fields exist from the beginning, so that every connection has the same shape.
 */

import { BASE_DATAGRAM_BYTES, type TransportConfig } from '../config.js';
import { type CongestionController, createController } from '../congestion/controller.js';
import { Pacer } from '../congestion/pacer.js';
import { DatagramQueue } from '../datagrams/datagram-queue.js';
import { AS_DOUBLE } from '../doubles.js';
import type { EventRing } from '../event-ring.js';
import type { KeySchedule } from '../handshake/key-schedule.js';
import type { Random, Tracer } from '../ports.js';
import { AckPolicy } from '../recovery/ack-policy.js';
import { EcnValidation } from '../recovery/ecn.js';
import { PathMtu } from '../recovery/path-mtu.js';
import { ReceivedPackets } from '../recovery/received-packets.js';
import { Recovery } from '../recovery/recovery.js';
import type { Streams } from '../streams/streams.js';
import { TokenBucket } from '../token-bucket.js';
import type { CloseInfo } from './close-info.js';
import {
  CONNECTION_BYTES,
  HANDSHAKE_HASH_AT,
  HANDSHAKE_HASH_BYTES,
  PUBLIC_KEY_AT,
  PUBLIC_KEY_BYTES,
} from './connection-bytes.js';
import type { ConnectionHost } from './connection-host.js';
import { LocalIds, REMOTE_IDS_MAX, RemoteIds } from './connection-ids.js';
import { type ConnectionOptions, idleTimeout, makeStreams } from './connection-options.js';
import { FrameOwners } from './frame-owners.js';
import { KeepAlive } from './keep-alive.js';
import { AMPLIFICATION } from './path.js';
import { Paths } from './paths.js';
import { UselessFrames } from './useless-frames.js';

const NO_BYTES = new Uint8Array(0);
/** Silence after which memory is given up: long enough that nothing is made for a packet, short of any keep-alive. */
const FOLD_US = 1_000_000;
/** That need not be punctual: it happens at multiples of this, so that the process wakes once for many connections. */
const TOGETHER_US = 250_000;
/** The search for the path MTU begins with so many bytes sent, or after that time: connections of one exchange do without. */
const MTU_START_BYTES = 6000;
const MTU_START_US = 100_000;

/** The bucket of all connections without a rate limit of their own: it keeps nothing. */
const UNLIMITED = new TokenBucket(Number.POSITIVE_INFINITY, 0, 1);

/**
 * 'open' until one side closes; 'closing': we have, and answer late packets with CONNECTION_CLOSE; 'draining': the peer
 * has, and we are silent (RFC 9000 section 10.2).
 */
export type ConnectionPhase = 'open' | 'closing' | 'draining' | 'closed';

/** What a connection has counted. Plain numbers, read by `stats()`. */
export interface ConnectionCounts {
  packetsSent: number;
  bytesSent: number;
  packetsReceived: number;
  bytesReceived: number;
  duplicates: number;
  acksSent: number;
  ptos: number;
  /** Times that losses were found, by an ACK or by time. */
  lossEvents: number;
  /** Datagrams that the socket refused for their size (EMSGSIZE). */
  refusedSizes: number;
}

/** What may go to the initiator's address before it has proved itself: three times its initiation, without the response. */
const RESPONDER_CREDIT_BYTES = AMPLIFICATION * BASE_DATAGRAM_BYTES - BASE_DATAGRAM_BYTES;

export class ConnectionState {
  readonly config: TransportConfig;
  readonly slot: number;
  readonly isInitiator: boolean;
  /** See connection-bytes.ts. */
  readonly #bytes: Uint8Array;
  /** Peer id of the address that packets go to: that of `paths.current`. */
  peer: number;
  /** 8 bytes: the id that packets to the peer carry now; changed in place. */
  readonly remoteId: Uint8Array;
  readonly sealKey: number;

  readonly events: EventRing;
  readonly host: ConnectionHost;
  readonly keys: KeySchedule;
  readonly recovery: Recovery;
  readonly received: ReceivedPackets;
  readonly ackPolicy: AckPolicy;
  /** Of the current path, as the three below. */
  ecn: EcnValidation;
  congestion: CongestionController;
  pacer: Pacer;
  pathMtu: PathMtu;
  readonly paths: Paths;
  readonly random: Random;
  readonly bucket: TokenBucket;
  /** Our own limit and the peer's, bytes. */
  readonly maxUdpPayloadSize: number;
  readonly streams: Streams;
  readonly datagrams: DatagramQueue;
  readonly localIds: LocalIds;
  readonly remoteIds: RemoteIds;
  readonly owners: FrameOwners;
  readonly useless: UselessFrames;
  tracer: Tracer | undefined = undefined;

  phase: ConnectionPhase = 'open';
  /** The peer has proved that it has the keys: a packet of it has opened. */
  isConfirmed = false;
  /** The application knows of this connection. */
  isAnnounced = false;
  /** The application wants it closed as soon as everything is delivered. */
  isFinishing = false;
  finishCode = 0;
  finishReason = '';
  /** When that has waited for long enough without any progress; Infinity before the first look. */
  finishDeadlineUs = Number.POSITIVE_INFINITY;
  finishProgress = 0;
  closed: CloseInfo | undefined = undefined;

  /** CONNECTION_CLOSE as it is sent, again and again while 'closing'. */
  closeType = 0;
  closeCode = 0;
  closeFrameType = 0;
  closeReason: Uint8Array = NO_BYTES;
  isClosePending = false;
  /** Packets that came while 'closing', and at how many the next CONNECTION_CLOSE answers. */
  lateReceived = 0;
  lateAnswerAt = 1;

  /** Bytes of a full datagram: the path MTU as window and pacer were told it last. */
  datagramBytes = BASE_DATAGRAM_BYTES;

  /** When the path is searched for its MTU although little was sent; Infinity from then on. */
  mtuStartUs: number;
  /** Bytes of the path MTU probe that is on its way: it is outside of the window. */
  mtuProbeBytes = 0;
  /** Its number; -1 = none is under way. */
  mtuProbeNumber = -1;
  /** Highest number of a packet that did more than to try a path. */
  largestNonProbing = AS_DOUBLE;

  /** PINGs to send: to confirm, to keep alive, to probe. */
  isPingPending = false;
  /** Packets that a probe timeout has allowed beyond window and pacer. */
  probesPending = 0;

  /** The packet that is being built holds an ACK frame. */
  isAckInPacket = false;

  /** The window, not the application, limited what was sent (RFC 9002 section 7.8). */
  isWindowLimited = false;

  /** When pacer or rate limit let the next packets go; Infinity when neither is what it waits for. */
  sendDeadlineUs = Number.POSITIVE_INFINITY;
  /** Effective idle timeout; Infinity when both sides have none. */
  readonly idleTimeoutUs: number;
  /** When the connection is over: idle while 'open', the end of the closing period after that. */
  endDeadlineUs: number;
  readonly keepAlive: KeepAlive;
  /** Bytes of streams that had come when it looked last. */
  receivedBefore = AS_DOUBLE;
  /** When memory that serves packets is given up unless one was sent since; Infinity once it is. */
  foldDeadlineUs = Number.POSITIVE_INFINITY;
  /** Packets sent when that was set. */
  foldMark = 0;
  /** Whether something ack-eliciting was sent since a packet came last: only the first restarts the idle timer. */
  hasSentSinceReceived = false;
  /** Longest time that the peer holds an acknowledgement back, us. */
  readonly peerMaxAckDelayUs: number;

  readonly counts: ConnectionCounts = {
    packetsSent: 0,
    bytesSent: AS_DOUBLE,
    packetsReceived: 0,
    bytesReceived: AS_DOUBLE,
    duplicates: 0,
    acksSent: 0,
    ptos: 0,
    lossEvents: 0,
    refusedSizes: 0,
  };

  constructor(options: ConnectionOptions) {
    const { config, outcome, parameters, host, slot, nowUs } = options;
    this.counts.bytesSent = 0;
    this.counts.bytesReceived = 0;
    this.largestNonProbing = -1;
    this.config = config;
    this.slot = slot;
    this.host = host;
    this.events = options.events;
    this.isInitiator = outcome.role === 'initiator';
    this.#bytes = options.bytes ?? new Uint8Array(CONNECTION_BYTES);
    this.#bytes.set(outcome.remoteStatic, PUBLIC_KEY_AT);
    this.#bytes.set(outcome.handshakeHash, HANDSHAKE_HASH_AT);
    this.peer = outcome.source.peer;
    this.random = options.random;
    this.keys = options.keys;
    this.sealKey = options.keys.sealKey;
    this.peerMaxAckDelayUs = parameters.maxAckDelayMs * 1000;
    this.recovery = new Recovery({
      maxAckDelayUs: this.peerMaxAckDelayUs,
      random: options.random,
      samplesDelivery: config.congestion === 'bbr',
    });
    this.received = new ReceivedPackets();
    this.ackPolicy = new AckPolicy();
    this.ecn = new EcnValidation(config.ecn);
    const { delivery } = this.recovery;
    const inputs = { delivery, random: options.random };
    this.congestion = createController(config.congestion, BASE_DATAGRAM_BYTES, inputs);
    this.pacer = new Pacer(BASE_DATAGRAM_BYTES, config.timerGranularityUs);
    this.bucket =
      config.connectionRateLimit === Number.POSITIVE_INFINITY
        ? UNLIMITED
        : new TokenBucket(config.connectionRateLimit, nowUs, config.timerGranularityUs);
    this.maxUdpPayloadSize = Math.min(config.maxDatagramSize, parameters.maxUdpPayloadSize);
    this.streams = makeStreams(options, this);
    this.datagrams = new DatagramQueue(config, options.events, this);
    this.datagrams.setPeerLimit(parameters.maxDatagramFrameSize);
    const { activeConnectionIdLimit: limit } = parameters;
    this.localIds = new LocalIds(outcome.localId, limit, slot, host, this.#bytes);
    this.remoteIds = new RemoteIds(outcome.remoteId, REMOTE_IDS_MAX, this.#bytes);
    this.remoteId = this.remoteIds.current;
    this.owners = new FrameOwners(
      this.streams,
      this.datagrams,
      this.localIds,
      this.remoteIds,
      this.received,
    );
    this.useless = new UselessFrames();
    this.idleTimeoutUs = idleTimeout(config.idleTimeoutUs, parameters.maxIdleTimeoutMs * 1000);
    this.endDeadlineUs = nowUs + this.idleTimeoutUs;
    this.mtuStartUs = nowUs + MTU_START_US;
    const at = this.isInitiator ? 0 : 2;
    const { handshakeHash } = outcome;
    const chance = 256 * handshakeHash[at] + handshakeHash[at + 1];
    this.keepAlive = new KeepAlive(config.keepAliveUs, chance, nowUs);
    this.receivedBefore = 0;
    // It pins the address. Last of all, so that a connection for which there is no memory has pinned none. An initiator has
    // had an answer from there.
    this.paths = new Paths(options.addresses, this.peer, this.isInitiator, RESPONDER_CREDIT_BYTES);
    this.paths.current.noteLocalId(outcome.localId, 0);
    this.pathMtu = new PathMtu({
      maximum: this.maxUdpPayloadSize,
      isIpv4: this.paths.current.isIpv4,
    });
  }

  /** 32 bytes: who the peer is. A copy. */
  get remotePublicKey(): Uint8Array {
    return this.#bytes.slice(PUBLIC_KEY_AT, PUBLIC_KEY_AT + PUBLIC_KEY_BYTES);
  }

  /** 32 bytes that both sides share and nobody else has. A copy. */
  get handshakeHash(): Uint8Array {
    return this.#bytes.slice(HANDSHAKE_HASH_AT, HANDSHAKE_HASH_AT + HANDSHAKE_HASH_BYTES);
  }

  /** The idle timeout begins anew; never shorter than three probe timeouts (RFC 9000 section 10.1). */
  restartIdle(nowUs: number): void {
    this.endDeadlineUs = nowUs + Math.max(this.idleTimeoutUs, 3 * this.ptoUs);
  }

  /**
   * The connection was silent for a while: what it needs for packets on their way is given up, and made again by the next
   * one. With ten thousand connections most are idle, and this is more than half of what each has.
   */
  fold(nowUs: number): void {
    const isSilent = this.foldMark === this.counts.packetsSent;
    this.foldDeadlineUs = Number.POSITIVE_INFINITY;
    if (!isSilent || !this.recovery.fold()) {
      this.#scheduleFold(nowUs);
      return;
    }
    this.received.fold();
    this.streams.fold();
  }

  /**
   * What was to be sent is built. What is cheap to make again is given up at once, so that a connection that only asks now
   * and then whether the peer is there is not looked at once more for it; for the rest it has to be silent for a while.
   */
  foldSoon(nowUs: number): void {
    const isFolded =
      this.recovery.foldFirst() && !this.received.isUnfolded && !this.streams.isUnfolded;
    if (isFolded) this.foldDeadlineUs = Number.POSITIVE_INFINITY;
    else if (this.foldDeadlineUs === Number.POSITIVE_INFINITY) this.#scheduleFold(nowUs);
  }

  #scheduleFold(nowUs: number): void {
    this.foldMark = this.counts.packetsSent;
    this.foldDeadlineUs = Math.ceil((nowUs + FOLD_US) / TOGETHER_US) * TOGETHER_US;
  }

  /** One probe timeout, without backoff. */
  get ptoUs(): number {
    return this.recovery.rtt.ptoUs(this.peerMaxAckDelayUs);
  }

  /** Whether a packet that must be acknowledged could be made now, window and pacer aside. */
  get hasPayload(): boolean {
    return (
      this.streams.hasData ||
      this.streams.hasControl ||
      this.datagrams.hasData ||
      this.isPingPending ||
      this.localIds.hasPending ||
      this.remoteIds.hasPending
    );
  }

  /**
   * Whether the path may be probed for its size: it is proved, nothing of another one is under way, and the connection
   * has lived or sent enough to be worth it. Probes are as large as 64 KB.
   */
  get mayProbeMtu(): boolean {
    const { current, lostFrom } = this.paths;
    const isWorth =
      this.mtuStartUs === Number.POSITIVE_INFINITY || this.counts.bytesSent >= MTU_START_BYTES;
    return (
      isWorth && this.isConfirmed && current.isValidated && this.recovery.oldestUnacked >= lostFrom
    );
  }

  /** Whether nothing at all may be sent now: the limit of amplification. */
  get isPathBlocked(): boolean {
    return this.paths.current.room(BASE_DATAGRAM_BYTES) === 0;
  }

  /** The next id of the peer, if there is one: on a new path nobody shall know us by the old one. */
  rotateRemoteId(): boolean {
    if (!this.remoteIds.rotate()) return false;
    this.watchResetToken();
    return true;
  }

  /** A stateless reset of the peer is known by the token of the id in use (Z5). */
  watchResetToken(): void {
    this.host.watchToken(this.slot, this.remoteIds.hasToken ? this.remoteIds.token : undefined);
  }
}
