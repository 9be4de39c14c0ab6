/**
 * The numbers of the handshake on the wire: message types, versions, suites, patterns, sizes, labels.
 *
 * docs/handshake.md is the same list in prose; whoever changes one changes the other. It decides nothing.
 *
 * Invariant: a number, once released, keeps its meaning.
 */

import type { AeadName } from '../ports.js';
import { ascii } from './bytes.js';
import type { CipherName } from './cipher-state.js';

/** First byte of each message: 0x80 | type. */
export const TYPE_INITIATION = 0x81;
export const TYPE_RESPONSE = 0x82;
export const TYPE_FINAL = 0x83;
export const TYPE_COOKIE = 0x84;
export const TYPE_VERSIONS = 0x85;

export const VERSION_1 = 0x62770001;

/** Type, version, destination and source connection id: the same in every message of every version. */
export const HEADER_BYTES = 21;
export const VERSION_OFFSET = 1;
export const DESTINATION_OFFSET = 5;
export const SOURCE_OFFSET = 13;
export const CONNECTION_ID_BYTES = 8;

/** Every initiation is that long in version 1, and at least that long in every version. */
export const INITIATION_BYTES = 1200;
/** Initiations above that are not looked at, whatever their version. */
export const INITIATION_BYTES_MAX = 1500;
export const MAC_BYTES = 16;
/** Where mac1 begins, counted from the end of an initiation. */
export const MACS_BYTES = 2 * MAC_BYTES;
/** Nothing of the handshake is longer than the initiation that brought it about. */
export const ANSWER_BYTES_MAX = INITIATION_BYTES;

export const COOKIE_NONCE_BYTES = 24;
export const COOKIE_BYTES = 16;
export const COOKIE_MESSAGE_BYTES = HEADER_BYTES + COOKIE_NONCE_BYTES + COOKIE_BYTES + 16;

/** Caps of the lists in an initiation and in a version list. */
export const VERSIONS_MAX = 8;
export const SUITES_MAX = 8;
export const TOKEN_BYTES_MAX = 64;
/** Transport parameters of one side, encoded: fits every message with every list at its cap. */
export const PARAMETERS_BYTES_MAX = 768;

export interface Suite {
  readonly id: number;
  /** The cipher of the Noise messages. */
  readonly cipher: CipherName;
  /** The AEAD of the packets. */
  readonly aead: AeadName;
  /** Bytes of a packet key and of a header key. */
  readonly keyBytes: 16 | 32;
}

/** In the order in which they are offered by default. */
export const SUITES: readonly Suite[] = [
  { id: 1, cipher: 'AESGCM', aead: 'aes-128-gcm', keyBytes: 16 },
  { id: 2, cipher: 'AESGCM', aead: 'aes-256-gcm', keyBytes: 32 },
  { id: 3, cipher: 'ChaChaPoly', aead: 'chacha20-poly1305', keyBytes: 32 },
];

export type PatternName = 'IK' | 'XX' | 'IKpsk2' | 'XXpsk3';

export interface HandshakePattern {
  readonly id: number;
  readonly name: PatternName;
  /** Whether the initiator knows the responder's static key beforehand. */
  readonly knownResponder: boolean;
  readonly psk: boolean;
  /** Bytes of keys and tags in the Noise messages 1, 2 and 3. */
  readonly overheads: readonly number[];
}

export const PATTERNS: readonly HandshakePattern[] = [
  { id: 1, name: 'IK', knownResponder: true, psk: false, overheads: [96, 48] },
  { id: 2, name: 'XX', knownResponder: false, psk: false, overheads: [32, 96, 64] },
  { id: 3, name: 'IKpsk2', knownResponder: true, psk: true, overheads: [96, 48] },
  { id: 4, name: 'XXpsk3', knownResponder: false, psk: true, overheads: [48, 96, 64] },
];

export function suiteOf(id: number): Suite | undefined {
  return SUITES.find((suite) => suite.id === id);
}

export function patternById(id: number): HandshakePattern | undefined {
  return PATTERNS.find((pattern) => pattern.id === id);
}

/** The pattern of what is known and shared. */
export function patternFor(knownResponder: boolean, psk: boolean): HandshakePattern {
  return PATTERNS.find(
    (pattern) => pattern.knownResponder === knownResponder && pattern.psk === psk,
  )!;
}

export const LABEL_PROLOGUE = ascii('burstwire handshake 1');
export const LABEL_MAC1 = ascii('burstwire mac1');
export const LABEL_ANSWER = ascii('burstwire answer');
export const LABEL_COOKIE = ascii('burstwire cookie');
export const LABEL_COOKIE_SECRET = ascii('burstwire cookie secret');
export const LABEL_TOKEN = ascii('burstwire token');
/** In the place of the responder's static key where the initiator does not know it. */
export const UNKNOWN_STATIC = new Uint8Array(32);
