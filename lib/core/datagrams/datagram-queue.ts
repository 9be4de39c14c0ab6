/**
 * Unreliable datagrams of one connection (RFC 9221): those that wait to be sent, and those that have come.
 *
 * Nothing is sent twice. Called by build.ts and consume.ts, and by the application through `connection.ts`.
 *
 * Invariants: what waits is capped in entries and bytes, and the oldest gives way; so is what one turn brings the
 * application, and the newest gives way.
 */

import type { TransportConfig } from '../config.js';
import { NO_ERROR, PROTOCOL_VIOLATION } from '../error-codes.js';
import { EVENT_DATAGRAM, EVENT_DATAGRAM_ROOM, type EventRing } from '../event-ring.js';
import type { FrameSpace } from '../wire/frame-space.js';
import { FRAME_PADDING } from '../wire/frame-types.js';
import { datagramHeaderBytes, NO_LENGTH, writeDatagramHeader } from '../wire/frame-writer.js';
import { SENT_DATAGRAM } from '../wire/sent-kinds.js';

/** No UDP payload is longer, so no datagram in one. */
const LENGTH_MAX = 65_535;

export class DatagramQueue {
  /** Largest payload that the peer takes in a frame of any form, bytes. */
  peerLimitBytes = 0;
  /** Whether the peer takes any: even an empty one is an error for one that does not (RFC 9221 section 3). */
  #isWanted = false;
  readonly #config: TransportConfig;
  readonly #events: EventRing;
  readonly #owner: unknown;
  /** Waiting, the oldest at `#first`. */
  #waiting: (Uint8Array | undefined)[] = [];
  #first = 0;
  #bytes = 0;
  /** Some were dropped for want of room, and the application has not heard of room since. */
  #isDropping = false;
  /** Bytes for frames in a packet with nothing else in it. */
  #emptyRoom = Number.POSITIVE_INFINITY;
  /** Events of this turn: entries and bytes. */
  #arrived = 0;
  #arrivedBytes = 0;
  #sent = 0;
  #dropped = 0;
  #tooLarge = 0;
  #lost = 0;
  #received = 0;
  #receivedDropped = 0;

  constructor(config: TransportConfig, events: EventRing, owner: unknown) {
    this.#config = config;
    this.#events = events;
    this.#owner = owner;
  }

  /** `max_datagram_frame_size` of the peer: whole frames, type included. */
  setPeerLimit(maxFrameBytes: number): void {
    const headerBytes = datagramHeaderBytes(Math.min(maxFrameBytes, LENGTH_MAX));
    this.#isWanted = maxFrameBytes >= datagramHeaderBytes(0);
    this.peerLimitBytes = Math.max(maxFrameBytes - headerBytes, 0);
  }

  /** Figures for `stats()`. A new object. */
  get counters() {
    return {
      datagramsSent: this.#sent,
      datagramsDropped: this.#dropped,
      datagramsTooLarge: this.#tooLarge,
      datagramsLost: this.#lost,
      datagramsReceived: this.#received,
      datagramsReceivedDropped: this.#receivedDropped,
      datagramsWaiting: this.#count(),
    };
  }

  /** Those that were put into packets. */
  get sent(): number {
    return this.#sent;
  }

  get hasData(): boolean {
    return this.#first < this.#waiting.length;
  }

  /**
   * Copies the bytes and queues them. 0; 1: queued, and an older one dropped; -1: larger than `most`, the largest that
   * path and peer take now, or the peer takes none.
   */
  send(bytes: Uint8Array, most: number): number {
    const size = bytes.byteLength;
    const { datagramQueue, datagramQueueBytes } = this.#config;
    if (!this.#isWanted || size > most || size > datagramQueueBytes || datagramQueue === 0) {
      this.#tooLarge++;
      return -1;
    }
    const before = this.#dropped;
    while (this.#count() >= datagramQueue || this.#bytes + size > datagramQueueBytes) this.#drop();
    this.#waiting.push(copyOf(bytes, 0, size));
    this.#bytes += size;
    return this.#dropped > before ? 1 : 0;
  }

  /** As many DATAGRAM frames as fit. */
  write(space: FrameSpace): void {
    const before = this.#count();
    while (this.hasData) {
      const bytes = this.#waiting[this.#first]!;
      const size = bytes.byteLength;
      const spare = space.end - space.at - datagramHeaderBytes(NO_LENGTH) - size;
      if (spare < 0) {
        // It had a packet for itself and is too large: the path has narrowed since it was queued.
        if (space.end - space.at < this.#emptyRoom) break;
        this.#drop();
        continue;
      }
      this.#put(space, bytes, spare);
      this.#sent++;
      this.#shift();
    }
    if (!this.#isDropping || this.#count() === before) return;
    this.#isDropping = false;
    this.#events.push(EVENT_DATAGRAM_ROOM, this.#owner, this.#owner);
  }

  /** `spare`: bytes of the packet that would be left behind a frame without a length. */
  #put(space: FrameSpace, bytes: Uint8Array, spare: number): void {
    const size = bytes.byteLength;
    const lengthBytes = datagramHeaderBytes(size) - datagramHeaderBytes(NO_LENGTH);
    const hasLength = spare >= lengthBytes;
    if (!hasLength) {
      // Without a length it must be the last: what is too little for one is PADDING, in front.
      space.bytes.fill(FRAME_PADDING, space.at, space.at + spare);
      space.at += spare;
    }
    space.at = writeDatagramHeader(space.bytes, space.at, hasLength ? size : NO_LENGTH);
    space.bytes.set(bytes, space.at);
    space.at += size;
    space.record(SENT_DATAGRAM, 0, 0, size);
  }

  /** A frame has come: `length` bytes at `at`. Copies them. Returns an error code. */
  onDatagram(slab: Uint8Array, at: number, length: number): number {
    const { datagramQueue, datagramQueueBytes } = this.#config;
    if (length > LENGTH_MAX) return PROTOCOL_VIOLATION;
    this.#received++;
    if (this.#arrived >= datagramQueue || this.#arrivedBytes + length > datagramQueueBytes) {
      this.#receivedDropped++;
      return NO_ERROR;
    }
    this.#arrived++;
    this.#arrivedBytes += length;
    this.#events.push(EVENT_DATAGRAM, this.#owner, copyOf(slab, at, length));
    return NO_ERROR;
  }

  /** The events of the turn are out: a new one may bring as many. */
  endTurn(): void {
    this.#arrived = 0;
    this.#arrivedBytes = 0;
  }

  onLost(): void {
    this.#lost++;
  }

  /** Bytes that a packet with nothing else in it has for frames. */
  setPacketRoom(bytes: number): void {
    this.#emptyRoom = bytes;
  }

  #count(): number {
    return this.#waiting.length - this.#first;
  }

  #drop(): void {
    this.#dropped++;
    this.#isDropping = true;
    this.#shift();
  }

  #shift(): void {
    this.#bytes -= this.#waiting[this.#first]!.byteLength;
    this.#waiting[this.#first++] = undefined;
    if (this.#first < 64 || this.#first * 2 < this.#waiting.length) return;
    this.#waiting.splice(0, this.#first);
    this.#first = 0;
  }
}

/** A copy, also of a Buffer of Node, whose own `slice` is a view. */
function copyOf(bytes: Uint8Array, at: number, length: number): Uint8Array {
  const copy = new Uint8Array(length);
  copy.set(length === bytes.byteLength ? bytes : bytes.subarray(at, at + length));
  return copy;
}
