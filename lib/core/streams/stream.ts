/**
 * One stream, as the application's side holds it: its halves, and what may be asked of them.
 *
 * It moves no bytes itself: send-part.ts and receive-part.ts do, for streams.ts, which owns all streams of a connection.
 * Called by `lib/api/stream`.
 *
 * Invariant: a half that the stream does not have is never created; asking for it throws.
 */

import type { Credit } from './credit.js';
import { DEFAULT_URGENCY, DEFAULT_WEIGHT, requirePriority } from './priority.js';
import type { ReceivePart } from './receive-part.js';
import type { SendPart } from './send-part.js';

/** Takes bytes that it does not own: `byteLength` of them at `offset`, good until it returns. */
export type Borrower = (bytes: Uint8Array, offset: number, byteLength: number) => void;

/** What a stream asks of the Streams that it belongs to. */
export interface StreamOwner {
  /** Bytes written and not acknowledged that a stream holds before it pushes back. */
  readonly sendBufferBytes: number;
  /** The connection is over. */
  readonly isClosed: boolean;
  onWritten(stream: Stream): void;
  onPriority(stream: Stream, urgency: number, weight: number): void;
  onResetByUs(stream: Stream, code: number): void;
  onStopByUs(stream: Stream, code: number): void;
  /** The next chunk of a stream that receives. */
  read(stream: Stream): Uint8Array | undefined;
  onEndTaken(stream: Stream): void;
  /** The stream has another borrower, or none. */
  onBorrower(stream: Stream): void;
  deliver(stream: Stream): void;
}

/** Control frames that a stream wants to send: bits of `pendingControl`. */
export const WANTS_RESET = 1;
export const WANTS_STOP = 2;
export const WANTS_MAX_DATA = 4;
export const WANTS_BLOCKED = 8;

/** The place of a stream in a second queue. */
export class FreePlace {
  readonly stream: Stream;
  isQueued = false;
  nextQueued: FreePlace | undefined = undefined;
  previousQueued: FreePlace | undefined = undefined;

  constructor(stream: Stream) {
    this.stream = stream;
  }

  get urgency(): number {
    return this.stream.urgency;
  }
}

export class Stream {
  readonly id: number;
  readonly isLocal: boolean;
  readonly isUnidirectional: boolean;
  /** The application's handle. */
  data: unknown = undefined;
  /** The sending half; undefined when the stream has none. Of streams.ts. */
  readonly sending: SendPart | undefined;
  readonly receiving: ReceivePart | undefined;
  readonly #owner: StreamOwner;

  // Of streams.ts and its parts:
  credit: Credit | undefined = undefined;
  /** Bytes at the front of the sending half that the application did not write: the kind. */
  prefixBytes = 0;
  /** One of ours, beyond what the peer lets us open: it sends nothing, and the peer may say nothing of it. */
  isWaiting = false;
  /** How it is served: see priority.ts. */
  urgency = DEFAULT_URGENCY;
  weight = DEFAULT_WEIGHT;
  /** Its place among all that have something to send: see send-queue.ts. */
  isQueued = false;
  nextQueued: Stream | undefined = undefined;
  previousQueued: Stream | undefined = undefined;
  /** Of turns.ts: its place among those that need no credit for it; undefined before the first time. */
  freePlace: FreePlace | undefined = undefined;
  pendingControl = 0;
  isControlQueued = false;
  stopCode = 0;
  isAnnounced = false;
  isTouched = false;
  isWritableDue = false;
  isFinishedDue = false;
  /** Limit of the peer that was complained of. */
  blockedAt = -1;
  isEndTold = false;
  isMessage = false;
  messageToken: unknown = undefined;
  messageBytes = 0;
  isMessageDone = false;
  /** A message of the peer that the application has not taken: the stream still counts as open. */
  isHeld = false;
  kind = -1;
  borrower: Borrower | undefined = undefined;
  /** Bytes that it has sent in its turn, and what earlier ones took too much. */
  turnBytes = 0;

  constructor(
    id: number,
    isLocal: boolean,
    sending: SendPart | undefined,
    receiving: ReceivePart | undefined,
    owner: StreamOwner,
  ) {
    this.id = id;
    this.isLocal = isLocal;
    this.isUnidirectional = (id & 2) !== 0;
    this.sending = sending;
    this.receiving = receiving;
    this.#owner = owner;
  }

  // --- sending -------------------------------------------------------------------------------------------------------

  /** Borrows the chunk until `released` is behind it. Ignored once the stream is reset or the connection over. */
  write(chunk: Uint8Array): void {
    const sending = this.#sendingHalf('write');
    if (sending.finAt >= 0) throw new RangeError(`stream ${this.id}: write after finish`);
    if (sending.resetCode >= 0 || this.#owner.isClosed) return;
    sending.write(chunk);
    this.#owner.onWritten(this);
  }

  /** No more bytes of ours. */
  finish(): void {
    const sending = this.#sendingHalf('finish');
    if (sending.finAt >= 0 || sending.resetCode >= 0) return;
    sending.finAt = sending.written;
    this.#owner.onWritten(this);
  }

  /** Urgency 0 to 7, less is served first; weight 1 to 256, its share among equals. Nothing of it is on the wire. */
  setPriority(urgency: number, weight: number): void {
    this.#sendingHalf('priority');
    requirePriority(urgency, weight);
    this.#owner.onPriority(this, urgency, weight);
  }

  /** Gives up sending with an application's code, 0 to 2^53 - 1: what is not acknowledged may be lost. */
  reset(code: number): void {
    const sending = this.#sendingHalf('reset');
    requireCode(code);
    if (sending.resetCode >= 0 || sending.isDone) return;
    this.#owner.onResetByUs(this, code);
  }

  /** Bytes that the application wrote. */
  get written(): number {
    return (this.sending?.written ?? this.prefixBytes) - this.prefixBytes;
  }

  /** Of these, all below are acknowledged: their chunks are the application's again. */
  get released(): number {
    return Math.max((this.sending?.released ?? 0) - this.prefixBytes, 0);
  }

  get buffered(): number {
    return this.written - this.released;
  }

  /** Whether the application should go on writing. */
  get hasRoom(): boolean {
    return this.buffered < this.#owner.sendBufferBytes;
  }

  /** Everything was acknowledged, the end included; or the reset was. */
  get isFinished(): boolean {
    return this.sending?.isDone ?? true;
  }

  // --- receiving -----------------------------------------------------------------------------------------------------

  /** The next chunk in order, transferred; undefined when there is none now. It counts as consumed. */
  read(): Uint8Array | undefined {
    this.#receivingHalf('read');
    return this.#owner.read(this);
  }

  get bytesReadable(): number {
    return this.receiving?.bytesReadable ?? 0;
  }

  /** The end has come and everything before it was read; a stream that was reset or stopped has none. */
  get isEnded(): boolean {
    const { receiving } = this;
    if (receiving === undefined) return true;
    const hasEnd = receiving.isComplete && receiving.resetCode < 0 && !receiving.isStopped;
    return hasEnd && receiving.bytesReadable === 0;
  }

  /**
   * Takes the end out, as `read` takes bytes: only then may the peer open another stream in place of this one. Returns
   * whether it was there.
   */
  takeEnd(): boolean {
    this.#receivingHalf('takeEnd');
    const { isEnded } = this;
    if (isEnded) this.#owner.onEndTaken(this);
    return isEnded;
  }

  /** Asks the peer to stop sending, with an application's code; what has come unread is dropped. */
  stop(code: number): void {
    const receiving = this.#receivingHalf('stop');
    requireCode(code);
    if (receiving.isStopped || receiving.resetCode >= 0) return;
    this.#owner.onStopByUs(this, code);
  }

  /** Bytes in order go to `borrower` from now on, without a copy, when `deliver` is called; undefined ends that. */
  borrow(borrower: Borrower | undefined): void {
    this.#receivingHalf('borrow');
    this.borrower = borrower;
    this.#owner.onBorrower(this);
  }

  /**
   * Hands what is there to the borrower. Within the turn of EVENT_READABLE nothing is copied. What the borrower throws
   * is thrown here; the bytes that it was given count as read, those behind them wait.
   */
  deliver(): void {
    if (this.borrower !== undefined) this.#owner.deliver(this);
  }

  #sendingHalf(what: string): SendPart {
    if (this.sending !== undefined) return this.sending;
    throw new RangeError(`stream ${this.id} is the peer's: no ${what} here`);
  }

  #receivingHalf(what: string): ReceivePart {
    if (this.receiving !== undefined) return this.receiving;
    throw new RangeError(`stream ${this.id} only sends: no ${what} here`);
  }
}

function requireCode(code: number): void {
  if (Number.isSafeInteger(code) && code >= 0) return;
  throw new RangeError(`no error code from 0 to 2^53 - 1: ${code}`);
}
