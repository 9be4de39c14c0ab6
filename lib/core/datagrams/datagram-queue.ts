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
import { datagramHeaderBytes, NO_LENGTH, writeDatagramHeader } from '../wire/frame-writer.js';
import { SENT_DATAGRAM } from '../wire/sent-kinds.js';

export class DatagramQueue {
  /** Largest payload that the peer takes, bytes; 0: it takes none. */
  peerLimitBytes = 0;
  readonly #config: TransportConfig;
  readonly #events: EventRing;
  readonly #owner: unknown;
  /** Waiting, the oldest at `#first`. */
  #waiting: (Uint8Array | undefined)[] = [];
  #first = 0;
  #bytes = 0;
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
    this.peerLimitBytes = Math.max(maxFrameBytes - 1, 0);
  }

  /** Figures for `stats()`. A new object. */
  get counters(): Readonly<Record<string, number>> {
    return {
      datagramsSent: this.#sent,
      datagramsDropped: this.#dropped,
      datagramsTooLarge: this.#tooLarge,
      datagramsLost: this.#lost,
      datagramsReceived: this.#received,
      datagramsReceivedDropped: this.#receivedDropped,
      datagramsWaiting: this.#count,
    };
  }

  get hasData(): boolean {
    return this.#first < this.#waiting.length;
  }

  /**
   * Copies the bytes and queues them. 0; 1: queued, and an older one dropped; -1: larger than `most`, the largest that
   * path and peer take now.
   */
  send(bytes: Uint8Array, most: number): number {
    const size = bytes.byteLength;
    const { datagramQueue, datagramQueueBytes } = this.#config;
    if (size > most || size > datagramQueueBytes) {
      this.#tooLarge++;
      return -1;
    }
    const before = this.#dropped;
    while (this.#count >= datagramQueue || this.#bytes + size > datagramQueueBytes) {
      this.#dropped++;
      this.#shift();
    }
    this.#waiting.push(bytes.slice());
    this.#bytes += size;
    return this.#dropped > before ? 1 : 0;
  }

  /** As many DATAGRAM frames as fit. */
  write(space: FrameSpace): void {
    const wasFull = this.#count >= this.#config.datagramQueue;
    while (this.hasData) {
      const bytes = this.#waiting[this.#first]!;
      const size = bytes.byteLength;
      const room = space.end - space.at;
      // Without a length it must be the last of its packet.
      const isLast = room === datagramHeaderBytes(NO_LENGTH) + size;
      if (!isLast && room < datagramHeaderBytes(size) + size) {
        // Alone in a full packet and still too large: the path has narrowed since it was queued.
        if (room >= this.#emptyRoom) {
          this.#dropped++;
          this.#shift();
          continue;
        }
        break;
      }
      space.at = writeDatagramHeader(space.bytes, space.at, isLast ? NO_LENGTH : size);
      space.bytes.set(bytes, space.at);
      space.at += size;
      space.record(SENT_DATAGRAM, 0, 0, size);
      this.#sent++;
      this.#shift();
    }
    if (wasFull && this.#count < this.#config.datagramQueue) {
      this.#events.push(EVENT_DATAGRAM_ROOM, this.#owner, this.#owner);
    }
  }

  /** A frame has come: `length` bytes at `at`. Copies them. Returns an error code. */
  onDatagram(slab: Uint8Array, at: number, length: number): number {
    const { datagramQueue, datagramQueueBytes } = this.#config;
    if (length > 65_535) return PROTOCOL_VIOLATION;
    this.#received++;
    if (this.#arrived >= datagramQueue || this.#arrivedBytes + length > datagramQueueBytes) {
      this.#receivedDropped++;
      return NO_ERROR;
    }
    this.#arrived++;
    this.#arrivedBytes += length;
    this.#events.push(EVENT_DATAGRAM, this.#owner, slab.slice(at, at + length));
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

  get #count(): number {
    return this.#waiting.length - this.#first;
  }

  #shift(): void {
    this.#bytes -= this.#waiting[this.#first]!.byteLength;
    this.#waiting[this.#first++] = undefined;
    if (this.#first < 64 || this.#first * 2 < this.#waiting.length) return;
    this.#waiting.splice(0, this.#first);
    this.#first = 0;
  }
}
