/**
 * The second and the third message, from both ends: the response, and XX's final message.
 *
 * Like initiation.ts: bytes and Noise, no state. Called by initiator.ts and responder.ts.
 *
 * Invariant: an answer is bound to the message it answers twice: by its MAC before any DH, by the Noise hash after.
 */

import type { HandshakePrimitives } from '../ports.js';
import { concat, isZero, sameBytes } from './bytes.js';
import {
  DROP_BAD_LENGTH,
  DROP_BAD_MAC,
  DROP_MALFORMED,
  DROP_NOT_AUTHENTIC,
  DROP_REFLECTED,
} from './drop-reasons.js';
import type { HandshakeState } from './handshake-state.js';
import { checkAnswerMac, withAnswerMac } from './macs.js';
import { encodePayload, header, parametersOf, sourceOf, versionOf } from './messages.js';
import {
  ANSWER_BYTES_MAX,
  CONNECTION_ID_BYTES,
  type HandshakePattern,
  HEADER_BYTES,
  MAC_BYTES,
  TYPE_FINAL,
  TYPE_RESPONSE,
} from './protocol.js';

/** What an answer is checked against. */
export interface AnswerContext {
  readonly primitives: HandshakePrimitives;
  readonly version: number;
  readonly pattern: HandshakePattern;
  /** The last 16 bytes of the message that is answered; of an initiation, its mac1. */
  readonly answeredMac: Uint8Array;
}

export interface OpenedAnswer {
  readonly remoteId: Uint8Array;
  readonly parameters: Uint8Array;
}

const NOTHING = new Uint8Array(0);

export function macOfAnswer(message: Uint8Array): Uint8Array {
  return message.subarray(message.length - MAC_BYTES);
}

/** The response, or undefined when the initiator's ephemeral is a low-order point. */
export function buildResponse(
  context: AnswerContext,
  noise: HandshakeState,
  remoteId: Uint8Array,
  localId: Uint8Array,
  parameters: Uint8Array,
): Uint8Array | undefined {
  const noiseMessage = noise.writeMessage(encodePayload(localId, parameters));
  if (noiseMessage === undefined) return undefined;
  const body = concat(header(TYPE_RESPONSE, context.version, remoteId, localId), noiseMessage);
  return withAnswerMac(context.primitives, context.answeredMac, body);
}

export function buildFinal(
  context: AnswerContext,
  noise: HandshakeState,
  remoteId: Uint8Array,
  localId: Uint8Array,
  parameters: Uint8Array,
): Uint8Array | undefined {
  const noiseMessage = noise.writeMessage(encodePayload(NOTHING, parameters));
  if (noiseMessage === undefined) return undefined;
  const body = concat(header(TYPE_FINAL, context.version, remoteId, localId), noiseMessage);
  return withAnswerMac(context.primitives, context.answeredMac, body);
}

/** All that can be checked without a DH: 0, or a drop reason. */
function precheck(
  context: AnswerContext,
  noise: HandshakeState,
  message: Uint8Array,
  index: 1 | 2,
): number {
  const shortest = HEADER_BYTES + context.pattern.overheads[index] + MAC_BYTES;
  if (message.length < shortest || message.length > ANSWER_BYTES_MAX) return DROP_BAD_LENGTH;
  if (!checkAnswerMac(context.primitives, context.answeredMac, message)) return DROP_BAD_MAC;
  if (versionOf(message) !== context.version || isZero(sourceOf(message))) return DROP_MALFORMED;
  const ephemeral = noise.localEphemeral;
  const first = message.subarray(HEADER_BYTES, HEADER_BYTES + 32);
  return ephemeral !== undefined && sameBytes(first, ephemeral) ? DROP_REFLECTED : 0;
}

/** Reads the Noise message; `parametersIn` says what of the payload makes sense. */
function openAnswer(
  context: AnswerContext,
  noise: HandshakeState,
  message: Uint8Array,
  index: 1 | 2,
  parametersIn: (payload: Uint8Array) => Uint8Array | undefined,
): OpenedAnswer | number {
  const refused = precheck(context, noise, message, index);
  if (refused !== 0) return refused;
  let parameters: Uint8Array | undefined;
  let reason = DROP_NOT_AUTHENTIC;
  noise.readMessage(message.subarray(HEADER_BYTES, message.length - MAC_BYTES), (payload) => {
    parameters = parametersIn(payload);
    reason = DROP_MALFORMED;
    return parameters !== undefined;
  });
  return parameters ? { remoteId: sourceOf(message).slice(), parameters } : reason;
}

/** Opens a response. A drop reason leaves the Noise state as it was. */
export function openResponse(
  context: AnswerContext,
  noise: HandshakeState,
  message: Uint8Array,
): OpenedAnswer | number {
  return openAnswer(context, noise, message, 1, (payload) => {
    const isBound = sameBytes(payload.subarray(0, CONNECTION_ID_BYTES), sourceOf(message));
    return isBound ? parametersOf(payload, CONNECTION_ID_BYTES) : undefined;
  });
}

/** Opens a final message, which must come from `remoteId`. A drop reason leaves the Noise state as it was. */
export function openFinal(
  context: AnswerContext,
  noise: HandshakeState,
  message: Uint8Array,
  remoteId: Uint8Array,
): OpenedAnswer | number {
  return openAnswer(context, noise, message, 2, (payload) =>
    sameBytes(sourceOf(message), remoteId) ? parametersOf(payload, 0) : undefined,
  );
}
