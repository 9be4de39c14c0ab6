/**
 * What an initiator's machine is made from. Types only.
 *
 * Invariant: all of it is borrowed until the attempt is over.
 */

import type { HandshakePrimitives, KeyPair, Random } from '../ports.js';
import type { RetransmissionOptions } from './retransmission.js';
import type { Source } from './source.js';

export interface InitiatorOptions {
  readonly primitives: HandshakePrimitives;
  readonly random: Random;
  readonly identity: KeyPair;
  /** Known: IK. Unknown: XX. */
  readonly remoteStatic?: Uint8Array;
  readonly psk?: Uint8Array;
  /** What we speak, best first. */
  readonly versions: readonly number[];
  readonly suites: readonly number[];
  readonly token?: Uint8Array;
  /** Our transport parameters, encoded. */
  readonly parameters: Uint8Array;
  readonly localId: Uint8Array;
  readonly source: Source;
  /** A peer with our own static key is fine. */
  readonly allowOwnKey: boolean;
  /** Each call gives a larger number: microseconds since 1970, about. */
  readonly nextTimestampUs: (nowUs: number) => number;
  readonly retransmission?: RetransmissionOptions;
}
