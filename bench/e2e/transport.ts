/**
 * What the cases of this group need of a transport: to listen, to connect, to write, to be read, to count.
 *
 * Types only. Implemented in transports/, chosen by name in transports/load.ts, used by the roles under cases/.
 *
 * Invariant: what a transport does not count itself is missing from its counts, never zero.
 */

/** One stream of bytes both ways, or records (messages, datagrams) both ways. */
export interface Channel {
  /** Whether what is written in one call arrives in one piece, in any order; else bytes arrive in order. */
  readonly hasRecords: boolean;
  /** Borrows the bytes for good. False: better wait for `onDrain`'s listener. */
  write(bytes: Uint8Array): boolean;
  /** Called whenever there is room again. Set once. */
  onDrain(listener: () => void): void;
  /** What comes; the bytes are the listener's. Either this or `count`, once. */
  onBytes(listener: (bytes: Uint8Array) => void): void;
  /** How many bytes come, for a reader that looks at none of them. */
  count(add: (byteLength: number) => void): void;
}

/** Totals since the beginning of one process, over all of its connections. */
export interface Counts {
  readonly packetsSent?: number;
  /** System calls that send or receive. */
  readonly calls?: number;
  /** Packets declared lost, or sent again. */
  readonly packetsLost?: number;
}

/** One process's end of all connections. */
export interface Side {
  counts(): Counts;
  /** False while the search for the path's MTU goes on. */
  isSettled(): boolean;
}

/** Where a listener is, as JSON. */
export interface Door {
  readonly port: number;
  /** Hexadecimal; of burstwire only. */
  readonly publicKey?: string;
}

export interface ListeningSide extends Side {
  readonly doors: readonly Door[];
}

export interface ConnectedSide extends Side {
  readonly channels: readonly Channel[];
}

export interface Transport {
  /** @param sockets how many doors there are to be, where the transport can have several */
  listen(sockets: number, onChannel: (channel: Channel) => void): Promise<ListeningSide>;
  /**
   * Opens channels, each on a connection of its own, to the doors in turn.
   *
   * @param sockets how many sockets they share, where they can share any
   */
  connect(doors: readonly Door[], channels: number, sockets: number): Promise<ConnectedSide>;
}

/** For a side that has nothing to say. */
export const SILENT_SIDE: Side = { counts: () => ({}), isSettled: () => true };
