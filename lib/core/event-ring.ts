/**
 * What has happened in a turn and the application should hear of: a queue that the driver empties.
 *
 * The core puts events in while it works; nobody's code runs in there. Called by connections and the endpoint; emptied
 * by `lib/io/driver` at the end of stage 4.
 *
 * Invariant: events come out in the order in which they went in, each once.
 */

/** A connection of a peer is confirmed. subject: Connection. */
export const EVENT_CONNECTION = 1;
/** A connect of ours has succeeded. subject: Connection; value: the number that `connect` returned. */
export const EVENT_CONNECTED = 2;
/** A connect of ours has failed. subject: the reason (HandshakeFailure, 'tooManyConnections', 'refused'); value: the number that `connect` returned. */
export const EVENT_CONNECT_FAILED = 3;
/** A connection has ended: `connection.closed` says why. subject: Connection. The last of its events. */
export const EVENT_CLOSED = 4;
/** The peer has opened a stream. subject: Stream. */
export const EVENT_STREAM = 5;
/** There is something to read, or the end was reached. subject: Stream. */
export const EVENT_READABLE = 6;
/** Chunks were released (`released` moved), or there is room again. subject: Stream. */
export const EVENT_WRITABLE = 7;
/**
 * All of the sending side was acknowledged, its end included. subject: Stream. Never of one that was reset: whoever gives up
 * knows it, has its chunks back at once, and is told nothing when the peer has heard of it.
 */
export const EVENT_FINISHED = 8;
/** The peer gave up sending. subject: Stream; value: its code. */
export const EVENT_RESET = 9;
/** The peer wants no more of our bytes. subject: Stream; value: its code. */
export const EVENT_STOPPED = 10;
/** A whole message. subject: Uint8Array, transferred; connection: whose. */
export const EVENT_MESSAGE = 11;
/** A message of ours was acknowledged, or failed. subject: its token; value: 0, or why not (an error code). */
export const EVENT_MESSAGE_DONE = 12;
/** An unreliable datagram. subject: Uint8Array, transferred. */
export const EVENT_DATAGRAM = 13;
/** The peer lets us open more streams. subject: Connection. */
export const EVENT_STREAMS_AVAILABLE = 14;
/** The path MTU changed. subject: Connection; value: bytes. */
export const EVENT_PATH_MTU = 15;
/** There is room for unreliable datagrams again. subject: Connection. */
export const EVENT_DATAGRAM_ROOM = 16;
/** A chunk of ours was transferred away, or made smaller, before it was delivered: the stream is reset. subject: Stream. */
export const EVENT_CHUNK_GONE = 17;

/** Packets go to another address of the peer, which has proved itself. subject: Connection; value: its peer id. */
export const EVENT_PATH = 18;

/** Places that are kept for the next events: emptied arrays would be allocated again in each turn. */
const KEPT = 1024;

export class EventRing {
  /** Events waiting. */
  length = 0;
  readonly #kinds: number[] = [];
  readonly #owners: unknown[] = [];
  readonly #subjects: unknown[] = [];
  readonly #values: number[] = [];
  #next = 0;

  /** `owner`: the connection it belongs to, undefined for the endpoint. */
  push(kind: number, owner: unknown, subject: unknown, value = 0): void {
    const at = this.#next + this.length++;
    this.#kinds[at] = kind;
    this.#owners[at] = owner;
    this.#subjects[at] = subject;
    this.#values[at] = value;
  }

  /** Fields of the event that `take` has moved to. */
  kind = 0;
  owner: unknown = undefined;
  subject: unknown = undefined;
  value = 0;

  /** Moves to the next event; false when there is none. Events that are pushed meanwhile are part of it. */
  take(): boolean {
    if (this.length === 0) {
      this.owner = undefined;
      this.subject = undefined;
      return false;
    }
    const at = this.#next++;
    this.kind = this.#kinds[at];
    this.owner = this.#owners[at];
    this.subject = this.#subjects[at];
    this.value = this.#values[at];
    this.#owners[at] = undefined;
    this.#subjects[at] = undefined;
    this.length--;
    if (this.length === 0) this.#rewind();
    return true;
  }

  #rewind(): void {
    this.#next = 0;
    if (this.#kinds.length <= KEPT) return;
    this.#kinds.length = 0;
    this.#owners.length = 0;
    this.#subjects.length = 0;
    this.#values.length = 0;
  }
}
