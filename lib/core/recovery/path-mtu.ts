/**
 * How large a datagram the path carries (DPLPMTUD, RFC 8899): the search upward, and the fall when the path narrows.
 *
 * It decides the size of the next probe and keeps what became of the last one; it builds no packet, and that a lost
 * probe is no congestion is recovery's business. Called by the connection: `probeBytes` before a batch is built, the
 * rest when something is acknowledged, lost or refused.
 *
 * The sizes tried are the largest, and what well-known links leave for a UDP payload. A size that was lost once is put
 * off until everything below it is settled; so a path that carries the largest, jumbo frames or Ethernet's 1,500 is found
 * by one probe each, and only the size right above the result is ever lost MAX_PROBES times.
 *
 * Invariants: `current` is BASE_DATAGRAM_BYTES or at most what an acknowledged probe had, and never above the maximum;
 * one probe is outstanding at a time; either there is a next size to probe, or the raise timer runs, or `current` is the
 * maximum.
 */

import { BASE_DATAGRAM_BYTES } from '../config.js';

/** MTUs of links, ascending, tunnels among them: IPv6's least, WireGuard, VXLAN, clouds, 6in4, PPPoE, Ethernet, jumbo. */
const LINK_MTUS = Uint32Array.of(
  1280,
  1380,
  1420,
  1450,
  1460,
  1480,
  1492,
  1500,
  2048,
  4096,
  8192,
  9000,
  16_384,
  32_768,
  65_535,
);
/** Those that most paths have, the first to try: loopback, jumbo frames, Ethernet. */
const COMMON_MTUS = Uint32Array.of(65_535, 9000, 1500);
/** IP header (20 or 40 bytes) and UDP header (8). */
const IPV4_OVERHEAD_BYTES = 28;
const IPV6_OVERHEAD_BYTES = 48;
/** The largest payload that a UDP datagram can declare. */
const UDP_PAYLOAD_BYTES_MAX = 65_527;

/** So often a size is lost before it is too large (RFC 8899 section 5.1.2, MAX_PROBES). */
const MAX_PROBES = 3;
/** Larger sizes are tried again after that (RFC 8899 section 5.1.1, PMTU_RAISE_TIMER). */
const RAISE_US = 600e6;
/** So many times in a row only packets above the base size were lost: the path does not carry them any more. */
const BLACK_HOLE_BURSTS = 3;

const NEVER = Number.POSITIVE_INFINITY;
const NO_PACKET = -1;

export interface PathMtuOptions {
  /** Largest UDP payload, bytes: our own limit and the peer's max_udp_payload_size. 1,200 = never probe. */
  readonly maximum: number;
  /** Whether the path is IPv4: its header leaves 20 bytes more of a link's MTU. */
  readonly isIpv4: boolean;
}

export class PathMtu {
  /** UDP payload that the path is known to carry, bytes. */
  current = BASE_DATAGRAM_BYTES;
  /** When `probeBytes` should be asked although nothing else happens, us; Infinity = never. */
  deadlineUs = NEVER;
  /** Times that `current` fell because the path had narrowed. */
  blackHoles = 0;

  readonly #overheadBytes: number;
  #maximum = BASE_DATAGRAM_BYTES;
  /** Candidates below the maximum, which is the last one. */
  #last = 0;
  /** Probes lost of each candidate, MAX_PROBES at most: two bits each. */
  #losses = 0;
  /** Nothing of that size or above is tried before the raise timer. */
  #ceilingBytes = NEVER;
  /** Size that fell into a black hole since the raise timer: the second time, it is the ceiling. */
  #fallenBytes = NEVER;

  /** The next probe; 0 = the search is complete. */
  #nextBytes = 0;
  #probeNumber = NO_PACKET;
  #probeBytes = 0;

  /** Loss events in a row that speak for a black hole, and the least size lost in them. */
  #bursts = 0;
  #burstBytes = NEVER;
  #burstUs = -1;

  constructor(options: PathMtuOptions) {
    this.#overheadBytes = options.isIpv4 ? IPV4_OVERHEAD_BYTES : IPV6_OVERHEAD_BYTES;
    this.setMaximum(options.maximum);
  }

  /** The largest UDP payload from now on, 1,200 to 65,527 bytes. The search begins again, from `current`. */
  setMaximum(bytes: number): void {
    if (!Number.isInteger(bytes) || bytes < BASE_DATAGRAM_BYTES || bytes > UDP_PAYLOAD_BYTES_MAX) {
      throw new RangeError(`no maximum datagram size: ${bytes}`);
    }
    this.#maximum = bytes;
    this.#last = 0;
    while (this.#last < LINK_MTUS.length && this.#linkBytes(this.#last) < bytes) this.#last++;
    this.current = Math.min(this.current, bytes);
    this.#restart();
  }

  /** Size of the probe to send now, 0 for none. Ask once a turn, not once a packet. */
  probeBytes(nowUs: number): number {
    if (nowUs >= this.deadlineUs) this.#restart();
    return this.#probeNumber === NO_PACKET ? this.#nextBytes : 0;
  }

  /** The probe went out as this packet. */
  onProbeSent(packetNumber: number, bytes: number): void {
    this.#probeNumber = packetNumber;
    this.#probeBytes = bytes;
  }

  /** Ignores a packet that is not the outstanding probe. */
  onProbeAcked(packetNumber: number, nowUs: number): void {
    if (packetNumber !== this.#probeNumber) return;
    this.#probeNumber = NO_PACKET;
    this.current = Math.max(this.current, this.#probeBytes);
    this.#forgetBursts();
    this.#advance(nowUs);
  }

  /** Ignores a packet that is not the outstanding probe. */
  onProbeLost(packetNumber: number, nowUs: number): void {
    if (packetNumber !== this.#probeNumber) return;
    this.#probeNumber = NO_PACKET;
    this.#losses += this.#oneLossOf(this.#candidateAt(this.#probeBytes));
    this.#advance(nowUs);
  }

  /**
   * The kernel refused a datagram of that size (EMSGSIZE): it cannot leave this host, and nothing was lost. When it was no
   * probe, the interface has narrowed.
   */
  onProbeRefused(bytes: number, nowUs: number): void {
    if (bytes <= BASE_DATAGRAM_BYTES) return;
    this.#ceilingBytes = Math.min(this.#ceilingBytes, bytes);
    if (bytes <= this.#probeBytes) this.#probeNumber = NO_PACKET;
    if (bytes <= this.current) this.#fall();
    this.#advance(nowUs);
  }

  /** A packet was acknowledged, the largest of them with a datagram of that size. */
  onPacketAcked(largestDatagramBytes: number): void {
    if (largestDatagramBytes >= this.#burstBytes) this.#forgetBursts();
  }

  /**
   * Packets were declared lost, probes not counted; the sizes of their datagrams. Calls with the same `nowUs` are one
   * event.
   */
  onPacketsLost(smallestLostBytes: number, largestLostBytes: number, nowUs: number): void {
    // Larger than anything that is sent now: stragglers from before the last fall.
    if (largestLostBytes > this.current) return;
    if (smallestLostBytes <= BASE_DATAGRAM_BYTES) {
      // Such a packet every path carries: this is congestion, or no path at all.
      this.#forgetBursts();
      return;
    }
    this.#burstBytes = Math.min(this.#burstBytes, smallestLostBytes);
    if (nowUs === this.#burstUs) return;
    this.#burstUs = nowUs;
    this.#bursts++;
    if (this.#bursts === BLACK_HOLE_BURSTS) this.#onBlackHole(nowUs);
  }

  /**
   * The search goes on at once below the size that failed, so that a path that has gone from jumbo frames to Ethernet
   * costs one more probe (RFC 8899 section 4.3). The size itself comes last, as if a probe of it had been lost, in case it
   * was chance; if it fails again, it is not tried before the raise timer.
   */
  #onBlackHole(nowUs: number): void {
    const failedBytes = this.#burstBytes;
    this.blackHoles++;
    this.#fall();
    this.#losses = 0;
    if (failedBytes >= this.#fallenBytes) {
      this.#ceilingBytes = Math.min(this.#ceilingBytes, this.#fallenBytes);
    } else {
      this.#losses = this.#oneLossOf(this.#candidateAt(failedBytes));
    }
    this.#fallenBytes = Math.min(this.#fallenBytes, failedBytes);
    this.#advance(nowUs);
  }

  #fall(): void {
    this.current = BASE_DATAGRAM_BYTES;
    this.#probeNumber = NO_PACKET;
    this.#forgetBursts();
  }

  #forgetBursts(): void {
    this.#bursts = 0;
    this.#burstBytes = NEVER;
  }

  #restart(): void {
    this.#losses = 0;
    this.#ceilingBytes = NEVER;
    this.#fallenBytes = NEVER;
    this.#probeNumber = NO_PACKET;
    this.#advance(0);
  }

  #advance(nowUs: number): void {
    this.#nextBytes = this.#pick();
    const isDone = this.#nextBytes === 0 && this.current < this.#maximum;
    this.deadlineUs = isDone ? nowUs + RAISE_US : NEVER;
  }

  /** The size to try next; 0 when the one above `current` is too large or there is none. */
  #pick(): number {
    const first = this.#candidateAt(this.current + 1);
    // [first, limit) has not been tried.
    let limit = first;
    while (limit <= this.#last && this.#isUntried(limit)) limit++;
    if (limit > first) return this.#choose(first, limit);
    if (first > this.#last || this.#sizeOf(first) >= this.#ceilingBytes) return 0;
    return this.#lossesOf(first) < MAX_PROBES ? this.#sizeOf(first) : 0;
  }

  #oneLossOf(candidate: number): number {
    return candidate > this.#last ? 0 : 2 ** (2 * candidate);
  }

  #lossesOf(candidate: number): number {
    return (this.#losses >>> (2 * candidate)) & 3;
  }

  #isUntried(candidate: number): boolean {
    return this.#lossesOf(candidate) === 0 && this.#sizeOf(candidate) < this.#ceilingBytes;
  }

  /** The largest of all if it is among them, else the largest common one, else the middle. */
  #choose(first: number, limit: number): number {
    if (limit > this.#last) return this.#maximum;
    for (let index = 0; index < COMMON_MTUS.length; index++) {
      const bytes = COMMON_MTUS[index] - this.#overheadBytes;
      if (bytes >= this.#sizeOf(first) && bytes <= this.#sizeOf(limit - 1)) return bytes;
    }
    return this.#sizeOf((first + limit) >> 1);
  }

  /** The smallest candidate of at least `bytes`; one behind the last when there is none. */
  #candidateAt(bytes: number): number {
    let candidate = 0;
    while (candidate <= this.#last && this.#sizeOf(candidate) < bytes) candidate++;
    return candidate;
  }

  #sizeOf(candidate: number): number {
    return candidate === this.#last ? this.#maximum : this.#linkBytes(candidate);
  }

  #linkBytes(index: number): number {
    return LINK_MTUS[index] - this.#overheadBytes;
  }
}
