/**
 * The streams of a connection that live: all of them, those of the peer that nobody has taken, and their end with it.
 *
 * It opens none and delivers none; the core says what there is, inbox.ts who gets it. Made by a connection with its first
 * stream.
 *
 * Invariant: a stream is here from its beginning until it is gone, and unclaimed until the application has it.
 */

import type { CloseInfo } from '../core/connection/close-info.js';
import {
  EVENT_CHUNK_GONE,
  EVENT_FINISHED,
  EVENT_READABLE,
  EVENT_RESET,
  EVENT_STOPPED,
  EVENT_WRITABLE,
} from '../core/event-ring.js';
import type { Stream as CoreStream } from '../core/streams/stream.js';
import * as diagnostics from './diagnostics.js';
import { guard } from './emit.js';
import { type StreamHost, TransportStream } from './stream.js';
import { ConnectionError } from './transport-errors.js';

export class OpenStreams implements StreamHost {
  readonly #connection: object;
  readonly #onUseless: () => void;
  readonly #open = new Set<TransportStream>();
  // Most connections have streams of one side only.
  #unclaimed: Set<TransportStream> | undefined = undefined;

  /** `connection`: as the application holds it. `onUseless`: an unclaimed stream is gone. */
  constructor(connection: object, onUseless: () => void) {
    this.#connection = connection;
    this.#onUseless = onUseless;
  }

  /** Streams of the peer that nobody has taken. */
  get unclaimed(): number {
    return this.#unclaimed?.size ?? 0;
  }

  /** One of ours. */
  add(core: CoreStream, highWaterMark: number | undefined): TransportStream {
    const stream = new TransportStream(core, this, highWaterMark);
    this.#open.add(stream);
    if (diagnostics.streamOpen.hasSubscribers) {
      diagnostics.streamOpen.publish({ connection: this.#connection, stream });
    }
    return stream;
  }

  /** One of the peer: until somebody has it, nobody can listen to its errors; then they are that one's. */
  addUnclaimed(core: CoreStream): TransportStream {
    const stream = this.add(core, undefined);
    this.#unclaimed ??= new Set();
    this.#unclaimed.add(stream);
    stream.on('error', ignore);
    return stream;
  }

  /** The application has it. */
  onTaken(stream: TransportStream): void {
    this.#unclaimed?.delete(stream);
    stream.off('error', ignore);
  }

  /** Of StreamHost. */
  onStreamGone(stream: TransportStream): void {
    this.#open.delete(stream);
    if (this.#unclaimed?.delete(stream)) this.#onUseless();
  }

  /** What was written until now goes to the core: the connection is about to close. */
  flushBeforeClose(): void {
    for (const stream of this.#open) stream.flushBeforeClose();
  }

  /** The connection is over. */
  end(closed: CloseInfo): void {
    // Most have nothing open at their end, and an error with its stack costs more than the rest of this.
    if (this.#open.size === 0) return;
    const isOrderly = closed.isApplication && closed.code === 0;
    const error = new ConnectionError(closed);
    for (const stream of [...this.#open]) guard(() => stream.onConnectionOver(error, isOrderly));
  }
}

/** Tells a stream what the core says of it; what is no event of a stream is ignored. */
export function tellStream(kind: number, subject: unknown, value: number): void {
  switch (kind) {
    case EVENT_READABLE:
      streamOf(subject)?.onReadable();
      return;
    case EVENT_WRITABLE:
      streamOf(subject)?.onWritable();
      return;
    case EVENT_FINISHED:
      streamOf(subject)?.onFinished();
      return;
    case EVENT_RESET:
      streamOf(subject)?.onReset(value);
      return;
    case EVENT_STOPPED:
      streamOf(subject)?.onStopped(value);
      return;
    case EVENT_CHUNK_GONE:
      streamOf(subject)?.onChunkGone();
  }
}

function streamOf(subject: unknown): TransportStream | undefined {
  return (subject as CoreStream).data as TransportStream | undefined;
}

function ignore(): void {}
