/**
 * Stateless resets: telling a peer that its connection is not known here any more (RFC 9000 section 10.3).
 *
 * Makes the tokens of our connection ids, and the datagrams that carry them. The secret follows from the identity's
 * private key, so an endpoint that was started anew knows the tokens of the one before. Which of our connections a reset of
 * a peer ends, the endpoint finds out (reset-tokens). Clauses Z1 to Z6 of docs/wire-format.md.
 *
 * Invariants: a reset is shorter than every datagram that is answered with one, so two endpoints that have forgotten
 * everything fall silent after one; at most RESETS_MAX wait, and only until the next batch is received.
 */

import { Budget } from '../budget.js';
import type { PacketBuilder } from '../connection/packet-builder.js';
import { RateLimiter } from '../handshake/rate-limiter.js';
import type { Addresses, HandshakePrimitives, KeyPair, Random } from '../ports.js';
import { CONNECTION_ID_BYTES, RESET_TOKEN_BYTES } from '../wire/frame-types.js';
import type { EndpointCounts } from './endpoint-counts.js';

/** A shorter datagram is not answered. */
export const TRIGGER_MIN_BYTES = 46;
/** Lengths of a reset: as short as short packets are. */
const RESET_MIN_BYTES = 34;
const RESET_MAX_BYTES = TRIGGER_MIN_BYTES - 1;
/** To one IPv4 address or one /64, and to all together. */
const PER_SECOND = 10;
const PER_SECOND_IN_ALL = 200;
/** Resets that wait for their turn. */
const RESETS_MAX = 32;
const LABEL = Uint8Array.from('burstwire reset', (character) => character.charCodeAt(0));

export class StatelessReset {
  readonly #secret: Uint8Array;
  readonly #primitives: HandshakePrimitives;
  readonly #random: Random;
  readonly #addresses: Addresses;
  readonly #counts: EndpointCounts;
  readonly #limiter: RateLimiter;
  readonly #budget: Budget;
  readonly #peers = new Int32Array(RESETS_MAX);
  readonly #ids = new Uint8Array(RESETS_MAX * CONNECTION_ID_BYTES);
  #waiting = 0;
  readonly #datagram = new Uint8Array(RESET_MAX_BYTES);

  /** @param place tells endpoints of the same identity apart, or else one would end the connections of another; borrowed */
  constructor(
    primitives: HandshakePrimitives,
    identity: KeyPair,
    place: Uint8Array,
    random: Random,
    addresses: Addresses,
    counts: EndpointCounts,
    nowUs: number,
  ) {
    this.#secret = primitives.hmacSha256(identity.privateKey, LABEL, place);
    this.#primitives = primitives;
    this.#random = random;
    this.#addresses = addresses;
    this.#counts = counts;
    this.#limiter = new RateLimiter(random, { ratePerSecond: PER_SECOND, burst: PER_SECOND });
    this.#budget = new Budget(PER_SECOND_IN_ALL, PER_SECOND_IN_ALL, nowUs);
  }

  /** Resets that wait to be written. */
  get waiting(): number {
    return this.#waiting;
  }

  /** The token of an id of ours, of now or of an earlier life: 16 bytes. */
  tokenOf(id: Uint8Array): Uint8Array {
    return this.#primitives.hmacSha256(this.#secret, id).slice(0, RESET_TOKEN_BYTES);
  }

  /** A datagram like a packet came for an id that nobody has: it is answered, if it may be. */
  answer(peer: number, bytes: Uint8Array, idAt: number, byteLength: number, nowUs: number): void {
    if (byteLength < TRIGGER_MIN_BYTES) return;
    if (this.#waiting === RESETS_MAX || !this.#takeCredit(peer, nowUs)) {
      this.#counts.resetsLimited++;
      return;
    }
    const to = CONNECTION_ID_BYTES * this.#waiting;
    for (let byte = 0; byte < CONNECTION_ID_BYTES; byte++)
      this.#ids[to + byte] = bytes[idAt + byte];
    this.#peers[this.#waiting++] = peer;
  }

  /** The addresses of those that still wait may be other ones soon. */
  forgetWaiting(): void {
    this.#waiting = 0;
  }

  /** Writes what waits, as far as there is room. */
  write(builder: PacketBuilder): void {
    while (this.#waiting > 0 && builder.hasRoom(RESET_MAX_BYTES)) {
      const next = --this.#waiting;
      const at = CONNECTION_ID_BYTES * next;
      const token = this.tokenOf(this.#ids.subarray(at, at + CONNECTION_ID_BYTES));
      builder.addDatagram(this.#disguise(token), this.#peers[next]);
      this.#counts.resetsSent++;
    }
  }

  /** A datagram that looks like any short packet, with the token where the tag would be. */
  #disguise(token: Uint8Array): Uint8Array {
    const datagram = this.#datagram;
    this.#random.fill(datagram);
    const spread = RESET_MAX_BYTES - RESET_MIN_BYTES + 1;
    const byteLength = RESET_MIN_BYTES + (datagram[RESET_MAX_BYTES - 1] % spread);
    datagram[0] = 0x40 | (datagram[0] & 0x1f);
    datagram.set(token, byteLength - RESET_TOKEN_BYTES);
    return datagram.subarray(0, byteLength);
  }

  #takeCredit(peer: number, nowUs: number): boolean {
    this.#budget.refill(nowUs);
    if (this.#budget.credit < 1) return false;
    if (!this.#limiter.take(this.#addresses.sourceOf(peer), nowUs)) return false;
    this.#budget.credit--;
    return true;
  }
}
