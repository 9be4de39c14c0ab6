/**
 * The slab of a received batch is transferred away by the reader that borrows it, in the middle of a transfer on real sockets:
 * the process lives, what arrives is never wrong, and other connections of the endpoint go on.
 *
 * Chunks given to `write` and messages: test/transport/streams.test.ts and messages.test.ts.
 */

import { describe, expect, it } from 'vitest';
import { seeded } from '../transport/support/bytes.js';
import { noFaults } from './faulty-socket.js';
import { openTransport, transfers } from './faulty-transport.js';

const BYTES = 3_000_000;
/** The piece after which the slab is gone. */
const LAST_PIECE = 3;

describe.skipIf(noFaults !== undefined)('a borrowed slab that is transferred away', () => {
  it('harms no other connection, and gives its own no wrong byte', async () => {
    const { server, here, there, other } = await openTransport();
    const bytes = seeded(BYTES, 6);
    const pieces: Buffer[] = [];
    let isGone = false;
    there.once('stream', (stream) => {
      stream.on('error', () => undefined);
      stream.readBorrowed((slab, offset, byteLength) => {
        pieces.push(Buffer.from(slab.subarray(offset, offset + byteLength)));
        if (pieces.length === LAST_PIECE) {
          structuredClone(0, { transfer: [slab.buffer as ArrayBuffer] });
          expect(slab.byteLength).toBe(0);
          isGone = true;
        }
      });
    });
    const stream = here.openStream({ unidirectional: true });
    stream.on('error', () => undefined);
    stream.end(bytes);
    await expect.poll(() => pieces.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(LAST_PIECE);
    expect(await transfers(other, server, 1_000_000, 7)).toBe(true);
    expect(isGone).toBe(true);
    const received = Buffer.concat(pieces);
    expect(Buffer.compare(received, bytes.subarray(0, received.length))).toBe(0);
    here.destroy();
  });
});
