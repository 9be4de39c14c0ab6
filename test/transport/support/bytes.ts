/**
 * Bytes that differ from place to place, and what came of them.
 */

import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';

/** `byteLength` bytes that only depend on `seed`: xorshift32, so that no two places are likely alike. */
export function seeded(byteLength: number, seed = 1): Buffer {
  const words = new Uint32Array(Math.ceil(byteLength / 4));
  let state = (seed * 0x9e3779b1) >>> 0 || 1;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return Buffer.from(words.buffer, 0, byteLength);
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** All that a stream gives until its end. Leaves the stream alive: its other half may be in use. */
export function collect(stream: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.once('end', () => resolve(Buffer.concat(chunks)));
    stream.once('error', reject);
  });
}
