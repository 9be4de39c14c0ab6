/**
 * Keyed MACs around the Noise messages: mac1 of an initiation, mac2 for a cookie, the MAC of an answer.
 *
 * They keep strangers and damage away from the expensive part and prove nothing about identity: that is Noise's.
 * HMAC-SHA256, the first 16 bytes. Called by the prefilter and by both machines.
 *
 * Invariant: a MAC is compared in constant time.
 */

import type { HandshakePrimitives } from '../ports.js';
import { mac1Of, mac2Of } from './messages.js';
import { LABEL_ANSWER, LABEL_COOKIE, LABEL_MAC1, MAC_BYTES, MACS_BYTES } from './protocol.js';

/** `responderStatic`: UNKNOWN_STATIC where the initiator does not know it; then everybody has this key. */
export function mac1Key(primitives: HandshakePrimitives, responderStatic: Uint8Array): Uint8Array {
  return primitives.sha256(LABEL_MAC1, responderStatic);
}

/** Seals the cookies of a responder. */
export function cookieKey(
  primitives: HandshakePrimitives,
  responderStatic: Uint8Array,
): Uint8Array {
  return primitives.sha256(LABEL_COOKIE, responderStatic);
}

export function mac(
  primitives: HandshakePrimitives,
  key: Uint8Array,
  bytes: Uint8Array,
): Uint8Array {
  return primitives.hmacSha256(key, bytes).subarray(0, MAC_BYTES);
}

/** Fills in mac1 over everything in front of it. */
export function writeMac1(
  primitives: HandshakePrimitives,
  key: Uint8Array,
  initiation: Uint8Array,
): void {
  const end = initiation.length - MACS_BYTES;
  initiation.set(mac(primitives, key, initiation.subarray(0, end)), end);
}

export function checkMac1(
  primitives: HandshakePrimitives,
  key: Uint8Array,
  initiation: Uint8Array,
): boolean {
  const covered = initiation.subarray(0, initiation.length - MACS_BYTES);
  return primitives.equal(mac(primitives, key, covered), mac1Of(initiation));
}

/** Fills in mac2 over everything in front of it, mac1 included. */
export function writeMac2(
  primitives: HandshakePrimitives,
  cookie: Uint8Array,
  initiation: Uint8Array,
): void {
  const end = initiation.length - MAC_BYTES;
  initiation.set(mac(primitives, cookie, initiation.subarray(0, end)), end);
}

export function checkMac2(
  primitives: HandshakePrimitives,
  cookie: Uint8Array,
  initiation: Uint8Array,
): boolean {
  const covered = initiation.subarray(0, initiation.length - MAC_BYTES);
  return primitives.equal(mac(primitives, cookie, covered), mac2Of(initiation));
}

/**
 * The MAC at the end of a response, a version list or a final message. Its key is the MAC of the message that is being
 * answered: who has not seen that one cannot make an answer that costs us a DH.
 */
export function answerMac(
  primitives: HandshakePrimitives,
  answeredMac: Uint8Array,
  body: Uint8Array,
): Uint8Array {
  return mac(primitives, primitives.sha256(LABEL_ANSWER, answeredMac), body);
}

/** The body with its MAC behind it. */
export function withAnswerMac(
  primitives: HandshakePrimitives,
  answeredMac: Uint8Array,
  body: Uint8Array,
): Uint8Array {
  const message = new Uint8Array(body.length + MAC_BYTES);
  message.set(body);
  message.set(answerMac(primitives, answeredMac, body), body.length);
  return message;
}

export function checkAnswerMac(
  primitives: HandshakePrimitives,
  answeredMac: Uint8Array,
  message: Uint8Array,
): boolean {
  const body = message.subarray(0, message.length - MAC_BYTES);
  return primitives.equal(answerMac(primitives, answeredMac, body), message.subarray(body.length));
}
