/**
 * What a child process of the benchmark is told, and what it answers. Types and their limits only.
 *
 * The harness builds plans, the worker and the C++ ceiling carry them out. Both kinds of children speak the same
 * way: a receiver prints `{"ports": [...]}` as its first line; each prints one SideReport as its last; a receiver
 * ends when its stdin is closed and nothing more arrives.
 */

/** Whose socket moves the datagrams, and how. */
export type SenderKind =
  /** `node:dgram`, connected, 64 sends in flight. */
  | 'dgram'
  /** `node:dgram`, unconnected, 64 sends in flight, one destination after the other. */
  | 'dgram-fanout'
  /** `socket.send`: one datagram a call. */
  | 'single'
  /** `socket.sendBatch` of ready payloads to one destination. */
  | 'batch'
  /** `socket.sendSegments`: one buffer cut into equal datagrams. */
  | 'segments'
  /** `createSendBatch`, filled in place, one destination after the other. */
  | 'fanout';

export type ReceiverKind = 'dgram' | 'batch';

interface Times {
  /** Seconds after the first datagram that are not measured. */
  readonly warmup: number;
  /** Seconds that are measured. */
  readonly seconds: number;
}

export interface SenderPlan extends Times {
  readonly role: 'send';
  readonly kind: SenderKind;
  readonly sizeBytes: number;
  /** Ports of 127.0.0.1. */
  readonly ports: readonly number[];
  readonly gso: boolean;
  /** Trains (or, without GSO, as many datagrams) handed over in one call. */
  readonly trains: number;
  /** Seconds that the sender goes on behind its window, so that the receiver's window is full too. */
  readonly tail: number;
  /** Datagrams a second, in even bursts of `burst`; 0: as fast as it goes. Only 'dgram' can be paced. */
  readonly rate: number;
  readonly burst: number;
}

export interface ReceiverPlan extends Times {
  readonly role: 'receive';
  readonly kind: ReceiverKind;
  readonly gro: boolean;
  /** How many sockets receive, each on its own port. */
  readonly destinations: number;
}

export type WorkerPlan = SenderPlan | ReceiverPlan;

/** What one side measured. Window: between warm-up and the end of its time, by its own clock. */
export interface SideReport {
  /** Datagrams in the window. */
  readonly datagrams: number;
  readonly bytes: number;
  /** System calls that sent or received, in the window; null where nothing counts them. */
  readonly calls: number | null;
  /** The window's true length; 0 when it never closed. */
  readonly seconds: number;
  /** User and system time of the process in the window. */
  readonly cpuUs: number;
  /** The same from the first datagram to the last. */
  readonly totalDatagrams: number;
  readonly totalBytes: number;
  readonly totalCalls: number | null;
  /**
   * Drops of the receiving sockets as the kernel counts them: a train that found no room counts as one. Null when
   * unknown.
   */
  readonly kernelDrops: number | null;
}

/** A child's last line when it cannot do what the plan asks for. */
export interface Unavailable {
  readonly unavailable: string;
}

/** The receiver's first line. */
export interface Listening {
  readonly ports: readonly number[];
}

/** What both sides ask the kernel for; Linux clamps it to net.core.rmem_max and wmem_max. */
export const SOCKET_BUFFER_BYTES = 4 << 20;
/** The same for each of many receiving sockets in one process. */
export const FANOUT_BUFFER_BYTES = 1 << 20;
/** Sends that `node:dgram` has under way at once: enough to keep it busy, few enough to stay in the cache. */
export const DGRAM_IN_FLIGHT = 64;
/** Limits of one train: segments (UDP_MAX_SEGMENTS of the oldest kernels with GSO) and bytes (the IPv4 UDP payload). */
export const MAX_TRAIN_SEGMENTS = 64;
export const MAX_PAYLOAD_BYTES = 65_507;

/** How many datagrams of a size make one full train. */
export function trainSegments(sizeBytes: number): number {
  return Math.max(1, Math.min(MAX_TRAIN_SEGMENTS, Math.floor(MAX_PAYLOAD_BYTES / sizeBytes)));
}
