/**
 * What a connection has for the application: streams, messages and datagrams on their way to loops and listeners.
 *
 * Each goes to one loop that waits, else to all listeners, else it waits for the first of either. It knows nothing of the
 * core. Used by connections.
 *
 * Invariants: what waits comes in order; datagrams that wait are bounded here, the oldest give way; the rest is bounded
 * by who sends it, who hears of what is taken.
 */

import type { EventEmitter } from 'node:events';
import { AsyncQueue, type QueueOptions } from './async-queue.js';
import { emitSafely } from './emit.js';
import type { TransportStream } from './stream.js';

/** Datagrams that wait for a listener or a loop: entries and bytes. */
export const DATAGRAMS_MAX = 1024;
export const DATAGRAM_BYTES_MAX = 4 << 20;

/** Events whose items wait while nobody listens. */
type InboxEvent = 'stream' | 'message' | 'datagram';

/** Who hears of what the application takes. */
export interface InboxHost {
  onStreamTaken(stream: TransportStream): void;
  onMessageTaken(bytes: Uint8Array): void;
}

export class Inbox {
  /** Datagrams that have given way. */
  datagramsUnread = 0;
  readonly #emitter: EventEmitter;
  readonly #host: InboxHost;
  // Made when they are needed: most connections use one of them, idle ones none.
  #streams: AsyncQueue<TransportStream> | undefined = undefined;
  #messages: AsyncQueue<Uint8Array> | undefined = undefined;
  #datagrams: AsyncQueue<Uint8Array> | undefined = undefined;
  #isEnded = false;

  /** `emitter` emits 'stream', 'message' and 'datagram'. */
  constructor(emitter: EventEmitter, host: InboxHost) {
    this.#emitter = emitter;
    this.#host = host;
  }

  get streams(): AsyncQueue<TransportStream> {
    this.#streams ??= this.#make({
      onTaken: (stream) => this.#host.onStreamTaken(stream),
      isUseless: isDestroyed,
    });
    return this.#streams;
  }

  get messages(): AsyncQueue<Uint8Array> {
    this.#messages ??= this.#make({ onTaken: (bytes) => this.#host.onMessageTaken(bytes) });
    return this.#messages;
  }

  get datagrams(): AsyncQueue<Uint8Array> {
    this.#datagrams ??= this.#make({ sizeOf: byteLengthOf });
    return this.#datagrams;
  }

  /** Messages that nobody has taken. */
  get messagesUntaken(): number {
    return this.#messages?.length ?? 0;
  }

  onStream(stream: TransportStream): void {
    this.#deliver('stream', this.streams, stream);
  }

  onMessage(bytes: Uint8Array): void {
    this.#deliver('message', this.messages, bytes);
  }

  onDatagram(bytes: Uint8Array): void {
    const queue = this.datagrams;
    this.#deliver('datagram', queue, bytes);
    while (queue.length > DATAGRAMS_MAX || queue.bytes > DATAGRAM_BYTES_MAX) {
      queue.shift();
      this.datagramsUnread++;
    }
  }

  /** Listeners of `event` have come or gone: what has waited for one comes once it is there. */
  onListeners(event: string | symbol): void {
    if (event === 'stream') this.#drainSoon(event, this.#streams);
    else if (event === 'message') this.#drainSoon(event, this.#messages);
    else if (event === 'datagram') this.#drainSoon(event, this.#datagrams);
  }

  /** No more comes. Loops take what waits, and end. */
  end(): void {
    this.#isEnded = true;
    this.#streams?.end();
    this.#messages?.end();
    this.#datagrams?.end();
  }

  #make<T>(options: QueueOptions<T>): AsyncQueue<T> {
    const queue = new AsyncQueue(options);
    if (this.#isEnded) queue.end();
    return queue;
  }

  #deliver<T>(event: InboxEvent, queue: AsyncQueue<T>, item: T): void {
    queue.push(item);
    if (this.#emitter.listenerCount(event) > 0) this.#drain(event, queue);
  }

  #drainSoon<T>(event: InboxEvent, queue: AsyncQueue<T> | undefined): void {
    if (queue !== undefined && queue.length > 0) process.nextTick(() => this.#drain(event, queue));
  }

  #drain<T>(event: InboxEvent, queue: AsyncQueue<T>): void {
    while (this.#emitter.listenerCount(event) > 0) {
      const item = queue.shift();
      if (item === undefined) return;
      emitSafely(this.#emitter, event, item);
    }
  }
}

function isDestroyed(stream: TransportStream): boolean {
  return stream.destroyed;
}

function byteLengthOf(bytes: Uint8Array): number {
  return bytes.byteLength;
}
