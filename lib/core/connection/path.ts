/**
 * One path: the address of the peer that packets go to, what may be sent there, and what is asked and answered there.
 *
 * It holds the state of a path and its arithmetic; which path is used, `migration.ts` decides. Made by paths.ts; read by
 * build.ts, build-paths.ts and commit-packet.ts. The clauses M1 to M14 are in docs/wire-format.md.
 *
 * Invariants: to an address that has not proved itself goes no more than AMPLIFICATION times what came from it; an answer
 * counts once, and only for a question that was asked on this path.
 */

import { BASE_DATAGRAM_BYTES } from '../config.js';
import type { CongestionController } from '../congestion/congestion-controller.js';
import type { Pacer } from '../congestion/pacer.js';
import type { EcnValidation } from '../recovery/ecn.js';
import type { PathMtu } from '../recovery/path-mtu.js';
import { PATH_DATA_BYTES } from '../wire/frame-types.js';

/** RFC 9000 section 8.1. */
export const AMPLIFICATION = 3;
/** PATH_CHALLENGEs of the peer that wait for their answer; the newest win (RFC 9000 section 8.2.2). */
export const PATH_RESPONSES_MAX = 4;
/** Questions that an answer may still be for, the newest. */
const CHALLENGES_MAX = 4;
/** What a path has that was never asked anything. */
const NO_DATA = new Uint8Array(0);
/** Below that no packet is begun: acknowledgement and CONNECTION_CLOSE need room. */
const ROOM_MIN_BYTES = 100;

/** The estimate of the round trip time: all of it. */
export interface RttValues {
  readonly hasSample: boolean;
  readonly firstSampleUs: number;
  readonly latestUs: number;
  readonly minUs: number;
  readonly smoothedUs: number;
  readonly varianceUs: number;
}

/** What was measured of a path: path-measures.ts. */
export interface PathMeasures {
  readonly congestion: CongestionController;
  readonly pacer: Pacer;
  readonly pathMtu: PathMtu;
  readonly ecn: EcnValidation;
  readonly rtt: RttValues;
}

export class Path {
  /** Peer id of the address. */
  readonly peer: number;
  readonly isIpv4: boolean;
  /** The id of ours that the peer used when it came here: its two halves. */
  #localIdHigh = 0;
  #localIdLow = 0;
  /** The peer came here with another id than before: so must our packets (RFC 9000 section 9.5). */
  needsNewId = false;
  /** The address has proved that packets reach the peer there. */
  isValidated: boolean;
  /** Bytes that may still go there while it is not validated. */
  creditBytes: number;
  /** Window, round trip time and path MTU of this path while another one is used; undefined: none of its own. */
  measures: PathMeasures | undefined = undefined;
  /** When what is waited for here has taken too long: the validation, or any packet at all. */
  expiresUs = Number.POSITIVE_INFINITY;
  /** A PATH_CHALLENGE is to be sent. */
  isChallengePending = false;
  /** When the next one follows; Infinity while none is waited for. */
  resendUs = Number.POSITIVE_INFINITY;
  /** Every PATH_CHALLENGE that is waited for filled its datagram: its answer proves the size as well (section 8.2.1). */
  isPadded = true;
  responses: Uint8Array = NO_DATA;
  responseCount = 0;
  #challenges: Uint8Array = NO_DATA;
  #challengeCount = 0;
  #intervalUs = 0;

  constructor(peer: number, isIpv4: boolean, isValidated: boolean, creditBytes: number) {
    this.peer = peer;
    this.isIpv4 = isIpv4;
    this.isValidated = isValidated;
    this.creditBytes = creditBytes;
  }

  /** The peer uses the id at `at`, 8 bytes. */
  noteLocalId(bytes: Uint8Array, at: number): void {
    this.#localIdHigh = wordAt(bytes, at);
    this.#localIdLow = wordAt(bytes, at + 4);
  }

  /** Whether that is the id at `at`. */
  hasLocalId(bytes: Uint8Array, at: number): boolean {
    return this.#localIdHigh === wordAt(bytes, at) && this.#localIdLow === wordAt(bytes, at + 4);
  }

  /** An authentic, new packet of so many bytes came from there. */
  onReceived(byteLength: number): void {
    if (!this.isValidated) this.creditBytes += AMPLIFICATION * byteLength;
  }

  onSent(byteLength: number): void {
    if (!this.isValidated) this.creditBytes -= byteLength;
  }

  /** Bytes of the next packet, at most `datagramBytes`; 0: the limit of amplification leaves no room for any. */
  room(datagramBytes: number): number {
    if (this.isValidated) return datagramBytes;
    const room = Math.min(datagramBytes, this.creditBytes);
    return room < ROOM_MIN_BYTES ? 0 : room;
  }

  /** Whether a path frame waits to be sent here. */
  get hasPending(): boolean {
    return this.isChallengePending || this.responseCount > 0;
  }

  /** Begins to ask, in doubling intervals. */
  challenge(nowUs: number, intervalUs: number): void {
    this.#challengeCount = 0;
    this.#intervalUs = intervalUs;
    this.isPadded = true;
    this.isChallengePending = true;
    this.resendUs = nowUs + intervalUs;
  }

  /** It is time to ask again. */
  onResend(nowUs: number): void {
    this.isChallengePending = true;
    this.#intervalUs *= 2;
    this.resendUs = nowUs + this.#intervalUs;
  }

  stopChallenge(): void {
    this.#challengeCount = 0;
    this.isChallengePending = false;
    this.resendUs = Number.POSITIVE_INFINITY;
  }

  /** Room for the 8 bytes of the next PATH_CHALLENGE: the caller fills them. `datagramBytes`: of the packet it goes in. */
  nextChallenge(datagramBytes: number): Uint8Array {
    if (this.#challenges.length === 0) {
      this.#challenges = new Uint8Array(PATH_DATA_BYTES * CHALLENGES_MAX);
    }
    if (this.#challengeCount === CHALLENGES_MAX) {
      this.#challenges.copyWithin(0, PATH_DATA_BYTES);
      this.#challengeCount--;
    }
    const at = PATH_DATA_BYTES * this.#challengeCount++;
    this.isChallengePending = false;
    if (datagramBytes < BASE_DATAGRAM_BYTES) this.isPadded = false;
    return this.#challenges.subarray(at, at + PATH_DATA_BYTES);
  }

  /** Whether these 8 bytes answer a question of ours; then nothing is asked any more. All are compared, in the same time. */
  takeResponse(bytes: Uint8Array, at: number): boolean {
    let isAnswer = false;
    for (let index = 0; index < this.#challengeCount; index++) {
      let difference = 0;
      for (let byte = 0; byte < PATH_DATA_BYTES; byte++) {
        difference |= this.#challenges[PATH_DATA_BYTES * index + byte] ^ bytes[at + byte];
      }
      isAnswer = difference === 0 || isAnswer;
    }
    if (isAnswer) this.stopChallenge();
    return isAnswer;
  }

  /** PATH_CHALLENGE of the peer. False when an older one has given way to it. */
  addResponse(bytes: Uint8Array, at: number): boolean {
    if (this.responses.length === 0) {
      this.responses = new Uint8Array(PATH_DATA_BYTES * PATH_RESPONSES_MAX);
    }
    const hasRoom = this.responseCount < PATH_RESPONSES_MAX;
    if (!hasRoom) {
      this.responses.copyWithin(0, PATH_DATA_BYTES);
      this.responseCount--;
    }
    const to = PATH_DATA_BYTES * this.responseCount++;
    for (let byte = 0; byte < PATH_DATA_BYTES; byte++) this.responses[to + byte] = bytes[at + byte];
    return hasRoom;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}
