/**
 * The paths of one connection: the one in use, the one to fall back to, and those on which the peer asks.
 *
 * A small table with limits; it pins the addresses that it holds. What a packet from elsewhere means, migration.ts says.
 * Read by the passes.
 *
 * Invariants: `current` is always there; at most PATHS_MAX are held, each address once; each holds one pin of its address,
 * from `open` to `close`; new addresses and changes cost credit, which comes back at SWITCHES_PER_SECOND.
 */

import { Budget } from '../budget.js';
import { sameBytes } from '../handshake/bytes.js';
import type { Addresses } from '../ports.js';
import { Path, type RttValues } from './path.js';

/** The current one, the one before, and two on which the peer asks. */
export const PATHS_MAX = 4;
/** New addresses and changes of path: so many at once, and so many a second in the long run. */
export const SWITCHES_BURST = 8;
const SWITCHES_PER_SECOND = 1;
/** After a change that failed none to an unproved address follows for a second, then two, four, up to that many. */
const PENALTY_MAX_US = 64_000_000;
const PENALTY_US = 1_000_000;

export class Paths {
  /** Where packets go. */
  current: Path;
  /** The last one that was validated, kept until `current` is. */
  previous: Path | undefined = undefined;
  /** Where the packet goes that is being built. */
  target: Path;
  /** It answered after the change: the peer is still there. */
  isPreviousAlive = false;
  /** When the last change was, and the timeout of the path before. */
  switchedUs = Number.NEGATIVE_INFINITY;
  ptoBeforeUs = 0;
  /** Losses of packets below that number say nothing of the current path, nor do samples below the other. */
  lostFrom = 0;
  measuredFrom = 0;
  /** Bytes sent before the current measures began, and the estimate that they began with. */
  sentBefore = 0;
  rttBefore: RttValues | undefined = undefined;
  /** When `onTimer` of migration.ts is to be called; Infinity = never. */
  deadlineUs = Number.POSITIVE_INFINITY;

  switches = 0;
  validated = 0;
  failed = 0;
  /** New addresses and changes that were refused: over the limit, or no connection id was left for them. */
  refused = 0;
  challengesReceived = 0;
  /** PATH_CHALLENGEs that were not answered: newer ones came, or there was no path to answer on. */
  challengesDropped = 0;
  /** PATH_RESPONSEs that answered nothing. */
  strayResponses = 0;

  readonly #addresses: Addresses;
  readonly #all: Path[];
  /** Full until an address is new: most peers stay where they are. */
  #budget: Budget | undefined = undefined;
  #failures = 0;
  #penaltyUntilUs = Number.NEGATIVE_INFINITY;

  /**
   * @param isValidated whether the first address has proved itself already
   * @param creditBytes what may go there if it has not
   */
  constructor(addresses: Addresses, peer: number, isValidated: boolean, creditBytes: number) {
    this.#addresses = addresses;
    this.current = this.#open(peer, isValidated, creditBytes);
    this.target = this.current;
    // An array that begins empty would get room for seventeen with its first.
    this.#all = [this.current];
  }

  /** All that are held; borrowed. */
  get all(): readonly Path[] {
    return this.#all;
  }

  /** Whether a path frame waits to be sent anywhere. */
  get hasPending(): boolean {
    for (let index = 0; index < this.#all.length; index++) {
      if (this.#all[index].hasPending) return true;
    }
    return false;
  }

  find(peer: number): Path | undefined {
    for (let index = 0; index < this.#all.length; index++) {
      if (this.#all[index].peer === peer) return this.#all[index];
    }
    return undefined;
  }

  /** A path for an address that is not held yet; undefined, and counted, when it is one too many. */
  open(peer: number, nowUs: number): Path | undefined {
    if (!this.takeCredit(nowUs)) return undefined;
    if (this.#all.length === PATHS_MAX) {
      // Two are in use at most, so there is another one; it has waited longest.
      this.close(this.#all.find((path) => path !== this.current && path !== this.previous)!);
    }
    const path = this.#open(peer, false, 0);
    this.#all.push(path);
    return path;
  }

  /** Never of the current one. */
  close(path: Path): void {
    this.#all.splice(this.#all.indexOf(path), 1);
    if (this.previous === path) this.previous = undefined;
    this.#addresses.unpin(path.peer);
    this.schedule();
  }

  /** The connection is over. */
  closeAll(): void {
    for (const path of this.#all) this.#addresses.unpin(path.peer);
    this.#all.length = 0;
    this.deadlineUs = Number.POSITIVE_INFINITY;
  }

  /** Whether one more new address, or change, is within the limit; counted when it is not. */
  takeCredit(nowUs: number): boolean {
    this.#budget ??= new Budget(SWITCHES_BURST, SWITCHES_PER_SECOND, nowUs);
    this.#budget.refill(nowUs);
    if (this.#budget.credit < 1) {
      this.refused++;
      return false;
    }
    this.#budget.credit--;
    return true;
  }

  /** Whether a change to an unproved address is refused because the last ones failed. */
  isPenalized(nowUs: number): boolean {
    return nowUs < this.#penaltyUntilUs;
  }

  onFailed(nowUs: number): void {
    this.failed++;
    this.#penaltyUntilUs = nowUs + Math.min(PENALTY_US * 2 ** this.#failures++, PENALTY_MAX_US);
  }

  onValidated(): void {
    this.validated++;
    this.#failures = 0;
  }

  /** Whether two addresses differ in the port alone. */
  isSameHost(left: Path, right: Path): boolean {
    const { address } = this.#addresses.sourceOf(left.peer);
    return sameBytes(address, this.#addresses.sourceOf(right.peer).address);
  }

  /** After each change of what a path waits for. */
  schedule(): void {
    let deadlineUs = Number.POSITIVE_INFINITY;
    for (const path of this.#all) deadlineUs = Math.min(deadlineUs, path.expiresUs, path.resendUs);
    this.deadlineUs = deadlineUs;
  }

  #open(peer: number, isValidated: boolean, creditBytes: number): Path {
    const isIpv4 = this.#addresses.sourceOf(peer).address.length === 4;
    const path = new Path(peer, isIpv4, isValidated, creditBytes);
    this.#addresses.pin(peer);
    return path;
  }
}
