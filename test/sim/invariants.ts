/**
 * What must hold at every moment of every run, whatever the network does.
 *
 * Checked after each turn of a host, and for each datagram that leaves it. What must hold of packets and keys is watched
 * by audited-protection.ts, of bytes by the goals, in the end by simulation.ts.
 *
 * Invariant: checking changes nothing.
 */

import { BASE_DATAGRAM_BYTES } from '../../lib/core/config.js';
import type { AppConnection, SimulatedEndpoint } from './core-face.js';
import { SimulationFailure } from './failure.js';
import type { HostObserver, TurnResult, WatchedHost } from './host-model.js';

/** RFC 9000 section 8.1. */
const AMPLIFICATION = 3;
/** Turns in a row without any effect: more is a busy loop. */
const IDLE_TURNS_MAX = 20;
/** Turns at one instant of virtual time, whatever they do. */
const TURNS_AT_ONCE_MAX = 2000;
/** Smallest congestion window, datagrams (RFC 9002 section 7.2). */
const MINIMUM_WINDOW_DATAGRAMS = 2;

/** What went to and fro between a host and one address. */
interface Ledger {
  received: number;
  sent: number;
  /** We began, or the address has proved that it has keys. */
  isFree: boolean;
}

export class Invariants implements HostObserver {
  /** Something has happened since it was last set to false. */
  hasProgress = false;
  readonly #ledgers: Ledger[] = [];
  readonly #endpoint: () => SimulatedEndpoint;
  #idleTurns = 0;
  #turnUs = -1;
  #turnsAtOnce = 0;

  /** @param endpoint asked for when it is needed: it is made later */
  constructor(endpoint: () => SimulatedEndpoint) {
    this.#endpoint = endpoint;
  }

  onReceived(_host: WatchedHost, remote: number, byteLength: number): void {
    this.#ledger(remote).received += byteLength;
  }

  onSent(host: WatchedHost, remote: number, byteLength: number): void {
    const ledger = this.#ledger(remote);
    ledger.sent += byteLength;
    if (ledger.isFree || ledger.sent <= AMPLIFICATION * ledger.received) return;
    throw new SimulationFailure(
      `${host.name} sent ${ledger.sent} bytes to ${remote}, which sent ${ledger.received} and proved nothing`,
    );
  }

  /** The limit of amplification does not hold for this address (any more). */
  free(remote: number): void {
    this.#ledger(remote).isFree = true;
  }

  afterTurn(host: WatchedHost, { progress, hasRunTimer, isBudgetSpent }: TurnResult): void {
    const endpoint = this.#endpoint();
    this.#countTurn(host, progress);
    const { deadlineUs, connectionCount, hasWork } = endpoint;
    if (Number.isNaN(deadlineUs)) throw new SimulationFailure(`${host.name} has a deadline of NaN`);
    // A socket without room has left it to the next turn.
    const isLeft = isBudgetSpent && hasWork;
    if (connectionCount > 0 && deadlineUs === Number.POSITIVE_INFINITY && !isLeft) {
      throw new SimulationFailure(`${host.name} has connections, and no deadline`);
    }
    // What comes in may make a deadline that has passed already; the timer that then runs must move it.
    if (hasRunTimer && deadlineUs <= host.nowUs && !isBudgetSpent && !hasWork) {
      throw new SimulationFailure(`${host.name} is done, and its deadline is in the past`);
    }
    for (const connection of endpoint.connections()) checkConnection(host, connection);
  }

  #countTurn(host: WatchedHost, progress: number): void {
    if (progress > 0) {
      this.hasProgress = true;
      this.#idleTurns = 0;
    } else if (++this.#idleTurns > IDLE_TURNS_MAX) {
      throw new SimulationFailure(`${host.name} turns and turns, and does nothing`);
    }
    this.#turnsAtOnce = host.nowUs === this.#turnUs ? this.#turnsAtOnce + 1 : 0;
    this.#turnUs = host.nowUs;
    if (this.#turnsAtOnce > TURNS_AT_ONCE_MAX) {
      throw new SimulationFailure(`${host.name} never stops turning`);
    }
  }

  #ledger(remote: number): Ledger {
    this.#ledgers[remote] ??= { received: 0, sent: 0, isFree: false };
    return this.#ledgers[remote];
  }
}

/** What must hold of a connection at any moment between two turns. */
export function checkConnection(host: WatchedHost, connection: AppConnection): void {
  if (connection.phase !== 'open') return;
  const stats = connection.stats();
  const { bytesInFlight, congestionWindow, smoothedRttUs, minRttUs, packetsLost } = stats;
  const isSane =
    bytesInFlight >= 0 &&
    Number.isSafeInteger(bytesInFlight) &&
    Number.isFinite(congestionWindow) &&
    congestionWindow >= MINIMUM_WINDOW_DATAGRAMS * BASE_DATAGRAM_BYTES &&
    Number.isFinite(smoothedRttUs) &&
    smoothedRttUs >= 0 &&
    minRttUs >= 0 &&
    packetsLost <= stats.packetsSent;
  if (!isSane)
    throw new SimulationFailure(`${host.name}: impossible figures ${JSON.stringify(stats)}`);
  if (bytesInFlight > 0 && !(connection.deadlineUs < Number.POSITIVE_INFINITY)) {
    throw new SimulationFailure(
      `${host.name} has ${bytesInFlight} bytes in flight, and no deadline`,
    );
  }
}
