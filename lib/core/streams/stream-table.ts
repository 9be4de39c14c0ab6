/**
 * The streams of a connection by id, and how many either side may open (RFC 9000 sections 2.1 and 4.6).
 *
 * Ids of the peer open all lower ones of their kind; such a stream becomes an object only when something of it comes.
 * It knows no bytes. Called by stream-life.ts, sending.ts and control.ts.
 *
 * Invariants: an id is, for good and in this order, not yet open, open, or over; what is over costs nothing.
 */

import { NO_ERROR, STREAM_LIMIT_ERROR, STREAM_STATE_ERROR } from '../error-codes.js';
import { RangeSet } from '../range-set.js';
import type { Stream } from './stream.js';

/** Streams of one kind (bidirectional, unidirectional) that the peer opens. */
class PeerStreams {
  /** Number of streams that the peer may open, as it was told. */
  limit: number;
  /** The peer may have that many open at once. */
  readonly atOnce: number;
  /** Numbers below were opened, by themselves or by a higher one. */
  opened = 0;
  /** Streams that are over and consumed. */
  over = 0;
  /** Limits that were told, and complaints about them. */
  told = 1;
  complaints = 0;
  /** Numbers that a higher one opened and of which nothing has come. */
  unseen: RangeSet | undefined = undefined;

  constructor(atOnce: number) {
    this.limit = atOnce;
    this.atOnce = atOnce;
  }
}

/** Of all connections without a stream: nothing is ever put into it. */
const NO_STREAMS = new Map<number, Stream>();

export class StreamTable {
  readonly #isInitiator: boolean;
  #streams = NO_STREAMS;
  readonly #peer: readonly [PeerStreams, PeerStreams];
  /** By kind: streams that we have opened, and that the peer lets us open. */
  readonly #opened: [number, number] = [0, 0];
  readonly #most: [number, number] = [0, 0];
  #lastId = -1;
  #last: Stream | undefined = undefined;

  constructor(isInitiator: boolean, atOnce: number) {
    this.#isInitiator = isInitiator;
    this.#peer = [new PeerStreams(atOnce), new PeerStreams(atOnce)];
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Whether an id is one that we open. */
  isLocal(id: number): boolean {
    return (id % 2 === 0) === this.#isInitiator;
  }

  find(id: number): Stream | undefined {
    if (id === this.#lastId) return this.#last;
    const stream = this.#streams.get(id);
    if (stream !== undefined) {
      this.#lastId = id;
      this.#last = stream;
    }
    return stream;
  }

  add(stream: Stream): void {
    if (this.#streams === NO_STREAMS) this.#streams = new Map();
    this.#streams.set(stream.id, stream);
  }

  remove(stream: Stream): void {
    this.#streams.delete(stream.id);
    if (this.#lastId === stream.id) {
      this.#lastId = -1;
      this.#last = undefined;
    }
  }

  /** Whether it has memory and no streams. */
  get isUnfolded(): boolean {
    return this.#streams !== NO_STREAMS && this.#streams.size === 0;
  }

  /** Gives up the memory of a table without streams. */
  fold(): void {
    if (this.isUnfolded) this.#streams = NO_STREAMS;
  }

  values(): IterableIterator<Stream> {
    return this.#streams.values();
  }

  clear(): void {
    this.#streams = NO_STREAMS;
    this.#lastId = -1;
    this.#last = undefined;
  }

  // --- ours ----------------------------------------------------------------------------------------------------------

  /** Id of the next stream that we open. */
  nextId(isUnidirectional: boolean): number {
    const number = this.#opened[isUnidirectional ? 1 : 0]++;
    return 4 * number + (isUnidirectional ? 2 : 0) + (this.#isInitiator ? 0 : 1);
  }

  /** Streams of ours that wait for the peer's leave. */
  waiting(isUnidirectional: boolean): number {
    const kind = isUnidirectional ? 1 : 0;
    return Math.max(this.#opened[kind] - this.#most[kind], 0);
  }

  /** Whether the peer lets us use that id of ours. */
  isAllowed(id: number): boolean {
    return Math.floor(id / 4) < this.#most[(id & 2) >> 1];
  }

  most(isUnidirectional: boolean): number {
    return this.#most[isUnidirectional ? 1 : 0];
  }

  /** The peer lets us open that many. Calls back with each stream that waited for it. */
  raise(isUnidirectional: boolean, most: number, onAllowed: (stream: Stream) => void): boolean {
    const kind = isUnidirectional ? 1 : 0;
    const before = this.#most[kind];
    if (most <= before) return false;
    this.#most[kind] = most;
    const end = Math.min(most, this.#opened[kind]);
    for (let number = before; number < end; number++) {
      const id = 4 * number + (isUnidirectional ? 2 : 0) + (this.#isInitiator ? 0 : 1);
      const stream = this.#streams.get(id);
      if (stream !== undefined) onAllowed(stream);
    }
    return true;
  }

  // --- the peer's ----------------------------------------------------------------------------------------------------

  /**
   * A frame names a stream that is not in the table. 0: it is over, or never will be; ignore the frame. An error code: it
   * must not be named. NEW_STREAM: it opens now.
   */
  judge(id: number): number {
    const number = Math.floor(id / 4);
    const kind = (id & 2) >> 1;
    if (this.isLocal(id)) {
      return number < this.#opened[kind] && this.isAllowed(id) ? NO_ERROR : STREAM_STATE_ERROR;
    }
    const peer = this.#peer[kind];
    if (number >= peer.limit) return STREAM_LIMIT_ERROR;
    if (number >= peer.opened) {
      if (number > peer.opened) {
        peer.unseen ??= new RangeSet();
        peer.unseen.add(peer.opened, number);
      }
      peer.opened = number + 1;
      return NEW_STREAM;
    }
    const { unseen } = peer;
    return unseen !== undefined && unseen.remove(number, number + 1) > 0 ? NEW_STREAM : NO_ERROR;
  }

  /** A stream of the peer is over and consumed. True when the peer should be told a new limit. */
  onOver(isUnidirectional: boolean): boolean {
    const peer = this.#peer[isUnidirectional ? 1 : 0];
    peer.over++;
    return peer.atOnce + peer.over - peer.limit >= Math.max(peer.atOnce >> 3, 1);
  }

  /** The limit to tell the peer now. */
  updateLimit(isUnidirectional: boolean): number {
    const peer = this.#peer[isUnidirectional ? 1 : 0];
    const limit = peer.atOnce + peer.over;
    if (limit > peer.limit) peer.told++;
    peer.limit = limit;
    return limit;
  }

  /** The peer says that the limit holds it back. False: more often than there were limits, so it is no news. */
  hearComplaint(isUnidirectional: boolean): boolean {
    const peer = this.#peer[isUnidirectional ? 1 : 0];
    if (peer.complaints >= peer.told) return false;
    peer.complaints++;
    return true;
  }
}

/** `judge`: the stream opens with this frame. No error code. */
export const NEW_STREAM = -1;
