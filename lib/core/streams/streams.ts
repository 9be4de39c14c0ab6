/**
 * All streams and messages of one connection: the face that the connection and the application see.
 *
 * Joins the parts and decides little: stream-life.ts (which streams there are), incoming.ts and delivery.ts (the peer's
 * bytes), sending.ts and outgoing.ts (ours), control.ts (limits and resets), messages.ts. Called by the connection; the
 * application's side goes through Stream.
 *
 * Invariants: what a peer can make us keep is bounded by the windows, the caps on streams and on spans; a stream that is
 * over on both sides and consumed costs nothing; once closed, nothing is sent or told any more.
 */

import { APPLICATION_ERROR, NO_ERROR } from '../error-codes.js';
import type { FrameSpace } from '../wire/frame-space.js';
import type { StreamRun } from '../wire/stream-run.js';
import { Control } from './control.js';
import { Credit } from './credit.js';
import { Delivery } from './delivery.js';
import { Incoming } from './incoming.js';
import { Messages } from './messages.js';
import { DEFAULT_URGENCY } from './priority.js';
import { Sending } from './sending.js';
import type { Stream } from './stream.js';
import { KIND_BYTES, StreamLife } from './stream-life.js';
import { StreamRequests } from './stream-requests.js';
import { StreamTable } from './stream-table.js';
import type { PeerLimits, StreamsOptions } from './streams-options.js';

export { UNKNOWN_STREAM_KIND } from './incoming.js';
export { KIND_BYTES, KIND_MESSAGE } from './stream-life.js';
export type { PeerLimits, StreamsOptions } from './streams-options.js';

/** Streams of a kind that may wait for the peer's leave, messages aside. */
const WAITING_STREAMS_MAX = 1024;

export class Streams {
  readonly #table: StreamTable;
  readonly #life: StreamLife;
  readonly #control: Control;
  readonly #messages: Messages;
  readonly #delivery: Delivery;
  readonly #incoming: Incoming;
  readonly #sending: Sending;

  constructor(options: StreamsOptions) {
    const { config, isInitiator } = options;
    const credit = new Credit(config.initialConnectionData, config.maxConnectionData);
    this.#table = new StreamTable(isInitiator, config.maxStreams);
    this.#control = new Control(credit, this.#table, options);
    this.#life = new StreamLife(options, this.#table, this.#control);
    this.#messages = new Messages(this.#life);
    this.#delivery = new Delivery(this.#life, credit, this.#control, this.#messages);
    this.#incoming = new Incoming(this.#life, this.#delivery, this.#messages);
    this.#sending = new Sending(this.#life, this.#control, this.#messages);
    this.#life.owner = new StreamRequests(this.#life, this.#sending, this.#delivery);
  }

  /** Once, before anything is opened or comes. */
  setPeerLimits(limits: PeerLimits): void {
    this.#life.peer = limits;
    this.#sending.onMaxData(limits.maxData);
    this.#table.raise(false, limits.maxStreamsBidi, nobody);
    this.#table.raise(true, limits.maxStreamsUni, nobody);
  }

  /** The connection is over. */
  get isClosed(): boolean {
    return this.#life.isClosed;
  }

  /** Figures for `stats()`. A new object. */
  get counters() {
    const { sentBytes, retransmittedBytes } = this.#sending.outgoing;
    return {
      streamsOpened: this.#life.opened,
      streamsAccepted: this.#life.accepted,
      streamsActive: this.#table.size,
      messagesSent: this.#messages.sent,
      messagesReceived: this.#messages.received,
      messagesWaiting: this.#messages.waiting,
      messageBytesWaiting: this.#messages.waitingBytes,
      messageBytesUnfinished: this.#messages.unfinishedBytes,
      streamBytesSent: sentBytes,
      streamBytesReceived: this.#incoming.bytesReceived,
      retransmittedBytes,
      spansWaiting: this.#delivery.spans,
      receiveWindow: this.#delivery.credit.windowBytes,
    };
  }

  /** Frames of the peer that were legal and of no use. Only grows. */
  get uselessFrames(): number {
    return this.#life.uselessFrames;
  }

  /** Whether there is memory that `fold` could give up. */
  get isUnfolded(): boolean {
    return this.#delivery.pieces.capacity > 0 || this.#table.isUnfolded;
  }

  /** Gives up memory that is needed only while something comes. Between turns. */
  fold(): void {
    this.#delivery.pieces.fold();
    this.#table.fold();
  }

  /** Streams that are not over. */
  get size(): number {
    return this.#table.size;
  }

  /** Flow control of the connection: sums of highest offsets, sent and received. They agree with the peer's. */
  get sentData(): number {
    return this.#sending.outgoing.sentData;
  }

  get receivedData(): number {
    return this.#incoming.received;
  }

  // --- the application's side ----------------------------------------------------------------------------------------

  /** A new stream; undefined when 1,024 wait for the peer's leave already, or the connection is over. */
  open(isUnidirectional: boolean): Stream | undefined {
    const waiting = this.#life.waiting[isUnidirectional ? 1 : 0];
    if (this.isClosed || waiting >= WAITING_STREAMS_MAX) return undefined;
    this.#life.opened++;
    return this.#life.openLocal(isUnidirectional, KIND_BYTES, false);
  }

  /**
   * A message, as a stream of its own. Borrows the bytes until EVENT_MESSAGE_DONE names the token. 0, or -1: above the
   * peer's limit; -2: too many wait (65,536, or 64 MiB), or the connection is over.
   */
  sendMessage(bytes: Uint8Array, token: unknown, urgency: number = DEFAULT_URGENCY): number {
    const stream = this.#messages.open(bytes, token, urgency);
    if (typeof stream === 'number') return stream;
    stream.finish();
    return 0;
  }

  /** The application has taken a message of that size: its room is the peer's again. */
  onMessageTaken(byteLength: number): void {
    if (this.isClosed) return;
    this.#messages.onTaken();
    this.#delivery.consumeConnection(byteLength);
  }

  // --- frames of the peer: each returns 0 or an error code -------------------------------------------------------------

  /** STREAM. Borrows the slab until `endTurn`. */
  onStream(
    id: number,
    offset: number,
    slab: Uint8Array,
    at: number,
    length: number,
    fin: boolean,
  ): number {
    if (this.#life.isClosed) return NO_ERROR;
    return this.#incoming.onStream(id, offset, slab, at, length, fin);
  }

  onResetStream(id: number, code: number, finalSize: number): number {
    return this.isClosed ? NO_ERROR : this.#incoming.onResetStream(id, code, finalSize);
  }

  onStopSending(id: number, code: number): number {
    return this.isClosed ? NO_ERROR : this.#sending.onStopSending(id, code);
  }

  onMaxData(max: number): number {
    return this.isClosed ? NO_ERROR : this.#sending.onMaxData(max);
  }

  onMaxStreamData(id: number, max: number): number {
    return this.isClosed ? NO_ERROR : this.#sending.onMaxStreamData(id, max);
  }

  onMaxStreams(isUnidirectional: boolean, max: number): number {
    return this.isClosed ? NO_ERROR : this.#sending.onMaxStreams(isUnidirectional, max);
  }

  /** Complaints of being blocked ask for nothing: a limit with room was told, and is told again when it was lost. */
  onDataBlocked(_max: number): number {
    if (!this.#delivery.credit.hearComplaint()) this.#life.uselessFrames++;
    return NO_ERROR;
  }

  onStreamDataBlocked(id: number, _max: number): number {
    if (this.isClosed) return NO_ERROR;
    const stream = this.#life.receivingStream(id);
    if (typeof stream !== 'number') {
      if (!stream.credit!.hearComplaint()) this.#life.uselessFrames++;
      return NO_ERROR;
    }
    this.#life.uselessFrames++;
    return stream;
  }

  onStreamsBlocked(isUnidirectional: boolean, _max: number): number {
    if (!this.#table.hearComplaint(isUnidirectional)) this.#life.uselessFrames++;
    return NO_ERROR;
  }

  // --- the end of a batch --------------------------------------------------------------------------------------------

  /** Copies what the batch in `slab` brought, tells the application, tunes the windows. */
  settle(_slab: Uint8Array, nowUs: number, minRttUs: number): void {
    const { touched } = this.#life;
    for (let index = 0; index < touched.length; index++) {
      const stream = touched[index];
      stream.isTouched = false;
      if (stream.sending !== undefined) this.#sending.settle(stream);
      if (stream.receiving !== undefined) this.#delivery.settle(stream, nowUs, minRttUs);
    }
    touched.length = 0;
    this.#delivery.endBatch(nowUs, minRttUs);
  }

  /** Bytes of the batch are gone: what a borrower has not taken is copied. */
  endTurn(): void {
    this.#delivery.endTurn();
  }

  // --- sending -------------------------------------------------------------------------------------------------------

  get hasControl(): boolean {
    return this.#control.isPending;
  }

  /** Whether a STREAM frame could be sent now, as far as the peer's limits go. */
  get hasData(): boolean {
    return this.#sending.outgoing.hasData;
  }

  /** A close in good order waits from now on for what was written, and ended, until now. O(streams). */
  awaitWritten(): void {
    this.#sending.awaited.begin(this.#table.values());
  }

  /** All that `awaitWritten` has found is acknowledged. */
  get isDrained(): boolean {
    return this.isClosed || this.#sending.awaited.isEmpty;
  }

  /** Moves whenever some of what `awaitWritten` has found is acknowledged. */
  get drainProgress(): number {
    return this.#sending.awaited.progress;
  }

  writeControl(space: FrameSpace): void {
    this.#control.write(space);
  }

  writeStreams(space: FrameSpace): void {
    this.#sending.outgoing.write(space);
  }

  /** See Outgoing. */
  planRun(run: StreamRun, payloadBytes: number, most: number): Stream | undefined {
    return this.#sending.outgoing.planRun(run, payloadBytes, most);
  }

  takeRun(run: StreamRun, stream: Stream): void {
    this.#sending.outgoing.takeRun(run, stream);
  }

  onFrameAcked(kind: number, id: number, offset: number, length: number): void {
    if (!this.#life.isClosed) this.#sending.onFrameAcked(kind, id, offset, length);
  }

  onFrameLost(kind: number, id: number, offset: number, length: number): void {
    if (!this.#life.isClosed) this.#sending.onFrameLost(kind, id, offset, length);
  }

  /**
   * The connection is over. What has come is told and can be read, also of a batch that is not settled; messages of ours
   * are reported as failed; nothing more is sent or comes.
   */
  close(): void {
    if (this.isClosed) return;
    let isSettled = false;
    try {
      this.settle(this.#delivery.slab, 0, 0);
      isSettled = true;
    } finally {
      this.#end(isSettled);
    }
  }

  /** `isSettled`: what has come is where the application finds it; else none of it is shown. */
  #end(isSettled: boolean): void {
    this.#life.isClosed = true;
    for (const stream of this.#table.values()) {
      this.#messages.settle(stream, APPLICATION_ERROR);
      stream.sending?.clear();
      if (!isSettled) stream.receiving?.clear();
    }
    this.#table.clear();
    this.#sending.awaited.clear();
    this.#sending.outgoing.clear();
    this.#control.clear();
  }
}

function nobody(): void {}
