/**
 * How streams of a connection come and go: opened by us or the peer, announced to the application, over (RFC 9000
 * sections 2.1, 3 and 4.6).
 *
 * It moves no bytes. Called by streams.ts, incoming.ts and sending.ts.
 *
 * Invariants: a stream is in the table from its first frame, or our opening it, until both halves are over and what it
 * brought was consumed; only then does the peer get leave for another one.
 */

import { STREAM_STATE_ERROR } from '../error-codes.js';
import { EVENT_STREAM } from '../event-ring.js';
import {
  type Control,
  WANT_MAX_STREAMS_BIDI,
  WANT_MAX_STREAMS_UNI,
  WANT_STREAMS_BLOCKED_BIDI,
  WANT_STREAMS_BLOCKED_UNI,
} from './control.js';
import { Credit } from './credit.js';
import { ReceivePart } from './receive-part.js';
import { SendPart } from './send-part.js';
import { Stream, type StreamOwner } from './stream.js';
import { NEW_STREAM, type StreamTable } from './stream-table.js';
import type { PeerLimits, StreamsOptions } from './streams-options.js';

/** First byte of a unidirectional stream: what the rest of it is (docs/wire-format.md F15). */
export const KIND_BYTES = 0x00;
export const KIND_MESSAGE = 0x01;
const KIND_PREFIXES: readonly Uint8Array[] = [
  Uint8Array.of(KIND_BYTES),
  Uint8Array.of(KIND_MESSAGE),
];

/** Until the peer has said what it allows. */
const NO_LIMITS: PeerLimits = {
  maxData: 0,
  maxStreamDataBidiLocal: 0,
  maxStreamDataBidiRemote: 0,
  maxStreamDataUni: 0,
  maxStreamsBidi: 0,
  maxStreamsUni: 0,
  maxMessageSize: 0,
};

export class StreamLife {
  readonly options: StreamsOptions;
  readonly table: StreamTable;
  isClosed = false;
  opened = 0;
  accepted = 0;
  /** Frames of the peer that were legal and of no use. */
  uselessFrames = 0;
  /** Streams with something to tell when the batch ends. */
  readonly touched: Stream[] = [];
  peer: PeerLimits = NO_LIMITS;
  /** By kind (bidirectional, unidirectional): streams, not messages, that wait for the peer's leave. */
  readonly waiting: [number, number] = [0, 0];
  /** By kind: the limit on our streams that was complained of. */
  readonly #blockedAt: [number, number] = [-1, -1];
  readonly #control: Control;
  /** Of all streams. Set once, before the first is made: its parts need this object. */
  owner: StreamOwner | undefined = undefined;

  constructor(options: StreamsOptions, table: StreamTable, control: Control) {
    this.options = options;
    this.table = table;
    this.#control = control;
  }

  /** A new stream of ours: the id that is next. `kind` of a unidirectional one. */
  openLocal(isUnidirectional: boolean, kind: number, isMessage: boolean): Stream {
    const id = this.table.nextId(isUnidirectional);
    const { maxStreamDataUni, maxStreamDataBidiRemote } = this.peer;
    // Of a bidirectional stream, "remote" is the peer's word for what we open.
    const sending = new SendPart(isUnidirectional ? maxStreamDataUni : maxStreamDataBidiRemote);
    const stream = this.#make(id, true, sending, isUnidirectional ? undefined : new ReceivePart());
    stream.isAnnounced = true;
    stream.isMessage = isMessage;
    stream.isWaiting = !this.table.isAllowed(id);
    if (stream.isWaiting) {
      if (!isMessage) this.waiting[isUnidirectional ? 1 : 0]++;
      this.complain(isUnidirectional);
    }
    if (isUnidirectional) {
      sending.write(KIND_PREFIXES[kind]);
      stream.prefixBytes = 1;
    }
    return stream;
  }

  /** Tells the peer, once for each limit, that we would open more streams. */
  complain(isUnidirectional: boolean): void {
    const kind = isUnidirectional ? 1 : 0;
    const most = this.table.most(isUnidirectional);
    if (this.#blockedAt[kind] === most) return;
    this.#blockedAt[kind] = most;
    this.#control.wantConnection(
      isUnidirectional ? WANT_STREAMS_BLOCKED_UNI : WANT_STREAMS_BLOCKED_BIDI,
    );
  }

  /** The complaint was lost: it is made again if it still holds. */
  onComplaintLost(isUnidirectional: boolean): void {
    if (this.table.waiting(isUnidirectional) === 0) return;
    this.#blockedAt[isUnidirectional ? 1 : 0] = -1;
    this.complain(isUnidirectional);
  }

  /** The peer gives leave: the stream may speak. */
  allow(stream: Stream): void {
    stream.isWaiting = false;
    if (!stream.isMessage) this.waiting[stream.isUnidirectional ? 1 : 0]--;
  }

  /** The stream of a frame about its receiving half, opened if need be; else what to return. */
  receivingStream(id: number): Stream | number {
    const stream = this.table.find(id) ?? this.#openRemote(id);
    if (typeof stream === 'number') {
      // Unidirectional ones of ours have no receiving half, over or not.
      return this.table.isLocal(id) && (id & 2) !== 0 ? STREAM_STATE_ERROR : stream;
    }
    return stream.receiving === undefined || stream.isWaiting ? STREAM_STATE_ERROR : stream;
  }

  /** The same for a frame about its sending half. */
  sendingStream(id: number): Stream | number {
    if (!this.table.isLocal(id) && (id & 2) !== 0) return STREAM_STATE_ERROR;
    const stream = this.table.find(id) ?? this.#openRemote(id);
    if (typeof stream === 'number') return stream;
    return stream.isWaiting ? STREAM_STATE_ERROR : stream;
  }

  /** The application hears of the stream, once. */
  announce(stream: Stream): void {
    if (stream.isAnnounced) return;
    stream.isAnnounced = true;
    this.accepted++;
    this.options.events.push(EVENT_STREAM, this.options.owner, stream);
  }

  touch(stream: Stream): void {
    if (stream.isTouched) return;
    stream.isTouched = true;
    this.touched.push(stream);
  }

  /** Lets go of a stream that is over on both sides and consumed. */
  removeWhenOver(stream: Stream): void {
    const { sending, receiving } = stream;
    if (sending !== undefined && !sending.isDone) return;
    if (receiving !== undefined) {
      if (!receiving.isComplete || receiving.bytesReadable > 0) return;
      if (!stream.isEndTold && !receiving.isStopped) return;
    }
    if (this.table.find(stream.id) !== stream) return;
    this.table.remove(stream);
    if (!stream.isLocal && !stream.isHeld) this.creditStream(stream.isUnidirectional);
  }

  /** A stream of the peer is over and consumed: it may open another one. */
  creditStream(isUnidirectional: boolean): void {
    if (!this.table.onOver(isUnidirectional)) return;
    this.#control.wantConnection(isUnidirectional ? WANT_MAX_STREAMS_UNI : WANT_MAX_STREAMS_BIDI);
  }

  #openRemote(id: number): Stream | number {
    const verdict = this.table.judge(id);
    if (verdict !== NEW_STREAM) return verdict;
    const isUnidirectional = (id & 2) !== 0;
    const sending = isUnidirectional ? undefined : new SendPart(this.peer.maxStreamDataBidiLocal);
    return this.#make(id, false, sending, new ReceivePart());
  }

  #make(
    id: number,
    isLocal: boolean,
    sending: SendPart | undefined,
    receiving: ReceivePart | undefined,
  ): Stream {
    const stream = new Stream(id, isLocal, sending, receiving, this.owner!);
    const { initialStreamData, maxStreamData } = this.options.config;
    if (receiving !== undefined) stream.credit = new Credit(initialStreamData, maxStreamData);
    this.table.add(stream);
    return stream;
  }
}
