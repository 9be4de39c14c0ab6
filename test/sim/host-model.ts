/**
 * What is modelled of a machine, who watches it, and who lives on it. Types, and two machines.
 *
 * Invariant: a model is plain data; the same model and the same dice behave the same.
 */

export interface HostModel {
  /** Timers fire after whole multiples of this, at least one; 0 = exactly when asked, us. */
  readonly timerGranularityUs: number;
  /** A timer fires up to so much later still, us. */
  readonly timerLatenessUs: number;
  /** From the first datagram that wakes the host to its turn, us. */
  readonly wakeUs: number;
  /** How long a turn keeps the host busy, us. */
  readonly turnUs: number;
  /** Datagrams that one turn sends at most. */
  readonly budgetDatagrams: number;
  /** Largest UDP payload that the own interface takes, bytes. */
  readonly interfaceBytes: number;
  /**
   * Share of batches that the socket does not take as they are, 0 to 1. Default 0. Of half of them it takes some rows, at
   * chance, and has no room for the rest until ROOM_US later (EAGAIN, ENOBUFS, short counts); of the others it fails one
   * row with EPERM.
   */
  readonly sendFaults?: number;
}

/** How long a socket has no room. */
export const ROOM_US = 1000;

export const IDEAL_HOST: HostModel = {
  timerGranularityUs: 0,
  timerLatenessUs: 0,
  wakeUs: 0,
  turnUs: 0,
  budgetDatagrams: 4096,
  interfaceBytes: 65_507,
};

/** Node on a machine that has something else to do, too. */
export const REAL_HOST: HostModel = {
  ...IDEAL_HOST,
  timerGranularityUs: 1000,
  timerLatenessUs: 500,
  wakeUs: 20,
  turnUs: 50,
  budgetDatagrams: 256,
};

/** What happened in a turn. */
export interface TurnResult {
  /** Datagrams received and sent, events, timers, calls of the application for this turn. */
  readonly progress: number;
  readonly hasRunTimer: boolean;
  readonly isBudgetSpent: boolean;
}

/** A host, for who watches it. */
export interface WatchedHost {
  readonly name: string;
  readonly nowUs: number;
}

/** Sees the turns of a host. */
export interface HostObserver {
  onReceived(host: WatchedHost, remote: number, byteLength: number): void;
  onSent(host: WatchedHost, remote: number, byteLength: number): void;
  afterTurn(host: WatchedHost, turn: TurnResult): void;
}

/** Gets the events of the endpoint. It may call the core, as an application would. */
export interface Application {
  onEvent(kind: number, owner: unknown, subject: unknown, value: number): void;
}
