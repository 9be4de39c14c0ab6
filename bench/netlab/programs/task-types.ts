/**
 * The tasks of the programs and what they answer, for both sides of the pipe.
 *
 * Types only.
 */

import type { ConnectionStats } from '../../../lib/index.js';

/** Where a receiver listens; a sender gets it as part of its task. */
export interface Door {
  readonly port: number;
  /** Of ours only, hexadecimal. */
  readonly publicKey?: string;
}

export interface ReceiveTask {
  readonly role: 'receive';
  readonly address: string;
}

/** Of datagrams. */
export interface CountTask extends ReceiveTask {
  /** It answers when so many have come, or when it is asked to finish. */
  readonly count: number;
}

export interface SendTask extends Door {
  readonly role: 'send';
  readonly from: string;
  readonly address: string;
  readonly bytes: number;
  /** Of ours only. */
  readonly congestion: 'cubic' | 'bbr' | undefined;
}

export interface Sent {
  readonly sha256: string;
  /** Of ours only; wide integers as numbers. */
  readonly stats?: Readonly<Record<keyof ConnectionStats, number>>;
}

export interface DatagramSendTask extends Door {
  readonly role: 'send';
  readonly address: string;
  readonly count: number;
  readonly sizeBytes: number;
  /** Datagrams a second; 0: all at once. */
  readonly perSecond: number;
}

/** Each datagram that came, in the order in which it came: [number, delay in microseconds, arrival in microseconds]. */
export type Arrival = readonly [number, number, number];
