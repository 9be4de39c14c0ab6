/**
 * What an application has written to a stream, from Node's machinery to the peer's acknowledgement.
 *
 * It hands chunks to the core, waits for room there, and calls back once the peer has acknowledged them; what the
 * machinery itself holds is not here. Used by `TransportStream`.
 *
 * Invariants: a chunk is the caller's again when its callback has been called, and not before; every callback is called
 * once, or dropped with the stream.
 */

import type { Stream as CoreStream } from '../core/streams/stream.js';
import { assertAttached } from './destination.js';
import { callSafely } from './emit.js';
import { ReleaseQueue, type WriteCallback } from './release-queue.js';

/** What `write` was given, in messages of errors. */
export const CHUNK = 'write: chunk';

export class WrittenChunks {
  /** Bytes given to `write`: the stream offset behind the last of them. */
  offeredBytes = 0;
  /** Why the peer does not get what is written from now on. */
  refusal: Error | undefined = undefined;
  readonly #core: CoreStream;
  readonly #releases = new ReleaseQueue();
  /** The machinery's callback of a write that waits for room. */
  #waiting: WriteCallback | undefined = undefined;
  /** The machinery's callback of the end. */
  #finishing: WriteCallback | undefined = undefined;

  constructor(core: CoreStream) {
    this.#core = core;
  }

  /** The end was given, and is not acknowledged. */
  get isFinishing(): boolean {
    return this.#finishing !== undefined;
  }

  /** The machinery's `_write`. */
  write(chunk: Uint8Array, callback: WriteCallback): void {
    const error = this.refusal ?? this.#handOver(chunk);
    if (error === undefined) this.#afterWrite(callback);
    else callback(error);
  }

  /** The machinery's `_writev`. */
  writev(chunks: readonly { readonly chunk: Uint8Array }[], callback: WriteCallback): void {
    for (const { chunk } of chunks) {
      const error = this.refusal ?? this.#handOver(chunk);
      if (error === undefined) continue;
      callback(error);
      return;
    }
    this.#afterWrite(callback);
  }

  /** The machinery's `_final`. */
  finish(callback: WriteCallback): void {
    if (this.refusal !== undefined) {
      callback(this.refusal);
      return;
    }
    this.#core.finish();
    if (this.#core.isFinished) callback();
    else this.#finishing = callback;
  }

  /** Calls back once all below `end` is acknowledged. */
  whenReleased(end: number, callback: WriteCallback): void {
    if (this.#core.released >= end) callSafely(callback);
    else this.#releases.push(end, callback);
  }

  /** Lets the machinery write on, room or not; it may wait again at once. */
  goOn(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) callSafely(waiting);
  }

  /** The peer has acknowledged something. */
  onWritable(): void {
    this.#releases.release(this.#core.released);
    if (this.#waiting !== undefined && this.#core.hasRoom) this.goOn();
  }

  /** The peer has acknowledged everything, and the end. */
  onFinished(): void {
    this.onWritable();
    const finishing = this.#finishing;
    this.#finishing = undefined;
    if (finishing !== undefined) callSafely(finishing);
  }

  /** The connection is over: what was acknowledged in the last moment counts. */
  onConnectionOver(): void {
    if (this.#core.sending !== undefined && this.#core.isFinished) this.onFinished();
    else this.#releases.release(this.#core.released);
  }

  /** The stream is destroyed: nobody is told of the end. Returns who waits for room. */
  abandon(): WriteCallback | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#finishing = undefined;
    return waiting;
  }

  /** Calls back whatever still waits, `waiting` last. */
  fail(waiting: WriteCallback | undefined, makeReason: () => Error): void {
    if (waiting === undefined && this.#releases.length === 0) return;
    const reason = makeReason();
    this.#releases.fail(reason);
    if (waiting !== undefined) callSafely(waiting, reason);
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
}
