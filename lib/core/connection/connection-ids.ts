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
import { newConnectionIdBytes, writeNewConnectionId } from '../wire/frame-writer.js';
import { SENT_NEW_CONNECTION_ID } from '../wire/sent-kinds.js';

export { REMOTE_IDS_MAX, RemoteIds } from './remote-ids.js';

/** Ids of ours that a peer gets at once, however many it would take. */
const LOCAL_IDS_MAX = 8;

/** Where ids come from, and who routes by them. */
export interface IdHost {
  /** A new id (8 bytes) and its reset token (16 bytes), transferred. */
  createId(): { readonly id: Uint8Array; readonly token: Uint8Array };
  /** The reset token of an id, transferred. Borrows the id for the call. */
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

/** An id of ours that the peer has, or will have. */
interface LocalId {
  readonly sequence: number;
  readonly id: Uint8Array;
  readonly token: Uint8Array;
  state: number;
}

export class LocalIds {
  /** The id of the handshake, sequence 0. It stays what it was when it is retired. */
  readonly first: Uint8Array;
  readonly #limit: number;
  readonly #slot: number;
  readonly #host: IdHost;
  readonly #ids: LocalId[];
  #pending = 0;
  #nextSequence = 1;
  /** Sequences below that have been on the wire. */
  #sentBelow = 1;
  #isIssuing = false;

  /**
   * @param first id of the handshake, which the host routes already; borrowed for good
   * @param limit ids that the peer keeps; never more than 8 are given
   */
  constructor(first: Uint8Array, limit: number, slot: number, host: IdHost) {
    this.first = first;
    this.#limit = Math.min(limit, LOCAL_IDS_MAX);
    this.#slot = slot;
    this.#host = host;
    this.#ids = [{ sequence: 0, id: first, token: host.tokenOf(first), state: ACKED }];
  }

  /** From now on the peer gets as many ids as it may have, and a new one for each that it retires. */
  issue(): void {
    if (!this.#isIssuing) this.#announceFirst();
    this.#isIssuing = true;
    while (this.#ids.length < this.#limit) {
      const { id, token } = this.#host.createId();
      this.#ids.push({ sequence: this.#nextSequence++, id, token, state: PENDING });
      this.#pending++;
      this.#host.addId(id, this.#slot);
    }
  }

  /** RETIRE_CONNECTION_ID of the peer. Returns an error code or 0. */
  onRetire(sequence: number): number {
    if (sequence >= this.#sentBelow) return PROTOCOL_VIOLATION;
    const index = this.#indexOf(sequence);
    if (index < 0) return NO_ERROR;
    const [retired] = this.#ids.splice(index, 1);
    if (retired.state === PENDING) this.#pending--;
    this.#host.removeId(retired.id);
    if (this.#isIssuing) this.issue();
    return NO_ERROR;
  }

  /** Whether `write` has a NEW_CONNECTION_ID to send. */
  get hasPending(): boolean {
    return this.#pending > 0;
  }

  /** As many NEW_CONNECTION_IDs as fit. */
  write(space: FrameSpace): void {
    for (let index = 0; index < this.#ids.length && this.#pending > 0; index++) {
      const local = this.#ids[index];
      const { sequence } = local;
      if (local.state !== PENDING) continue;
      if (space.at + newConnectionIdBytes(sequence, 0) > space.end) return;
      space.at = writeNewConnectionId(space.bytes, space.at, sequence, 0, local.id, local.token);
      space.record(SENT_NEW_CONNECTION_ID, sequence, 0, 0);
      local.state = SENT;
      this.#pending--;
      this.#sentBelow = Math.max(this.#sentBelow, sequence + 1);
    }
  }

  /** The NEW_CONNECTION_ID of that id has arrived. */
  onFrameAcked(sequence: number): void {
    const index = this.#indexOf(sequence);
    if (index < 0) return;
    if (this.#ids[index].state === PENDING) this.#pending--;
    this.#ids[index].state = ACKED;
  }

  /** The NEW_CONNECTION_ID of that id is lost: it is sent again, unless the id is retired or another copy has arrived. */
  onFrameLost(sequence: number): void {
    const index = this.#indexOf(sequence);
    if (index < 0 || this.#ids[index].state !== SENT) return;
    this.#ids[index].state = PENDING;
    this.#pending++;
  }

  /** The connection is over: the host routes none of its ids any more, the handshake's included. */
  close(): void {
    for (const local of this.#ids) this.#host.removeId(local.id);
    this.#ids.length = 0;
    this.#pending = 0;
  }

  /** The id of the handshake came without a reset token: a frame brings it (F11). */
  #announceFirst(): void {
    const first = this.#ids.find(({ sequence }) => sequence === 0);
    if (first === undefined) return;
    first.state = PENDING;
    this.#pending++;
  }

  #indexOf(sequence: number): number {
    const ids = this.#ids;
    for (let index = 0; index < ids.length; index++) {
      if (ids[index].sequence === sequence) return index;
    }
    return -1;
  }
}
