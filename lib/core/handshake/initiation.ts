/**
 * The first message, from both ends: an initiator builds it, a responder opens it. Here the DH begins.
 *
 * No state: what it makes belongs to the machine that asked. Called by initiator.ts and inbound.ts.
 *
 * Invariant: the prologue is what is in front of the Noise message, byte for byte: change one of them on the way and
 * the handshake fails.
 */

import type { HandshakePrimitives, KeyPair } from '../ports.js';
import { concat, readUint64, writeUint64 } from './bytes.js';
import { DROP_MALFORMED, DROP_NOT_AUTHENTIC } from './drop-reasons.js';
import { HandshakeState } from './handshake-state.js';
import { mac1Key, writeMac1 } from './macs.js';
import {
  encodeInitiationHead,
  encodePayload,
  type Initiation,
  type InitiationHead,
  parametersOf,
  prologueOf,
} from './messages.js';
import {
  type HandshakePattern,
  INITIATION_BYTES,
  MACS_BYTES,
  type Suite,
  UNKNOWN_STATIC,
} from './protocol.js';

const TIMESTAMP_BYTES = 8;
const EMPTY = new Uint8Array(0);

export interface InitiationInput {
  readonly primitives: HandshakePrimitives;
  readonly identity: KeyPair;
  readonly remoteStatic: Uint8Array | undefined;
  readonly psk: Uint8Array | undefined;
  readonly pattern: HandshakePattern;
  readonly suite: Suite;
  readonly head: InitiationHead;
  readonly timestampUs: number;
  readonly parameters: Uint8Array;
}

export interface BuiltInitiation {
  /** 1,200 bytes, mac2 zero. */
  readonly bytes: Uint8Array;
  readonly noise: HandshakeState;
}

/**
 * An initiation, or undefined when the responder's static key is a low-order point. Without a known responder the
 * payload is in clear: then it carries neither time nor parameters, which go with the final message instead.
 */
export function buildInitiation(input: InitiationInput): BuiltInitiation | undefined {
  const { primitives, pattern, remoteStatic, psk } = input;
  const head = encodeInitiationHead(input.head);
  const noise = new HandshakeState({
    primitives,
    pattern: pattern.name,
    cipher: input.suite.cipher,
    initiator: true,
    prologue: prologueOf(head),
    s: input.identity,
    ...(pattern.knownResponder && remoteStatic ? { rs: remoteStatic } : {}),
    ...(psk ? { psks: [psk] } : {}),
  });
  const timestamp = new Uint8Array(TIMESTAMP_BYTES);
  if (pattern.knownResponder) writeUint64(timestamp, 0, input.timestampUs);
  const room = INITIATION_BYTES - MACS_BYTES - head.length - pattern.overheads[0];
  const parameters = pattern.knownResponder ? input.parameters : EMPTY;
  const message = noise.writeMessage(encodePayload(timestamp, parameters, room));
  if (message === undefined) return undefined;
  const bytes = concat(head, message, new Uint8Array(MACS_BYTES));
  writeMac1(primitives, mac1Key(primitives, remoteStatic ?? UNKNOWN_STATIC), bytes);
  return { bytes, noise };
}

export interface OpenedInitiation {
  readonly noise: HandshakeState;
  readonly timestampUs: number;
  readonly parameters: Uint8Array;
  /** Known already, unless the pattern keeps it for the final message. */
  readonly remoteStatic: Uint8Array | undefined;
}

/** Opens an initiation that has passed the prefilter; a drop reason when it is not good. */
export function openInitiation(
  primitives: HandshakePrimitives,
  identity: KeyPair,
  psk: Uint8Array | undefined,
  initiation: Initiation,
  pattern: HandshakePattern,
  suite: Suite,
): OpenedInitiation | number {
  const noise = new HandshakeState({
    primitives,
    pattern: pattern.name,
    cipher: suite.cipher,
    initiator: false,
    prologue: prologueOf(initiation.head),
    s: identity,
    ...(psk ? { psks: [psk] } : {}),
  });
  const payload = noise.readMessage(initiation.noise);
  if (payload === undefined) return DROP_NOT_AUTHENTIC;
  const parameters = parametersOf(payload, TIMESTAMP_BYTES);
  if (parameters === undefined) return DROP_MALFORMED;
  const timestampUs = readUint64(payload, 0);
  if (timestampUs > Number.MAX_SAFE_INTEGER) return DROP_MALFORMED;
  const mustBeEmpty = !pattern.knownResponder;
  if (mustBeEmpty && (timestampUs !== 0 || parameters.length > 0)) return DROP_MALFORMED;
  return { noise, timestampUs, parameters, remoteStatic: noise.remoteStatic };
}
