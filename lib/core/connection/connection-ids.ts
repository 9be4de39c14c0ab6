/**
 * Connection ids: those that we have given the peer (RFC 9000 section 5.1). Those that it has given us are in remote-ids.
 *
 * Ids have 8 bytes and stateless reset tokens 16; where they come from and what a token is made of is the host's
 * business, and so is the routing. Called by consume.ts (what the peer sent), build.ts (frames) and frame-owners.ts (what
 * became of them).
 *
 * Invariant: the peer never has more ids of ours than its active_connection_id_limit, and the host routes exactly those.
 */

import { NO_ERROR, PROTOCOL_VIOLATION } from '../error-codes.js';
import type { FrameSpace } from '../wire/frame-space.js';
import { CONNECTION_ID_BYTES } from '../wire/frame-types.js';
import { newConnectionIdBytes, writeNewConnectionId } from '../wire/frame-writer.js';
import { SENT_NEW_CONNECTION_ID } from '../wire/sent-kinds.js';
import {
  CONNECTION_BYTES,
  FIRST_ID_AT,
  LOCAL_IDS_AT,
  LOCAL_IDS_BYTES,
} from './connection-bytes.js';

export { REMOTE_IDS_MAX, RemoteIds } from './remote-ids.js';

/** Ids of ours that a peer gets at once, however many it would take. */
const LOCAL_IDS_MAX = LOCAL_IDS_BYTES / CONNECTION_ID_BYTES;

/** Where ids come from, and who routes by them. */
export interface IdHost {
  /** A new id (8 bytes), transferred. */
  createId(): Uint8Array;
  /** The reset token of an id (16 bytes), transferred: always the same. Borrows the id for the call. */
  tokenOf(id: Uint8Array): Uint8Array;
  /** Packets with that id are the connection's from now on. Borrowed for the call. */
  addId(id: Uint8Array, slot: number): void;
  /** And no longer. Borrowed for the call. */
  removeId(id: Uint8Array): void;
}

/** What became of the NEW_CONNECTION_ID. */
const PENDING = 0;
const SENT = 1;
const ACKED = 2;

export class LocalIds {
  readonly #limit: number;
  readonly #slot: number;
  readonly #host: IdHost;
  /**
   * At FIRST_ID_AT that of the handshake, from LOCAL_IDS_AT on those that the peer has, or will have, by place. Tokens are
   * made when they are sent.
   */
  readonly #bytes: Uint8Array;
  /** By place: sequence, and what became of the frame. */
  readonly #sequences: number[];
  readonly #states: number[];
  #count = 1;
  #pending = 0;
  #nextSequence = 1;
  /** Sequences below that have been on the wire. */
  #sentBelow = 1;
  #isIssuing = false;

  /**
   * @param first id of the handshake, which the host routes already; copied
   * @param limit ids that the peer keeps; never more than 8 are given
   * @param bytes where the ids are kept: connection-bytes.ts
   */
  constructor(
    first: Uint8Array,
    limit: number,
    slot: number,
    host: IdHost,
    bytes: Uint8Array = new Uint8Array(CONNECTION_BYTES),
  ) {
    this.#limit = Math.min(limit, LOCAL_IDS_MAX);
    this.#slot = slot;
    this.#host = host;
    this.#bytes = bytes;
    bytes.set(first, FIRST_ID_AT);
    bytes.set(first, LOCAL_IDS_AT);
    this.#sequences = new Array<number>(Math.max(this.#limit, 1)).fill(0);
    this.#states = new Array<number>(Math.max(this.#limit, 1)).fill(ACKED);
  }

  /** The id of the handshake, sequence 0. It stays what it was when it is retired. A copy. */
  get first(): Uint8Array {
    return this.#bytes.slice(FIRST_ID_AT, FIRST_ID_AT + CONNECTION_ID_BYTES);
  }

  /** From now on the peer gets as many ids as it may have, and a new one for each that it retires. */
  issue(): void {
    if (!this.#isIssuing) this.#announceFirst();
    this.#isIssuing = true;
    while (this.#count < this.#limit) {
      const id = this.#host.createId();
      this.#bytes.set(id, LOCAL_IDS_AT + CONNECTION_ID_BYTES * this.#count);
      this.#sequences[this.#count] = this.#nextSequence++;
      this.#states[this.#count++] = PENDING;
      this.#pending++;
      this.#host.addId(id, this.#slot);
    }
  }

  /** RETIRE_CONNECTION_ID of the peer. Returns an error code or 0. */
  onRetire(sequence: number): number {
    if (sequence >= this.#sentBelow) return PROTOCOL_VIOLATION;
    const index = this.#indexOf(sequence);
    if (index < 0) return NO_ERROR;
    if (this.#states[index] === PENDING) this.#pending--;
    this.#host.removeId(this.#idAt(index));
    const at = LOCAL_IDS_AT + CONNECTION_ID_BYTES * index;
    const end = LOCAL_IDS_AT + CONNECTION_ID_BYTES * this.#count;
    this.#bytes.copyWithin(at, at + CONNECTION_ID_BYTES, end);
    this.#sequences.copyWithin(index, index + 1);
    this.#states.copyWithin(index, index + 1);
    this.#count--;
    if (this.#isIssuing) this.issue();
    return NO_ERROR;
  }

  /** Whether `write` has a NEW_CONNECTION_ID to send. */
  get hasPending(): boolean {
    return this.#pending > 0;
  }

  /** As many NEW_CONNECTION_IDs as fit. */
  write(space: FrameSpace): void {
    for (let index = 0; index < this.#count && this.#pending > 0; index++) {
      const sequence = this.#sequences[index];
      if (this.#states[index] !== PENDING) continue;
      if (space.at + newConnectionIdBytes(sequence, 0) > space.end) return;
      const id = this.#idAt(index);
      const token = this.#host.tokenOf(id);
      space.at = writeNewConnectionId(space.bytes, space.at, sequence, 0, id, token);
      space.record(SENT_NEW_CONNECTION_ID, sequence, 0, 0);
      this.#states[index] = SENT;
      this.#pending--;
      this.#sentBelow = Math.max(this.#sentBelow, sequence + 1);
    }
  }

  /** The NEW_CONNECTION_ID of that id has arrived. */
  onFrameAcked(sequence: number): void {
    const index = this.#indexOf(sequence);
    if (index < 0) return;
    if (this.#states[index] === PENDING) this.#pending--;
    this.#states[index] = ACKED;
  }

  /** The NEW_CONNECTION_ID of that id is lost: it is sent again, unless the id is retired or another copy has arrived. */
  onFrameLost(sequence: number): void {
    const index = this.#indexOf(sequence);
    if (index < 0 || this.#states[index] !== SENT) return;
    this.#states[index] = PENDING;
    this.#pending++;
  }

  /** The connection is over: the host routes none of its ids any more, the handshake's included. */
  close(): void {
    for (let index = 0; index < this.#count; index++) this.#host.removeId(this.#idAt(index));
    this.#count = 0;
    this.#pending = 0;
  }

  /** The id of the handshake came without a reset token: a frame brings it (F11). */
  #announceFirst(): void {
    const index = this.#indexOf(0);
    if (index < 0) return;
    this.#states[index] = PENDING;
    this.#pending++;
  }

  /** A copy: what is given to native code is moved out of V8's heap for good. */
  #idAt(index: number): Uint8Array {
    const at = LOCAL_IDS_AT + CONNECTION_ID_BYTES * index;
    return this.#bytes.slice(at, at + CONNECTION_ID_BYTES);
  }

  #indexOf(sequence: number): number {
    for (let index = 0; index < this.#count; index++) {
      if (this.#sequences[index] === sequence) return index;
    }
    return -1;
  }
}
