/**
 * Connection ids that the peer has given us, and the retiring of them (RFC 9000 sections 5.1, 19.15, 19.16).
 *
 * They lie by sequence number in a ring of `limit` places. The lowest that we hold is in use, and they are retired in
 * their order, those that have not come with the others. So a late or repeated NEW_CONNECTION_ID of a retired id is known,
 * however many ids there have been, and a peer that counts as RFC 9000 section 5.1.1 says never goes beyond the ring.
 * Called by consume.ts, build.ts and frame-owners.ts, like connection-ids.
 *
 * Invariants: we hold the current id, and at most `limit` in all; none is forgotten before its RETIRE_CONNECTION_ID is
 * acknowledged.
 */

import {
  CONNECTION_ID_LIMIT_ERROR,
  FRAME_ENCODING_ERROR,
  NO_ERROR,
  PROTOCOL_VIOLATION,
} from '../error-codes.js';
import type { FrameSpace } from '../wire/frame-space.js';
import {
  CONNECTION_ID_BYTES,
  FRAME_RETIRE_CONNECTION_ID,
  RESET_TOKEN_BYTES,
} from '../wire/frame-types.js';
import { varintFrameBytes, writeVarintFrame } from '../wire/frame-writer.js';
import { SENT_RETIRE_CONNECTION_ID } from '../wire/sent-kinds.js';
import { REMOTE_IDS_AT, REMOTE_IDS_MAX } from './connection-bytes.js';

export { REMOTE_IDS_MAX };

/** Retired ids that may wait for an acknowledgement, for each that may be held (RFC 9000 section 5.1.2). */
const RETIRED_PER_ID = 2;

/** What is held of a place: nothing (0), the id, the id and its reset token. */
const HAS_ID = 1;
const HAS_TOKEN = 2;

/** What became of the RETIRE_CONNECTION_ID. */
const PENDING = 0;
const SENT = 1;

/** No sequence number. */
const NONE = -1;

export class RemoteIds {
  /** The id that packets to the peer carry, 8 bytes. Always the same array; its bytes change with the id. */
  readonly current = new Uint8Array(CONNECTION_ID_BYTES);
  readonly #limit: number;
  /** By sequence modulo limit: 0, HAS_ID or HAS_TOKEN. */
  readonly #has: number[];
  /** The ids from `#idsAt` on, their tokens from `#tokensAt`. */
  readonly #bytes: Uint8Array;
  readonly #idsAt: number;
  readonly #tokensAt: number;
  /** The ring begins here: all sequences below are retired. */
  #base = 0;
  /** Sequence of the current id. */
  #sequence = 0;
  /** Retired ids whose RETIRE_CONNECTION_ID is not acknowledged: sequences in any order, and PENDING or SENT. */
  readonly #retired: number[] = [];
  readonly #states: number[] = [];
  #retiredCount = 0;
  #pending = 0;

  /**
   * @param first id of the handshake, sequence 0; copied
   * @param limit our active_connection_id_limit
   * @param bytes where ids and tokens are kept, from REMOTE_IDS_AT on: connection-bytes.ts. Default: an array of its own
   */
  constructor(first: Uint8Array, limit = REMOTE_IDS_MAX, bytes?: Uint8Array) {
    this.#limit = limit;
    this.#has = new Array<number>(limit).fill(0);
    this.#idsAt = bytes === undefined ? 0 : REMOTE_IDS_AT;
    this.#tokensAt = this.#idsAt + limit * CONNECTION_ID_BYTES;
    this.#bytes = bytes ?? new Uint8Array(limit * (CONNECTION_ID_BYTES + RESET_TOKEN_BYTES));
    this.current.set(first);
    this.#bytes.set(first, this.#idsAt);
    this.#has[0] = HAS_ID;
  }

  /**
   * NEW_CONNECTION_ID of the peer: 8 bytes at `idAt`, 16 at `tokenAt`. Copies both. Returns an error code, and then has
   * changed nothing, or 0.
   */
  onNewConnectionId(
    sequence: number,
    retirePriorTo: number,
    bytes: Uint8Array,
    idAt: number,
    tokenAt: number,
  ): number {
    if (retirePriorTo > sequence) return FRAME_ENCODING_ERROR;
    // Retired already, and the peer told or about to be.
    if (sequence < this.#base) return NO_ERROR;
    const kept = Math.max(this.#base, retirePriorTo);
    if (sequence >= kept + this.#limit) return CONNECTION_ID_LIMIT_ERROR;
    if (this.#isContradiction(sequence, bytes, idAt, tokenAt)) return PROTOCOL_VIOLATION;
    if (!this.#canRetireBefore(kept)) return CONNECTION_ID_LIMIT_ERROR;
    this.#retireBefore(kept);
    this.#store(sequence, bytes, idAt, tokenAt);
    this.#use(this.#firstFrom(kept));
    return NO_ERROR;
  }

  /** Goes on with the next id of the peer. False when there is none yet, or the peer is slow to let go of the old ones. */
  rotate(): boolean {
    const next = this.#firstFrom(this.#sequence + 1);
    if (next === NONE || !this.#canRetireBefore(next)) return false;
    this.#retireBefore(next);
    this.#use(next);
    return true;
  }

  /** The next id that `rotate` would take, copied into 8 bytes; false when there is none. */
  copySpare(target: Uint8Array): boolean {
    const next = this.#firstFrom(this.#sequence + 1);
    if (next === NONE || !this.#canRetireBefore(next)) return false;
    copy(target, 0, this.#bytes, this.#idAt(next % this.#limit), CONNECTION_ID_BYTES);
    return true;
  }

  /** Whether the peer has said the reset token of the current id: that of the handshake's comes only later. */
  get hasToken(): boolean {
    return this.#has[this.#sequence % this.#limit] === HAS_TOKEN;
  }

  /** The reset token of the current id, 16 bytes. A copy. */
  get token(): Uint8Array {
    const at = this.#tokenAt(this.#sequence % this.#limit);
    return this.#bytes.slice(at, at + RESET_TOKEN_BYTES);
  }

  /** Whether `write` has a RETIRE_CONNECTION_ID to send. */
  get hasPending(): boolean {
    return this.#pending > 0;
  }

  /** As many RETIRE_CONNECTION_IDs as fit. */
  write(space: FrameSpace): void {
    for (let index = 0; index < this.#retiredCount && this.#pending > 0; index++) {
      if (this.#states[index] !== PENDING) continue;
      const sequence = this.#retired[index];
      if (space.at + varintFrameBytes(sequence) > space.end) return;
      space.at = writeVarintFrame(space.bytes, space.at, FRAME_RETIRE_CONNECTION_ID, sequence);
      space.record(SENT_RETIRE_CONNECTION_ID, sequence, 0, 0);
      this.#states[index] = SENT;
      this.#pending--;
    }
  }

  /** The peer knows that the id is retired. */
  onFrameAcked(sequence: number): void {
    const index = this.#indexOfRetired(sequence);
    if (index < 0) return;
    if (this.#states[index] === PENDING) this.#pending--;
    const last = --this.#retiredCount;
    this.#retired[index] = this.#retired[last];
    this.#states[index] = this.#states[last];
  }

  /** The RETIRE_CONNECTION_ID is lost: it is sent again. */
  onFrameLost(sequence: number): void {
    const index = this.#indexOfRetired(sequence);
    if (index < 0 || this.#states[index] === PENDING) return;
    this.#states[index] = PENDING;
    this.#pending++;
  }

  /** Whether the frame says of a held id, or of its sequence number, something else than before (section 19.15). */
  #isContradiction(sequence: number, bytes: Uint8Array, idAt: number, tokenAt: number): boolean {
    for (let ahead = 0; ahead < this.#limit; ahead++) {
      const held = this.#base + ahead;
      const place = held % this.#limit;
      if (this.#has[place] === 0) continue;
      const isSameId = isSame(this.#bytes, this.#idAt(place), bytes, idAt, CONNECTION_ID_BYTES);
      if (isSameId !== (held === sequence)) return true;
      // The id of the handshake came without a token.
      if (!isSameId || this.#has[place] === HAS_ID) continue;
      const heldAt = this.#tokenAt(place);
      if (!isSame(this.#bytes, heldAt, bytes, tokenAt, RESET_TOKEN_BYTES)) return true;
    }
    return false;
  }

  /** The lowest sequence held that is at least `from`. */
  #firstFrom(from: number): number {
    for (let sequence = from; sequence < this.#base + this.#limit; sequence++) {
      if (this.#has[sequence % this.#limit] !== 0) return sequence;
    }
    return NONE;
  }

  #canRetireBefore(sequence: number): boolean {
    return this.#retiredCount + (sequence - this.#base) <= this.#limit * RETIRED_PER_ID;
  }

  #retireBefore(end: number): void {
    for (; this.#base < end; this.#base++) {
      this.#has[this.#base % this.#limit] = 0;
      this.#retired[this.#retiredCount] = this.#base;
      this.#states[this.#retiredCount++] = PENDING;
      this.#pending++;
    }
  }

  #store(sequence: number, bytes: Uint8Array, idAt: number, tokenAt: number): void {
    const place = sequence % this.#limit;
    this.#has[place] = HAS_TOKEN;
    copy(this.#bytes, this.#idAt(place), bytes, idAt, CONNECTION_ID_BYTES);
    copy(this.#bytes, this.#tokenAt(place), bytes, tokenAt, RESET_TOKEN_BYTES);
  }

  #use(sequence: number): void {
    this.#sequence = sequence;
    copy(this.current, 0, this.#bytes, this.#idAt(sequence % this.#limit), CONNECTION_ID_BYTES);
  }

  #idAt(place: number): number {
    return this.#idsAt + place * CONNECTION_ID_BYTES;
  }

  #tokenAt(place: number): number {
    return this.#tokensAt + place * RESET_TOKEN_BYTES;
  }

  #indexOfRetired(sequence: number): number {
    for (let index = 0; index < this.#retiredCount; index++) {
      if (this.#retired[index] === sequence) return index;
    }
    return -1;
  }
}

function isSame(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, length: number): boolean {
  for (let index = 0; index < length; index++) {
    if (a[aAt + index] !== b[bAt + index]) return false;
  }
  return true;
}

function copy(
  to: Uint8Array,
  toAt: number,
  from: Uint8Array,
  fromAt: number,
  length: number,
): void {
  for (let index = 0; index < length; index++) to[toAt + index] = from[fromAt + index];
}
