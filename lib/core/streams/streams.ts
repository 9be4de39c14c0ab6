/**
 * All streams and messages of one connection.
 *
 * Joins the parts: table (which streams there are), halves (their bytes), outgoing (what is sent next), control (limits
 * and resets), credit (windows). Called by the connection; the application's side goes through Stream.
 *
 * Invariants: every frame is checked before anything changes; what a peer can make us keep is bounded by the windows, the
 * caps on streams and on spans; a stream that is over on both sides and consumed costs nothing.
 */

import type { TransportConfig } from '../config.js';
import {
  APPLICATION_ERROR,
  EXCESSIVE_LOAD,
  FINAL_SIZE_ERROR,
  FLOW_CONTROL_ERROR,
  INTERNAL_ERROR,
  MESSAGE_TOO_LARGE,
  NO_ERROR,
  STREAM_STATE_ERROR,
} from '../error-codes.js';
import {
  EVENT_FINISHED,
  EVENT_MESSAGE,
  EVENT_MESSAGE_DONE,
  EVENT_READABLE,
  EVENT_RESET,
  EVENT_STOPPED,
  EVENT_STREAM,
  EVENT_STREAMS_AVAILABLE,
  EVENT_WRITABLE,
  type EventRing,
} from '../event-ring.js';
import type { Memory } from '../ports.js';
import type { FrameSpace } from '../wire/frame-space.js';
import {
  SENT_DATA_BLOCKED,
  SENT_MAX_DATA,
  SENT_MAX_STREAM_DATA,
  SENT_MAX_STREAMS_BIDI,
  SENT_MAX_STREAMS_UNI,
  SENT_RESET_STREAM,
  SENT_STOP_SENDING,
  SENT_STREAM,
  SENT_STREAM_FIN,
} from '../wire/sent-kinds.js';
import {
  Control,
  WANT_DATA_BLOCKED,
  WANT_MAX_DATA,
  WANT_MAX_STREAMS_BIDI,
  WANT_MAX_STREAMS_UNI,
  WANT_STREAMS_BLOCKED_BIDI,
  WANT_STREAMS_BLOCKED_UNI,
} from './control.js';
import { Credit } from './credit.js';
import { Outgoing } from './outgoing.js';
import { Pieces } from './pieces.js';
import { ReceivePart } from './receive-part.js';
import { SendPart } from './send-part.js';
import {
  type Borrower,
  Stream,
  type StreamOwner,
  WANTS_BLOCKED,
  WANTS_MAX_DATA,
  WANTS_RESET,
  WANTS_STOP,
} from './stream.js';
import { NEW_STREAM, StreamTable } from './stream-table.js';

/** First byte of a unidirectional stream: what the rest of it is (docs/wire-format.md). */
export const KIND_BYTES = 0x00;
export const KIND_MESSAGE = 0x01;
const KIND_PREFIXES: readonly Uint8Array[] = [
  Uint8Array.of(KIND_BYTES),
  Uint8Array.of(KIND_MESSAGE),
];
/** STOP_SENDING for a unidirectional stream of a kind that we do not know. */
export const UNKNOWN_STREAM_KIND = 0x109;
/** What a whole message costs besides its bytes, as long as the application has not taken it. */
const MESSAGE_OVERHEAD_BYTES = 256;
/** Streams that may wait for the peer's leave. */
const WAITING_STREAMS_MAX = 1024;
/** Messages that are not acknowledged: entries and bytes. */
const MESSAGES_MAX = 65_536;
const MESSAGE_BYTES_MAX = 64 << 20;
const NO_BYTES = new Uint8Array(0);

export interface StreamsOptions {
  readonly isInitiator: boolean;
  readonly config: TransportConfig;
  readonly memory: Memory;
  readonly events: EventRing;
  /** The Connection: owner of the events. */
  readonly owner: unknown;
  /** Something to send has appeared. */
  onSendable(): void;
}

/** What the peer lets us do at the beginning: its transport parameters (RFC 9000 section 18.2). */
export interface PeerLimits {
  readonly maxData: number;
  readonly maxStreamDataBidiLocal: number;
  readonly maxStreamDataBidiRemote: number;
  readonly maxStreamDataUni: number;
  readonly maxStreamsBidi: number;
  readonly maxStreamsUni: number;
  readonly maxMessageSize: number;
}

export class Streams implements StreamOwner {
  #streamsOpened = 0;
  #streamsAccepted = 0;
  #messagesSent = 0;
  #messagesReceived = 0;
  #streamBytesReceived = 0;
  readonly #options: StreamsOptions;
  readonly #table: StreamTable;
  readonly #credit: Credit;
  readonly #outgoing = new Outgoing();
  readonly #control: Control;
  readonly #pieces = new Pieces();
  #peer: PeerLimits = {
    maxData: 0,
    maxStreamDataBidiLocal: 0,
    maxStreamDataBidiRemote: 0,
    maxStreamDataUni: 0,
    maxStreamsBidi: 0,
    maxStreamsUni: 0,
    maxMessageSize: 0,
  };
  /** Sum of the highest offsets of all streams: what counts for the connection's limit. */
  #received = 0;
  #slab: Uint8Array = NO_BYTES;
  /** Streams that the batch at hand has given something to tell. */
  readonly #touched: Stream[] = [];
  readonly #borrowing: Stream[] = [];
  /** Messages of ours that are not acknowledged. */
  #messages = 0;
  #messageBytes = 0;
  /** Bytes of messages of the peer that are not whole yet. */
  #unfinishedBytes = 0;
  /** Sending halves that are not done. */
  #unfinished = 0;
  #isClosed = false;

  constructor(options: StreamsOptions) {
    const { config, isInitiator } = options;
    this.#options = options;
    this.#table = new StreamTable(isInitiator, config.maxStreams);
    this.#credit = new Credit(config.initialConnectionData, config.maxConnectionData);
    this.#control = new Control(this.#credit, this.#table, this.#outgoing);
    this.#outgoing.onChunkGone = (stream) => this.onResetByUs(stream, INTERNAL_ERROR);
  }

  setPeerLimits(limits: PeerLimits): void {
    this.#peer = limits;
    this.#outgoing.raise(limits.maxData);
    this.#table.raise(false, limits.maxStreamsBidi, ignore);
    this.#table.raise(true, limits.maxStreamsUni, ignore);
  }

  get sendBufferBytes(): number {
    return this.#options.config.sendBuffer;
  }

  /** Figures for `stats()`. A new object. */
  get counters(): Readonly<Record<string, number>> {
    return {
      streamsOpened: this.#streamsOpened,
      streamsAccepted: this.#streamsAccepted,
      streamsActive: this.#table.size,
      messagesSent: this.#messagesSent,
      messagesReceived: this.#messagesReceived,
      streamBytesSent: this.#outgoing.sentBytes,
      streamBytesReceived: this.#streamBytesReceived,
      retransmittedBytes: this.#outgoing.retransmittedBytes,
      receiveWindow: this.#credit.windowBytes,
    };
  }

  /** Streams that are not over. */
  get size(): number {
    return this.#table.size;
  }

  // --- the application's side ----------------------------------------------------------------------------------------

  /** A new stream; undefined when 1,024 wait for the peer's leave already. */
  open(isUnidirectional: boolean): Stream | undefined {
    if (this.#isClosed || this.#table.waiting(isUnidirectional) >= WAITING_STREAMS_MAX)
      return undefined;
    this.#streamsOpened++;
    const stream = this.#openLocal(isUnidirectional);
    if (isUnidirectional) this.#prefix(stream, KIND_BYTES);
    return stream;
  }

  /**
   * A message, as a stream of its own. Borrows the bytes until EVENT_MESSAGE_DONE names the token. 0, or -1: above the
   * peer's limit; -2: too many wait.
   */
  sendMessage(bytes: Uint8Array, token: unknown): number {
    if (bytes.byteLength > this.#peer.maxMessageSize) return -1;
    const isFull = this.#messageBytes + bytes.byteLength > MESSAGE_BYTES_MAX;
    if (this.#isClosed || this.#messages >= MESSAGES_MAX || isFull) return -2;
    const stream = this.#openLocal(true);
    this.#prefix(stream, KIND_MESSAGE);
    stream.isMessage = true;
    stream.messageToken = token;
    stream.messageBytes = bytes.byteLength;
    this.#messages++;
    this.#messageBytes += bytes.byteLength;
    this.#messagesSent++;
    stream.sending!.write(bytes);
    stream.finish();
    return 0;
  }

  onWritten(stream: Stream): void {
    if (this.#isClosed) return;
    if (!this.#table.isLocal(stream.id) || this.#table.isAllowed(stream.id)) {
      this.#outgoing.offer(stream);
      this.#complain(stream);
    } else {
      this.#control.wanted |= stream.isUnidirectional
        ? WANT_STREAMS_BLOCKED_UNI
        : WANT_STREAMS_BLOCKED_BIDI;
    }
    this.#options.onSendable();
  }

  onResetByUs(stream: Stream, code: number): void {
    const sending = stream.sending!;
    if (this.#isClosed || sending.resetCode >= 0 || sending.isDone) return;
    sending.reset(code);
    this.#settleMessage(stream, code);
    // A stream that still waits for the peer's leave is reset when it has it.
    if (this.#table.isAllowed(stream.id) || !stream.isLocal) {
      this.#control.want(stream, WANTS_RESET);
      this.#options.onSendable();
    }
  }

  onStopByUs(stream: Stream, code: number): void {
    const receiving = stream.receiving!;
    receiving.isStopped = true;
    stream.stopCode = code;
    this.#consume(stream, receiving.clear());
    if (this.#isClosed) return;
    if (!receiving.isComplete) {
      this.#control.want(stream, WANTS_STOP);
      this.#options.onSendable();
    }
    this.#removeWhenOver(stream);
  }

  onConsumed(stream: Stream, bytes: number): void {
    this.#consume(stream, bytes);
    this.#removeWhenOver(stream);
  }

  onEndSeen(stream: Stream): void {
    stream.isEndTold = true;
    this.#removeWhenOver(stream);
  }

  deliver(stream: Stream, borrower: Borrower): void {
    const receiving = stream.receiving!;
    for (let chunk = receiving.read(); chunk !== undefined; chunk = receiving.read()) {
      this.#consume(stream, chunk.byteLength);
      borrower(chunk, 0, chunk.byteLength);
    }
    const { pairs } = this.#pieces;
    const slab = this.#slab;
    const from = receiving.runStart;
    const to = from + receiving.runCount;
    this.#consume(stream, receiving.dropRun());
    for (let piece = from; piece < to; piece++) {
      borrower(slab, pairs[2 * piece], pairs[2 * piece + 1]);
    }
    this.#removeWhenOver(stream);
  }

  // --- frames of the peer --------------------------------------------------------------------------------------------

  /** STREAM. Borrows the slab until `endTurn`. */
  onStream(
    id: number,
    offset: number,
    slab: Uint8Array,
    at: number,
    length: number,
    fin: boolean,
  ): number {
    const stream = this.#table.find(id);
    if (stream === undefined) return this.#onFirst(id, offset, slab, at, length, fin);
    const { receiving } = stream;
    if (receiving === undefined) return STREAM_STATE_ERROR;
    return this.#onData(stream, receiving, offset, slab, at, length, fin);
  }

  onResetStream(id: number, code: number, finalSize: number): number {
    const stream = this.#receivingStream(id);
    if (typeof stream === 'number') return stream;
    const receiving = stream.receiving!;
    const error = this.#checkEnd(stream, receiving, finalSize, true);
    if (error !== NO_ERROR || receiving.resetCode >= 0 || receiving.isComplete) return error;
    this.#received += finalSize - receiving.highest;
    // What was consumed already counts once; the rest is consumed by being dropped.
    if (stream.kind === KIND_MESSAGE) this.#unfinishedBytes -= receiving.bytesReadable;
    const unread = stream.kind === KIND_MESSAGE ? 0 : receiving.bytesReadable;
    receiving.clear();
    const dropped = unread + finalSize - receiving.next;
    receiving.highest = finalSize;
    receiving.finalSize = finalSize;
    receiving.next = finalSize;
    receiving.resetCode = code;
    this.#consumeConnection(dropped);
    const isHidden = stream.isUnidirectional && stream.kind !== KIND_BYTES;
    if (!isHidden && !receiving.isStopped) {
      this.#announce(stream);
      this.#options.events.push(EVENT_RESET, this.#options.owner, stream, code);
    }
    stream.isEndTold = true;
    this.#removeWhenOver(stream);
    return NO_ERROR;
  }

  onStopSending(id: number, code: number): number {
    const stream = this.#sendingStream(id);
    if (typeof stream === 'number') return stream;
    const sending = stream.sending!;
    if (sending.resetCode >= 0 || sending.isDone) return NO_ERROR;
    if (!stream.isMessage) {
      this.#announce(stream);
      this.#options.events.push(EVENT_STOPPED, this.#options.owner, stream, code);
    }
    // RFC 9000 section 3.5: the answer is a reset, with the same code.
    this.onResetByUs(stream, code);
    return NO_ERROR;
  }

  onMaxData(max: number): number {
    this.#outgoing.raise(max);
    return NO_ERROR;
  }

  onMaxStreamData(id: number, max: number): number {
    const stream = this.#sendingStream(id);
    if (typeof stream === 'number') return stream;
    const sending = stream.sending!;
    if (max > sending.maxData) {
      sending.maxData = max;
      this.#outgoing.offer(stream);
    }
    return NO_ERROR;
  }

  onMaxStreams(isUnidirectional: boolean, max: number): number {
    const isRaised = this.#table.raise(isUnidirectional, max, (stream) => {
      if (stream.sending!.resetCode >= 0) this.#control.want(stream, WANTS_RESET);
      else this.#outgoing.offer(stream);
    });
    const { events, owner } = this.#options;
    if (isRaised) events.push(EVENT_STREAMS_AVAILABLE, owner, owner);
    return NO_ERROR;
  }

  /** The three complaints of being blocked: the answer is the limit as it is, when it has room. */
  onDataBlocked(_max: number): number {
    return NO_ERROR;
  }

  onStreamDataBlocked(id: number, _max: number): number {
    const stream = this.#receivingStream(id);
    return typeof stream === 'number' ? stream : NO_ERROR;
  }

  onStreamsBlocked(_isUnidirectional: boolean, _max: number): number {
    return NO_ERROR;
  }

  // --- the end of a batch --------------------------------------------------------------------------------------------

  /** Copies what the batch brought, tells the application, tunes the windows. */
  settle(slab: Uint8Array, nowUs: number, minRttUs: number): void {
    if (this.#touched.length > 0) {
      for (let index = 0; index < this.#touched.length; index++) {
        this.#settleStream(this.#touched[index], slab, nowUs, minRttUs);
      }
      this.#touched.length = 0;
    }
    if (this.#borrowing.length === 0) this.#pieces.count = 0;
    if (this.#credit.tune(nowUs, minRttUs)) this.#control.wanted |= WANT_MAX_DATA;
  }

  /** Bytes of the batch are gone: what a borrower has not taken is copied. */
  endTurn(): void {
    if (this.#borrowing.length === 0) return;
    for (const stream of this.#borrowing) {
      stream.receiving!.flush(this.#pieces, this.#options.memory, this.#slab);
    }
    this.#borrowing.length = 0;
    this.#pieces.count = 0;
  }

  // --- sending -------------------------------------------------------------------------------------------------------

  get hasControl(): boolean {
    return this.#control.isPending;
  }

  get hasData(): boolean {
    return this.#outgoing.hasData;
  }

  /** Nothing of ours is unsent or unacknowledged. */
  get isDrained(): boolean {
    return this.#unfinished === 0 || this.#areAllReleased();
  }

  writeControl(space: FrameSpace): void {
    this.#control.write(space);
  }

  writeStreams(space: FrameSpace): void {
    const wasBlocked = this.#outgoing.isBlocked;
    this.#outgoing.write(space);
    if (this.#outgoing.isBlocked && !wasBlocked) this.#control.wanted |= WANT_DATA_BLOCKED;
  }

  onFrameAcked(kind: number, id: number, offset: number, length: number): void {
    switch (kind) {
      case SENT_STREAM:
      case SENT_STREAM_FIN:
        this.#onStreamAcked(kind === SENT_STREAM_FIN, id, offset, length);
        return;
      case SENT_RESET_STREAM: {
        const stream = this.#table.find(id);
        if (stream?.sending === undefined || stream.sending.isResetAcked) return;
        stream.sending.isResetAcked = true;
        this.#unfinished--;
        this.#removeWhenOver(stream);
        return;
      }
      default:
    }
  }

  onFrameLost(kind: number, id: number, offset: number, length: number): void {
    const stream = this.#table.find(id);
    switch (kind) {
      case SENT_STREAM:
      case SENT_STREAM_FIN:
        if (stream !== undefined)
          this.#onStreamLost(stream, kind === SENT_STREAM_FIN, offset, length);
        return;
      case SENT_MAX_DATA:
        this.#control.wanted |= WANT_MAX_DATA;
        return;
      case SENT_MAX_STREAMS_BIDI:
        this.#control.wanted |= WANT_MAX_STREAMS_BIDI;
        return;
      case SENT_MAX_STREAMS_UNI:
        this.#control.wanted |= WANT_MAX_STREAMS_UNI;
        return;
      case SENT_DATA_BLOCKED:
        if (this.#outgoing.isBlocked) this.#control.wanted |= WANT_DATA_BLOCKED;
        return;
      default:
        if (stream !== undefined) this.#onControlLost(stream, kind);
    }
  }

  /** The connection is over. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stream of this.#table.values()) {
      this.#settleMessage(stream, APPLICATION_ERROR);
      stream.sending?.clear();
    }
    // What was received stays readable; nothing is sent any more.
    this.#outgoing.clear();
    this.#control.clear();
    this.#unfinished = 0;
  }

  // --- inside: streams come and go -----------------------------------------------------------------------------------

  #openLocal(isUnidirectional: boolean): Stream {
    const id = this.#table.nextId(isUnidirectional);
    const { maxStreamDataUni, maxStreamDataBidiRemote } = this.#peer;
    // Of a bidirectional stream, "remote" is the peer's word for what we open.
    const sending = new SendPart(isUnidirectional ? maxStreamDataUni : maxStreamDataBidiRemote);
    const stream = this.#make(id, true, sending, isUnidirectional ? undefined : new ReceivePart());
    stream.isAnnounced = true;
    return stream;
  }

  #make(
    id: number,
    isLocal: boolean,
    sending: SendPart | undefined,
    receiving: ReceivePart | undefined,
  ): Stream {
    const stream = new Stream(id, isLocal, sending, receiving, this);
    const { initialStreamData, maxStreamData } = this.#options.config;
    if (receiving !== undefined) stream.credit = new Credit(initialStreamData, maxStreamData);
    if (sending !== undefined) this.#unfinished++;
    this.#table.add(stream);
    return stream;
  }

  #prefix(stream: Stream, kind: number): void {
    stream.sending!.write(KIND_PREFIXES[kind]);
    stream.prefixBytes = 1;
  }

  /** The stream of a frame about its receiving half, opened if need be; else what to return. */
  #receivingStream(id: number): Stream | number {
    const stream = this.#table.find(id) ?? this.#openRemote(id);
    if (typeof stream === 'number') {
      // Unidirectional ones of ours have no receiving half, over or not.
      return this.#table.isLocal(id) && (id & 2) !== 0 ? STREAM_STATE_ERROR : stream;
    }
    return stream.receiving === undefined ? STREAM_STATE_ERROR : stream;
  }

  #sendingStream(id: number): Stream | number {
    if (!this.#table.isLocal(id) && (id & 2) !== 0) return STREAM_STATE_ERROR;
    const stream = this.#table.find(id) ?? this.#openRemote(id);
    if (typeof stream === 'number') return stream;
    return stream.isLocal && !this.#table.isAllowed(id) ? STREAM_STATE_ERROR : stream;
  }

  #openRemote(id: number): Stream | number {
    const verdict = this.#table.judge(id);
    if (verdict !== NEW_STREAM) return verdict;
    const isUnidirectional = (id & 2) !== 0;
    const sending = isUnidirectional ? undefined : new SendPart(this.#peer.maxStreamDataBidiLocal);
    return this.#make(id, false, sending, new ReceivePart());
  }

  /** The first frame of a stream that the table does not have. */
  #onFirst(
    id: number,
    offset: number,
    slab: Uint8Array,
    at: number,
    length: number,
    fin: boolean,
  ): number {
    const stream = this.#receivingStream(id);
    if (typeof stream === 'number') return stream;
    return this.#onData(stream, stream.receiving!, offset, slab, at, length, fin);
  }

  #removeWhenOver(stream: Stream): void {
    const { sending, receiving } = stream;
    if (sending !== undefined && !sending.isDone) return;
    if (receiving !== undefined) {
      if (!receiving.isComplete || receiving.bytesReadable > 0) return;
      if (!stream.isEndTold && !receiving.isStopped) return;
    }
    if (this.#table.find(stream.id) !== stream) return;
    this.#table.remove(stream);
    if (stream.isLocal || this.#isClosed) return;
    if (!this.#table.onOver(stream.id)) return;
    this.#control.wanted |= stream.isUnidirectional ? WANT_MAX_STREAMS_UNI : WANT_MAX_STREAMS_BIDI;
    this.#options.onSendable();
  }

  #announce(stream: Stream): void {
    if (stream.isAnnounced) return;
    stream.isAnnounced = true;
    this.#streamsAccepted++;
    this.#options.events.push(EVENT_STREAM, this.#options.owner, stream);
  }

  // --- inside: receiving ---------------------------------------------------------------------------------------------

  #onData(
    stream: Stream,
    receiving: ReceivePart,
    offset: number,
    slab: Uint8Array,
    at: number,
    length: number,
    fin: boolean,
  ): number {
    const end = offset + length;
    const error = this.#checkEnd(stream, receiving, end, fin);
    if (error !== NO_ERROR) return error;
    if (end > receiving.highest) {
      this.#received += end - receiving.highest;
      receiving.highest = end;
    }
    if (fin) receiving.finalSize = end;
    if (receiving.resetCode >= 0) return NO_ERROR;
    this.#slab = slab;
    if (!stream.isTouched) {
      stream.isTouched = true;
      this.#touched.push(stream);
    }
    if (receiving.isStopped) return this.#discard(receiving);
    let skip = 0;
    if (stream.kind < 0 && stream.isUnidirectional && offset === 0 && length > 0) {
      skip = 1;
      this.#onKind(stream, receiving, slab[at]);
    }
    const { memory } = this.#options;
    const before = receiving.next;
    const result = receiving.accept(
      this.#pieces,
      memory,
      slab,
      at + skip,
      offset + skip,
      length - skip,
      stream.credit!.windowBytes,
    );
    const fresh = receiving.next - before;
    if (fresh === 0) return result;
    this.#streamBytesReceived += fresh;
    return stream.kind === KIND_MESSAGE ? this.#onMessageData(stream, receiving, fresh) : result;
  }

  /** The first byte of a unidirectional stream of the peer: nobody else sees it. */
  #onKind(stream: Stream, receiving: ReceivePart, kind: number): void {
    stream.kind = kind;
    receiving.next = 1;
    this.#consume(stream, 1);
    if (kind !== KIND_BYTES && kind !== KIND_MESSAGE) this.onStopByUs(stream, UNKNOWN_STREAM_KIND);
  }

  /**
   * Part of a message, in order. It is consumed as it comes, else two large ones could block each other; what all
   * unfinished ones hold is capped by what a sender may have under way, and one more.
   */
  #onMessageData(stream: Stream, receiving: ReceivePart, fresh: number): number {
    const { maxMessageSize } = this.#options.config;
    if (receiving.highest - 1 > maxMessageSize) return MESSAGE_TOO_LARGE;
    this.#unfinishedBytes += fresh;
    if (this.#unfinishedBytes > MESSAGE_BYTES_MAX + maxMessageSize) return EXCESSIVE_LOAD;
    this.#consume(stream, fresh);
    return NO_ERROR;
  }

  /** Bytes of a stream that the application does not want: consumed as they come, in whatever order. */
  #discard(receiving: ReceivePart): number {
    const dropped = receiving.highest - receiving.next;
    receiving.next = receiving.highest;
    this.#consumeConnection(dropped);
    return NO_ERROR;
  }

  /** Final size and flow control of data that ends at `end` (RFC 9000 sections 4.1 and 4.5). */
  #checkEnd(stream: Stream, receiving: ReceivePart, end: number, isFinal: boolean): number {
    const { finalSize, highest } = receiving;
    if (finalSize >= 0) {
      if (end > finalSize || (isFinal && end !== finalSize)) return FINAL_SIZE_ERROR;
    } else if (isFinal && end < highest) {
      return FINAL_SIZE_ERROR;
    }
    if (end <= highest) return NO_ERROR;
    if (end > stream.credit!.limit) return FLOW_CONTROL_ERROR;
    return this.#received + end - highest > this.#credit.limit ? FLOW_CONTROL_ERROR : NO_ERROR;
  }

  #consume(stream: Stream, bytes: number): void {
    if (bytes === 0 || this.#isClosed) return;
    const { receiving, credit } = stream;
    if (credit!.consume(bytes) && receiving!.finalSize < 0 && !receiving!.isStopped) {
      this.#control.want(stream, WANTS_MAX_DATA);
      this.#options.onSendable();
    }
    this.#consumeConnection(bytes);
  }

  #consumeConnection(bytes: number): void {
    if (bytes === 0 || !this.#credit.consume(bytes)) return;
    this.#control.wanted |= WANT_MAX_DATA;
    this.#options.onSendable();
  }

  #settleStream(stream: Stream, slab: Uint8Array, nowUs: number, minRttUs: number): void {
    stream.isTouched = false;
    if (stream.sending !== undefined) this.#settleSending(stream);
    const { receiving } = stream;
    if (receiving === undefined || receiving.resetCode >= 0) return;
    if (receiving.isStopped) {
      this.#removeWhenOver(stream);
      return;
    }
    if (stream.isUnidirectional && stream.kind !== KIND_BYTES) {
      this.#settleMessageIn(stream, receiving, slab);
      return;
    }
    const { events, owner, memory } = this.#options;
    if (stream.borrower === undefined) receiving.flush(this.#pieces, memory, slab);
    else if (receiving.runCount > 0) this.#borrowing.push(stream);
    if (receiving.bytesReadable === 0 && (!receiving.isComplete || stream.isEndTold)) return;
    this.#announce(stream);
    events.push(EVENT_READABLE, owner, stream);
    const { credit } = stream;
    if (receiving.finalSize >= 0 || !credit!.tune(nowUs, minRttUs)) return;
    this.#credit.widen(1.5 * credit!.windowBytes);
    this.#control.want(stream, WANTS_MAX_DATA);
  }

  #settleSending(stream: Stream): void {
    const { events, owner } = this.#options;
    if (stream.isWritableDue) {
      stream.isWritableDue = false;
      events.push(EVENT_WRITABLE, owner, stream);
    }
    if (!stream.isFinishedDue) return;
    stream.isFinishedDue = false;
    events.push(EVENT_FINISHED, owner, stream);
  }

  /** A stream that is a message, or has ended before it said what it is: that one is nothing. */
  #settleMessageIn(stream: Stream, receiving: ReceivePart, slab: Uint8Array): void {
    const { events, owner, memory } = this.#options;
    receiving.flush(this.#pieces, memory, slab);
    if (!receiving.isComplete) return;
    stream.isEndTold = true;
    if (stream.kind === KIND_MESSAGE) {
      const bytes = receiving.takeAll(memory);
      this.#unfinishedBytes -= bytes.byteLength;
      this.#messagesReceived++;
      // Until the application takes it, the peer does not get its room back.
      this.#credit.consumed -= bytes.byteLength + MESSAGE_OVERHEAD_BYTES;
      events.push(EVENT_MESSAGE, owner, bytes);
    }
    this.#removeWhenOver(stream);
  }

  /** The application has taken a message of that size: its room is the peer's again. */
  onMessageTaken(byteLength: number): void {
    if (!this.#isClosed) this.#consumeConnection(byteLength + MESSAGE_OVERHEAD_BYTES);
  }

  // --- inside: sending -----------------------------------------------------------------------------------------------

  #onStreamAcked(isFin: boolean, id: number, offset: number, length: number): void {
    const stream = this.#table.find(id);
    const sending = stream?.sending;
    if (stream === undefined || sending === undefined || sending.isDone) return;
    const isReleased = sending.resetCode < 0 && sending.onAcked(offset, length);
    if (isFin && sending.resetCode < 0) sending.isFinAcked = true;
    if (isReleased && !stream.isMessage) stream.isWritableDue = true;
    if (sending.isDone) {
      this.#unfinished--;
      if (stream.isMessage) this.#settleMessage(stream, NO_ERROR);
      else stream.isFinishedDue = true;
      this.#removeWhenOver(stream);
    }
    if (stream.isMessage || stream.isTouched) return;
    stream.isTouched = true;
    this.#touched.push(stream);
  }

  #onStreamLost(stream: Stream, isFin: boolean, offset: number, length: number): void {
    const { sending } = stream;
    if (sending === undefined || sending.resetCode >= 0) return;
    sending.onLost(offset, length);
    if (isFin && !sending.isFinAcked) sending.isFinSent = false;
    this.#outgoing.offer(stream);
  }

  #onControlLost(stream: Stream, kind: number): void {
    const { sending, receiving } = stream;
    if (kind === SENT_RESET_STREAM && sending !== undefined && !sending.isResetAcked) {
      this.#control.want(stream, WANTS_RESET);
    } else if (kind === SENT_STOP_SENDING && receiving?.finalSize === -1) {
      this.#control.want(stream, WANTS_STOP);
    } else if (kind === SENT_MAX_STREAM_DATA && receiving?.finalSize === -1) {
      if (!receiving.isStopped) this.#control.want(stream, WANTS_MAX_DATA);
    }
  }

  /** Complains once for each limit that holds the stream back. */
  #complain(stream: Stream): void {
    const sending = stream.sending!;
    const isHeldBack = sending.written > sending.maxData && sending.sent === sending.maxData;
    if (!isHeldBack || stream.blockedAt === sending.maxData) return;
    stream.blockedAt = sending.maxData;
    this.#control.want(stream, WANTS_BLOCKED);
  }

  /** A message of ours is over, one way or the other. */
  #settleMessage(stream: Stream, error: number): void {
    if (!stream.isMessage || stream.isMessageDone) return;
    stream.isMessageDone = true;
    this.#messages--;
    this.#messageBytes -= stream.messageBytes;
    this.#options.events.push(EVENT_MESSAGE_DONE, this.#options.owner, stream.messageToken, error);
    stream.messageToken = undefined;
  }

  #areAllReleased(): boolean {
    for (const stream of this.#table.values()) {
      const { sending } = stream;
      if (sending === undefined || sending.isDone) continue;
      if (sending.resetCode >= 0 || sending.finAt >= 0) return false;
      if (stream.written > 0 && sending.released < sending.written) return false;
    }
    return true;
  }
}

function ignore(): void {}
