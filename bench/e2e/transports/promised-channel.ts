/**
 * A channel on top of a stream whose writes and reads are promises, as both QUIC peers have it.
 *
 * Called by quinn.ts and quiche.ts.
 *
 * Invariant: one write and one read are under way at a time, in order.
 */

import type { Channel } from '../transport.js';

/** Writes that wait beyond the one that is under way. */
const WAITING_WRITES = 2;

export interface PromisedStream {
  write(bytes: Uint8Array): Promise<unknown>;
  /** Null or undefined at its end. */
  read(): Promise<Uint8Array | null | undefined>;
}

export function promisedChannel(stream: PromisedStream): Channel {
  const waiting: Uint8Array[] = [];
  let isWriting = false;
  let onRoom = (): void => {};
  const flush = async (): Promise<void> => {
    isWriting = true;
    while (waiting.length > 0) {
      await stream.write(waiting.shift()!);
      if (waiting.length < WAITING_WRITES) onRoom();
    }
    isWriting = false;
  };
  const read = async (listener: (bytes: Uint8Array) => void): Promise<void> => {
    for (let bytes = await stream.read(); bytes != null; bytes = await stream.read()) {
      listener(bytes);
    }
  };
  const onBytes = (listener: (bytes: Uint8Array) => void): void => {
    read(listener).catch(ignore);
  };
  return {
    hasRecords: false,
    write: (bytes) => {
      waiting.push(bytes);
      if (!isWriting) flush().catch(ignore);
      return waiting.length < WAITING_WRITES;
    },
    onDrain: (listener) => {
      onRoom = listener;
    },
    onBytes,
    count: (add) => onBytes((bytes) => add(bytes.byteLength)),
  };
}

/** A stream that ends while it is measured shows as a transfer that stands still. */
function ignore(): void {}
