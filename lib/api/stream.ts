/**
 * A stream of a connection as a Duplex of `node:stream`.
 *
 * It moves chunks between Node's machinery and the core: nothing is copied on the way out, and what one batch brought
 * comes in as one chunk. Made by `Connection` only.
 *
 * Invariants: a chunk that was written is the caller's again when its callback has been called, and not before; the end
 * of one stream never ends the connection; what was received before the connection ended can still be read.
 */

import { Duplex, type DuplexOptions } from 'node:stream';
import type { Stream as CoreStream } from '../core/streams/stream.js';
import { assertAttached } from './destination.js';
import { callSafely } from './emit.js';
import { detachedBuffer, outOfRange, throwLater, wrongType } from './errors.js';
import { ReleaseQueue, type WriteCallback } from './release-queue.js';
import { StreamError, streamDestroyed } from './transport-errors.js';

/** Bytes in Node's buffers before back-pressure; the core's own come on top (4 MiB to send, the window to receive). */
const WRITABLE_BYTES = 1 << 20;
const READABLE_BYTES = 256 << 10;
/** What `write` was given, in messages of errors. */
const CHUNK = 'write: chunk';

/** Options of `openStream`. */
export interface StreamOptions {
  /** Only this side sends. Default false. */
  readonly unidirectional?: boolean | undefined;
  /** Bytes in Node's buffers before back-pressure, each way. Default 1 MiB to write, 256 KiB to read. */
  readonly highWaterMark?: number | undefined;
  /** Destroys the stream when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** Takes bytes that it does not own: `byteLength` of them at `offset`, good until it returns. */
export type BorrowedReader = (bytes: Uint8Array, offset: number, byteLength: number) => void;

/** Whoever keeps a list of streams. */
export interface StreamHost {
  /** It was destroyed, or has ended. Once. */
  onStreamGone(stream: TransportStream): void;
}

/**
 * A stream: ordered, reliable bytes.
 *
 * One that the peer has opened counts for `maxStreams` until our half has ended and its own was read to the end, or until
 * it is destroyed.
 *
 * Back-pressure is Node's. `write` keeps the caller's chunk, without a copy, until its callback; that comes when the peer
 * has acknowledged the chunk. 'finish' comes when the peer has acknowledged everything and the end. `destroy(error)`
 * gives up: the peer sees a reset with `error.code` if that is a number, else 0. When the peer gives up sending, that is
 * an 'error' with ERR_STREAM_RESET and its code. When it wants no more of our bytes, what was not acknowledged and every
 * later write fail with ERR_STREAM_STOPPED; reading may go on until then. A chunk whose ArrayBuffer is transferred away
 * before its callback destroys the stream with ERR_DETACHED_BUFFER, and the peer sees a reset with code 0.
 */
export class TransportStream extends Duplex {
  /** QUIC's number of the stream (RFC 9000 section 2.1). */
  readonly id: number;
  readonly #core: CoreStream;
  readonly #host: StreamHost;
  readonly #releases = new ReleaseQueue();
  /** Bytes given to `write`: the stream offset behind the last of them. */
  #offeredBytes = 0;
  #defaultEncoding: BufferEncoding = 'utf8';
  /** The machinery's callback of a write that waits for room. */
  #waiting: WriteCallback | undefined = undefined;
  /** The machinery's callback of the end. */
  #finishing: WriteCallback | undefined = undefined;
  /** Why the peer does not get what is written from now on. */
  #refusal: Error | undefined = undefined;
  #wantsBytes = false;
  #isBorrowing = false;
  #isEndPushed = false;
  #isConnectionOver = false;
  /** The connection is over, and the stream with it once all that came was read; `#lastError` is told then. */
  #isLeaving = false;
  #lastError: Error | undefined = undefined;

  /** @param highWaterMark bytes, both ways; undefined: the defaults */
  constructor(core: CoreStream, host: StreamHost, highWaterMark?: number) {
    // `readable` and `writable` are options of Node that its types forget.
    super({
      readable: core.receiving !== undefined,
      writable: core.sending !== undefined,
      readableHighWaterMark: highWaterMark ?? READABLE_BYTES,
      writableHighWaterMark: highWaterMark ?? WRITABLE_BYTES,
      allowHalfOpen: true,
      autoDestroy: true,
    } as DuplexOptions);
    this.#core = core;
    this.#host = host;
    this.id = core.id;
    core.data = this;
  }

  /** Only one side sends. */
  get unidirectional(): boolean {
    return this.#core.isUnidirectional;
  }

  /** We opened it. */
  get isLocal(): boolean {
    return this.#core.isLocal;
  }

  /** Bytes that the peer has acknowledged, from the beginning without a gap. */
  get bytesAcknowledged(): number {
    return this.#core.released;
  }

  /**
   * The receive path without a copy: `reader` gets each piece where it lies, in order, as it comes, instead of 'data'. It
   * borrows the bytes until it returns. There is no back-pressure but its own time. 'end' comes as ever. undefined goes
   * back to 'data'. What it throws surfaces as an uncaught exception, and reading goes on.
   *
   * @throws TypeError ERR_INVALID_ARG_TYPE; RangeError ERR_OUT_OF_RANGE on a stream that only sends
   */
  readBorrowed(reader: BorrowedReader | undefined): void {
    if (reader !== undefined && typeof reader !== 'function') {
      throw wrongType('readBorrowed: reader', 'a function or undefined', reader);
    }
    if (this.#core.receiving === undefined) {
      throw outOfRange('readBorrowed', 'called on a stream that receives', this.id);
    }
    this.#isBorrowing = reader !== undefined;
    if (reader === undefined) {
      this.#core.borrow(undefined);
      this.onReadable();
      return;
    }
    const borrower = this.#guarded(reader);
    // What Node's buffer holds already was sent before.
    for (let chunk = this.read(); chunk !== null; chunk = this.read()) {
      borrower(chunk, 0, chunk.byteLength);
    }
    this.#core.borrow(borrower);
    this.onReadable();
    // The end is told through the machinery, which only looks for it while somebody reads.
    this.resume();
  }

  // --- Node's side ---------------------------------------------------------------------------------------------------

  override setDefaultEncoding(encoding: BufferEncoding): this {
    super.setDefaultEncoding(encoding);
    this.#defaultEncoding = encoding;
    return this;
  }

  /**
   * As every Writable's.
   *
   * @throws also TypeError ERR_DETACHED_BUFFER
   */
  override write(chunk: unknown, callback?: WriteCallback): boolean;
  override write(chunk: unknown, encoding: BufferEncoding, callback?: WriteCallback): boolean;
  override write(
    chunk: unknown,
    encoding?: BufferEncoding | WriteCallback,
    callback?: WriteCallback,
  ): boolean {
    const given = typeof encoding === 'function' ? encoding : callback;
    const characters = typeof encoding === 'string' ? encoding : this.#defaultEncoding;
    // As the machinery would; how many bytes base64 and hex make is only known afterwards.
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, characters) : chunk;
    if (bytes instanceof Uint8Array) assertAttached(bytes, CHUNK);
    const end = this.#offeredBytes + byteLengthOf(bytes);
    // The machinery calls back when the core has taken the chunk; the caller's turn is when it has let go of it.
    const hasRoom =
      typeof given === 'function'
        ? super.write(bytes, (error) => this.#whenReleased(end, given, error))
        : super.write(bytes);
    this.#offeredBytes = end;
    return hasRoom;
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: WriteCallback): void {
    if (this.#refusal !== undefined) {
      callback(this.#refusal);
      return;
    }
    const error = this.#handOver(chunk);
    if (error === undefined) this.#afterWrite(callback);
    else callback(error);
  }

  override _writev(
    chunks: readonly { readonly chunk: Uint8Array }[],
    callback: WriteCallback,
  ): void {
    if (this.#refusal !== undefined) {
      callback(this.#refusal);
      return;
    }
    for (const { chunk } of chunks) {
      const error = this.#handOver(chunk);
      if (error === undefined) continue;
      callback(error);
      return;
    }
    this.#afterWrite(callback);
  }

  override _final(callback: WriteCallback): void {
    // The connection was closed in good order, and nobody waits for this end: no error, but no 'finish' either.
    if (this.#isLeaving && this.#lastError === undefined) return;
    if (this.#refusal !== undefined) {
      callback(this.#refusal);
      return;
    }
    this.#core.finish();
    if (this.#core.isFinished) callback();
    else this.#finishing = callback;
  }

  override _read(): void {
    this.#wantsBytes = true;
    this.#pull();
  }

  override read(size?: number): ReturnType<Duplex['read']> {
    const chunk = super.read(size);
    if (this.#isLeaving) this.#leaveWhenRead();
    return chunk;
  }

  /**
   * The bytes as they come. Leaving the loop early destroys the stream; its end does not: what is written in answer goes
   * on. (Node's own loop destroys a Duplex at the end of its readable half.)
   */
  override async *[Symbol.asyncIterator](): ReturnType<Duplex[typeof Symbol.asyncIterator]> {
    let isRead = false;
    try {
      yield* this.iterator({ destroyOnReturn: false });
      isRead = true;
    } finally {
      if (!isRead) this.destroy();
    }
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const code = codeOf(error);
    const { sending, receiving } = this.#core;
    if (sending !== undefined && !this.#core.isFinished) this.#core.reset(code);
    if (receiving !== undefined && !this.#isEndPushed) this.#core.stop(code);
    this.#core.data = undefined;
    this.#finishing = undefined;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    callback(error);
    this.#host.onStreamGone(this);
    if (waiting === undefined && this.#releases.length === 0) return;
    const reason = error ?? this.#refusal ?? streamDestroyed();
    this.#releases.fail(reason);
    if (waiting !== undefined) callSafely(waiting, reason);
  }

  // --- the core's side: called by Connection for its events ------------------------------------------------------------

  /** Never throws: what a listener throws surfaces, and reading goes on. */
  onReadable(): void {
    try {
      if (this.#isBorrowing) this.#core.deliver();
      this.#pull();
    } catch (error) {
      throwLater(error);
      process.nextTick(() => this.onReadable());
    }
  }

  /**
   * The connection will close in good order: what was written until now, and the end if there was one, goes to the core
   * now. Not what a 'drain' brings: that may never end.
   */
  flushBeforeClose(): void {
    while (this.writableCorked > 0) this.uncork();
    // The machinery hands over all that it holds at once.
    if (this.#waiting !== undefined) this.#goOn(this.#waiting);
    // It would say so only after this tick.
    const hasEnd = this.writableEnded && this.#refusal === undefined && !this.destroyed;
    if (hasEnd && this.#core.sending !== undefined) this.#core.finish();
  }

  onWritable(): void {
    this.#releases.release(this.#core.released);
    if (this.#waiting !== undefined && this.#core.hasRoom) this.#goOn(this.#waiting);
  }

  onFinished(): void {
    this.onWritable();
    const finishing = this.#finishing;
    this.#finishing = undefined;
    if (finishing !== undefined) callSafely(finishing);
  }

  onReset(code: number): void {
    this.destroy(new StreamError('ERR_STREAM_RESET', code));
  }

  /** A chunk that we gave to the core has gone before it was delivered. */
  onChunkGone(): void {
    this.destroy(detachedBuffer(CHUNK));
  }

  onStopped(code: number): void {
    const error = new StreamError('ERR_STREAM_STOPPED', code);
    this.#refusal ??= error;
    const isBusy = this.#isUnsettled || this.#finishing !== undefined;
    // An answer may still come: with nothing under way it can be read, until somebody writes.
    if (isBusy || this.#core.receiving === undefined || this.readableEnded) this.destroy(error);
  }

  /**
   * The connection is over. What was received can still be read, and then the stream ends too; what was not acknowledged
   * is lost, which is an error. `isOrderly`: an application closed it with code 0.
   */
  onConnectionOver(error: Error, isOrderly: boolean): void {
    if (this.#isConnectionOver || this.destroyed) return;
    this.#isConnectionOver = true;
    // What was acknowledged in the last moment counts.
    if (this.#core.sending !== undefined && this.#core.isFinished) this.onFinished();
    else this.#releases.release(this.#core.released);
    this.onReadable();
    const { sending, receiving } = this.#core;
    const isSent = sending === undefined || this.#core.isFinished;
    const isReceived = receiving === undefined || receiving.isComplete;
    if ((isSent && isReceived) || this.destroyed) return;
    this.#refusal ??= error;
    const hasGap = receiving !== undefined && receiving.highest > receiving.next;
    // An idle half of a stream whose connection was closed in good order has lost nothing.
    const isHarmless = isReceived || (isOrderly && !hasGap);
    if ((!isSent && this.#isUnsettled) || !isHarmless) {
      this.destroy(error);
      return;
    }
    this.#isLeaving = true;
    this.#lastError = isOrderly ? undefined : error;
    if (!this.readableEnded) this.once('end', () => this.#leaveWhenRead());
    this.#leaveWhenRead();
  }

  // --- inside --------------------------------------------------------------------------------------------------------

  /** Something that was written is not acknowledged. */
  get #isUnsettled(): boolean {
    return this.writableLength > 0 || this.#core.buffered > 0;
  }

  #pull(): void {
    if (this.#core.receiving === undefined) return;
    while (this.#wantsBytes && !this.#isBorrowing && !this.destroyed) {
      const chunk = this.#core.read();
      if (chunk === undefined) break;
      this.#wantsBytes = this.push(chunk);
    }
    // Who has taken the end may be sent another stream: so only when somebody reads, not while the stream waits unclaimed.
    if (!this.#wantsBytes || this.#isEndPushed || this.destroyed || !this.#core.takeEnd()) return;
    this.#isEndPushed = true;
    this.push(null);
  }

  /** Gives a chunk to the core, or says that it has gone while Node's machinery held it: silence would leave a hole. */
  #handOver(chunk: Uint8Array): Error | undefined {
    try {
      assertAttached(chunk, CHUNK);
    } catch (error) {
      return error as Error;
    }
    this.#core.write(chunk);
    return undefined;
  }

  #afterWrite(callback: WriteCallback): void {
    if (this.#core.hasRoom) callback();
    else this.#waiting = callback;
  }

  /** Lets the machinery write on; it may wait again at once. */
  #goOn(waiting: WriteCallback): void {
    this.#waiting = undefined;
    callSafely(waiting);
  }

  #whenReleased(end: number, callback: WriteCallback, error: Error | null | undefined): void {
    if (error) callSafely(callback, error);
    else if (this.#core.released >= end) callSafely(callback);
    else if (this.destroyed) callSafely(callback, this.errored ?? streamDestroyed());
    else this.#releases.push(end, callback);
  }

  #leaveWhenRead(): void {
    if (this.destroyed || this.#core.bytesReadable > 0 || this.readableLength > 0) return;
    const hasEnd = this.#isEndPushed || this.#core.receiving?.isComplete === true;
    if (hasEnd && !this.readableEnded) return;
    process.nextTick(() => this.destroy(this.#lastError));
  }

  /** What the application's reader throws surfaces; after `destroy` it is not called any more. */
  #guarded(reader: BorrowedReader): BorrowedReader {
    return (bytes, offset, byteLength) => {
      if (this.destroyed) return;
      try {
        reader(bytes, offset, byteLength);
      } catch (error) {
        throwLater(error);
      }
    };
  }
}

/** Bytes of a chunk. What is none the machinery refuses. */
function byteLengthOf(chunk: unknown): number {
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0;
}

/** The code that the peer sees: a number that the error carries as its `code`, else 0. */
function codeOf(error: Error | null): number {
  const code: unknown = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' && Number.isSafeInteger(code) && code >= 0 ? code : 0;
}
