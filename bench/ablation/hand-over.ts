/**
 * How an application gives bytes to a stream and takes them from it: in bulk, borrowed, or through a channel of one.
 *
 * Called by bulk.ts and bulk-sender.ts. It measures nothing.
 *
 * Invariant: every byte that is taken is counted once.
 */

import type { TransportStream } from '../../lib/api/stream.js';

export type Reading = 'data' | 'borrowed' | 'item';
export type Writing = 'bulk' | 'item';

/** Stream bytes of one packet: an item of the original's channel. */
export const ITEM_BYTES = 1364;
const CHUNK_BYTES = 64 << 10;

/** Takes everything that comes; `count` is called with the bytes of each piece. */
export function takeAll(
  stream: TransportStream,
  reading: Reading,
  count: (byteLength: number) => void,
): void {
  stream.on('error', () => undefined);
  if (reading === 'data') stream.on('data', (bytes: Uint8Array) => count(bytes.byteLength));
  else if (reading === 'borrowed')
    stream.readBorrowed((_bytes, _at, byteLength) => count(byteLength));
  else takeItems(stream, count);
}

/** One item a turn of the event loop: the task behind a channel of one is woken for each. */
function takeItems(stream: TransportStream, count: (byteLength: number) => void): void {
  let isWaiting = false;
  const takeOne = (): void => {
    isWaiting = false;
    // What is there, when that is less than an item.
    const size = Math.min(ITEM_BYTES, stream.readableLength);
    const item: Uint8Array | null = size > 0 ? stream.read(size) : stream.read();
    if (item === null) return;
    count(item.byteLength);
    next();
  };
  const next = (): void => {
    if (isWaiting) return;
    isWaiting = true;
    setImmediate(takeOne);
  };
  stream.on('readable', next);
}

/** Writes as fast as back-pressure allows; 'item': the next one when the peer has acknowledged the last. */
export function giveAll(stream: TransportStream, writing: Writing): void {
  stream.on('error', () => process.exit());
  if (writing === 'item') {
    const item = new Uint8Array(ITEM_BYTES).fill(0x5a);
    const giveOne = (): void => {
      stream.write(item, giveOne);
    };
    giveOne();
    return;
  }
  const chunk = new Uint8Array(CHUNK_BYTES).fill(0x5a);
  const more = (): void => {
    let hasRoom = true;
    while (hasRoom) hasRoom = stream.write(chunk);
  };
  stream.on('drain', more);
  more();
}
