/**
 * What a handshake ends with, and what the endpoint is told on the way. Types, and the one place that makes an Outcome.
 *
 * Invariant: an Outcome is handed out once; from then on its secrets belong to whoever took it.
 */

import { wipe } from './bytes.js';
import type { HandshakeState } from './handshake-state.js';
import type { PatternName, Suite } from './protocol.js';
import type { Source } from './source.js';

export interface Outcome {
  readonly role: 'initiator' | 'responder';
  readonly version: number;
  readonly pattern: PatternName;
  readonly suite: Suite;
  /** 32 bytes that both sides share and nobody else has: for channel binding. */
  readonly handshakeHash: Uint8Array;
  readonly remoteStatic: Uint8Array;
  /** Traffic secrets, 32 bytes each: input of the key schedule. Transferred: the receiver wipes them. */
  readonly sendSecret: Uint8Array;
  readonly receiveSecret: Uint8Array;
  /** The peer's transport parameters, encoded. */
  readonly remoteParameters: Uint8Array;
  /** Connection ids: the one that packets to us carry, the one that packets to the peer carry. */
  readonly localId: Uint8Array;
  readonly remoteId: Uint8Array;
  readonly source: Source;
}

export type HandshakeFailure =
  /** Nobody answered in time. */
  | 'timeout'
  /** The peer speaks no version or no suite of ours. */
  | 'noCommonVersion'
  /** The peer has our own static key. */
  | 'ownKey'
  /** `authorize` said no. */
  | 'unauthorized'
  /** A key of the peer is a low-order point. */
  | 'lowOrderKey'
  /** Something threw that may not: no memory, or a mistake of ours. */
  | 'internalError';

export type HandshakeEvent =
  /**
   * There are keys. An initiator may send at once; a responder must show nothing to the application before
   * 'confirmed'. `attempt` is what `connect` returned.
   */
  | { readonly kind: 'established'; readonly outcome: Outcome; readonly attempt?: number }
  /** The peer's first protected packet has come. `attempt`: the connect of ours that this connection fulfils, too. */
  | { readonly kind: 'confirmed'; readonly localId: Uint8Array; readonly attempt?: number }
  /** Keys that were announced and will never be used: forget them. */
  | { readonly kind: 'discarded'; readonly localId: Uint8Array }
  | { readonly kind: 'failed'; readonly attempt: number; readonly reason: HandshakeFailure };

/** A datagram to send. `bytes` is not changed any more. */
export interface HandshakeDatagram {
  readonly bytes: Uint8Array;
  readonly source: Source;
}

type Given = Omit<Outcome, 'handshakeHash' | 'remoteStatic' | 'sendSecret' | 'receiveSecret'>;

/** Ends a finished Noise handshake. */
export function outcomeOf(noise: HandshakeState, given: Given): Outcome {
  const handshakeHash = noise.getHandshakeHash();
  const { send, receive } = noise.split();
  return {
    ...given,
    handshakeHash,
    remoteStatic: noise.remoteStatic!,
    sendSecret: send.takeKey(),
    receiveSecret: receive.takeKey(),
  };
}

/** Overwrites the secrets of an outcome that nobody has taken. */
export function wipeOutcome(outcome: Outcome | undefined): void {
  wipe(outcome?.sendSecret, outcome?.receiveSecret);
}
