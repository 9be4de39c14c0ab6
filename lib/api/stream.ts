/**
 * A stream of a connection as a Duplex of `node:stream`.
 *
 * It moves chunks between Node's machinery and the core: nothing is copied on the way out, and what one batch brought
 * comes in as one chunk. Made by `Connection` only.
 *
 * Invariants: a chunk that was written is the caller's again when its callback has been called, and not before; the end
 * of one stream never ends the connection.
 */

import { Duplex, type DuplexOptions } from 'node:stream';
import type { Stream as CoreStream } from '../core/streams/stream.js';
import { outOfRange, throwLater } from './errors.js';
import { StreamError } from './transport-errors.js';

/** Bytes that wait in Node's buffers before back-pressure; the core's own come on top (4 MiB to send, the window to receive). */
const WRITABLE_BYTES = 1 << 20;
const READABLE_BYTES = 256 << 10;

type WriteCallback = (error?: Error | null) => void;

/** Options of `openStream`. */
export interface StreamOptions {
  /** Only this side sends. Default false. */
  readonly unidirectional?: boolean | undefined;
  /** Destroys the stream when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** Takes bytes that it does not own: `byteLength` of them at `offset`, good until it returns. */
export type BorrowedReader = (bytes: Uint8Array, offset: number, byteLength: number) => void;

/**
 * A stream: ordered, reliable bytes.
 *
 * Back-pressure is Node's. `write` keeps the caller's chunk, without a copy, until its callback; that comes when the peer
 * has acknowledged the chunk. 'finish' comes when the peer has acknowledged everything and the end. `destroy(error)`
 * gives up: the peer sees a reset with `error.code` if that is a number, else 0. What the peer gives up is an 'error'
 * with ERR_STREAM_RESET or ERR_STREAM_STOPPED and its code.
 */
export class TransportStream extends Duplex {
  /** QUIC's number of the stream (RFC 9000 section 2.1). */
  readonly id: number;
  readonly #core: CoreStream;
  readonly #onReleased: [endOffset: number, callback: WriteCallback][] = [];
  #offeredBytes = 0;
  /** The machinery's callback of a write that waits for room. */
  #waiting: WriteCallback | undefined = undefined;
  #finishing: WriteCallback | undefined = undefined;
  #wantsBytes = false;
  #isEndPushed = false;
  #isConnectionOver = false;

  constructor(core: CoreStream) {
    // `readable` and `writable` are options of Node that its types forget.
    super({
      readable: core.receiving !== undefined,
      writable: core.sending !== undefined,
      readableHighWaterMark: READABLE_BYTES,
      writableHighWaterMark: WRITABLE_BYTES,
      allowHalfOpen: true,
      autoDestroy: true,
    } as DuplexOptions);
    this.#core = core;
    this.id = core.id;
    core.data = this;
  }

  /** Only one side sends. */
  get unidirectional(): boolean {
    return this.#core.isUnidirectional;
  }

  /** Bytes that the peer has acknowledged. */
  get bytesAcknowledged(): number {
    return this.#core.released;
  }

  /**
   * The receive path without a copy: `reader` gets each piece where it lies, in order, instead of 'data'. It borrows the
   * bytes until it returns. 'end' comes as ever. undefined goes back to 'data'.
   */
  readBorrowed(reader: BorrowedReader | undefined): void {
    if (this.#core.receiving === undefined) {
      throw outOfRange('readBorrowed', 'called on a stream that receives', this.id);
    }
    this.#core.borrow(reader === undefined ? undefined : guarded(reader));
    this.onReadable();
    // The end is told through the machinery, which only looks for it while somebody reads.
    if (reader !== undefined) this.resume();
  }

  // --- Node's side ---------------------------------------------------------------------------------------------------

  override write(chunk: unknown, callback?: WriteCallback): boolean;
  override write(chunk: unknown, encoding: BufferEncoding, callback?: WriteCallback): boolean;
  override write(
    chunk: unknown,
    encoding?: BufferEncoding | WriteCallback,
    callback?: WriteCallback,
  ): boolean {
    const given = typeof encoding === 'function' ? encoding : callback;
    const characters = typeof encoding === 'string' ? encoding : undefined;
    if (given === undefined) {
      const hasRoom = super.write(chunk, characters as BufferEncoding);
      this.#offeredBytes += byteLengthOf(chunk, characters);
      return hasRoom;
    }
    // The machinery calls back when the core has taken the chunk; the caller's turn is when it has let go of it.
    const end = this.#offeredBytes + byteLengthOf(chunk, characters);
    const hasRoom = super.write(chunk, characters as BufferEncoding, (error) => {
      if (error) given(error);
      else this.#whenReleased(end, given);
    });
    this.#offeredBytes = end;
    return hasRoom;
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: WriteCallback): void {
    this.#core.write(chunk);
    this.#afterWrite(callback);
  }

  override _writev(
    chunks: readonly { readonly chunk: Uint8Array }[],
    callback: WriteCallback,
  ): void {
    for (const { chunk } of chunks) this.#core.write(chunk);
    this.#afterWrite(callback);
  }

  override _final(callback: WriteCallback): void {
    this.#core.finish();
    if (this.#core.isFinished) callback();
    else this.#finishing = callback;
  }

  override _read(): void {
    this.#wantsBytes = true;
    this.#pull();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const code = codeOf(error);
    const { sending, receiving } = this.#core;
    if (sending !== undefined && !this.#core.isFinished) this.#core.reset(code);
    if (receiving !== undefined && !this.#core.isEnded) this.#core.stop(code);
    const waiting = this.#onReleased.splice(0);
    const reason = error ?? null;
    callback(reason);
    for (const [, release] of waiting) release(reason ?? new Error('the stream was destroyed'));
  }

  // --- the core's side: called by Connection for its events ------------------------------------------------------------

  /** Never throws: what a listener throws surfaces, and reading goes on. */
  onReadable(): void {
    try {
      this.#core.deliver();
      this.#pull();
    } catch (error) {
      throwLater(error);
      process.nextTick(() => this.onReadable());
    }
  }

  /** The connection will close in good order: what Node's machinery still holds goes to the core now. */
  flushBeforeClose(): void {
    while (this.#waiting !== undefined) {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting();
    }
  }

  onWritable(): void {
    const { released } = this.#core;
    while (this.#onReleased.length > 0 && this.#onReleased[0][0] <= released) {
      this.#onReleased.shift()![1]();
    }
    if (this.#waiting === undefined || !this.#core.hasRoom) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting();
  }

  onFinished(): void {
    this.onWritable();
    const finishing = this.#finishing;
    this.#finishing = undefined;
    finishing?.();
  }

  onReset(code: number): void {
    this.destroy(new StreamError('ERR_STREAM_RESET', code));
  }

  onStopped(code: number): void {
    this.destroy(new StreamError('ERR_STREAM_STOPPED', code));
  }

  /** The connection is over: what was received can still be read; what was not acknowledged is lost. */
  onConnectionOver(error: Error, isOrderly: boolean): void {
    if (this.#isConnectionOver) return;
    this.#isConnectionOver = true;
    this.onReadable();
    const isWritten = this.#core.sending === undefined || this.#core.isFinished;
    const isRead = this.#core.receiving === undefined || this.#core.isEnded;
    if (isWritten && isRead) return;
    // An idle half of a stream whose connection was closed in good order has lost nothing.
    const isIdle = this.writableLength === 0 && this.#core.buffered === 0;
    this.destroy(isOrderly && isIdle && !this.#isHalfWay() ? undefined : error);
  }

  /** The peer has begun to send something of which the end is missing. */
  #isHalfWay(): boolean {
    const { receiving } = this.#core;
    return receiving !== undefined && receiving.highest > receiving.next;
  }

  #pull(): void {
    if (this.#core.receiving === undefined) return;
    while (this.#wantsBytes && !this.destroyed) {
      const chunk = this.#core.read();
      if (chunk === undefined) break;
      this.#wantsBytes = this.push(chunk);
    }
    if (this.#isEndPushed || this.destroyed || !this.#core.isEnded) return;
    this.#isEndPushed = true;
    this.push(null);
  }

  #afterWrite(callback: WriteCallback): void {
    if (this.#core.hasRoom) callback();
    else this.#waiting = callback;
  }

  #whenReleased(endOffset: number, callback: WriteCallback): void {
    if (this.#core.released >= endOffset) callback();
    else this.#onReleased.push([endOffset, callback]);
  }
}

/** Bytes that the machinery will make of a chunk. What it refuses throws there. */
function byteLengthOf(chunk: unknown, encoding: BufferEncoding | undefined): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk, encoding);
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}

/** The code that the peer sees: a number that the error carries as its `code`, else 0. */
function codeOf(error: Error | null): number {
  const code: unknown = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' && Number.isSafeInteger(code) && code >= 0 ? code : 0;
}

/** What the application's reader throws surfaces, and hurts nobody else. */
function guarded(reader: BorrowedReader): BorrowedReader {
  return (bytes, offset, byteLength) => {
    try {
      reader(bytes, offset, byteLength);
    } catch (error) {
      throwLater(error);
    }
  };
}
