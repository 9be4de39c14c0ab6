/**
 * What a connection asks of the endpoint that it lives in.
 *
 * A type only; `endpoint/endpoint` implements it.
 */

export interface ConnectionHost {
  /** The connection has something to send, or a new deadline: it gets its turn. */
  markReady(slot: number): void;
  /** A connection id of ours from now on, and no longer. Borrowed for the call. */
  addId(id: Uint8Array, slot: number): void;
  removeId(id: Uint8Array): void;
  /** A new connection id (8 bytes) and its reset token (16 bytes), transferred. */
  createId(): { readonly id: Uint8Array; readonly token: Uint8Array };
}
