/**
 * Bytes for a transfer that differ from place to place, and their hash.
 *
 * Called by the sending programs. Invariant: the hash is that of all chunks given out.
 */

import { createHash, randomBytes } from 'node:crypto';

const CHUNK_BYTES = 64 * 1024;

export class Source {
  readonly #block = randomBytes(1 << 20);
  readonly #hash = createHash('sha256');
  #left: number;
  #count = 0;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Undefined when all were given out. The chunk is the caller's. */
  next(): Buffer | undefined {
    if (this.#left === 0) return undefined;
    const size = Math.min(CHUNK_BYTES, this.#left);
    // Another beginning each time: a chunk in the wrong place is another chunk.
    const from = (this.#count++ * 4099) % (this.#block.length - CHUNK_BYTES);
    const chunk = Buffer.from(this.#block.subarray(from, from + size));
    this.#left -= size;
    this.#hash.update(chunk);
    return chunk;
  }

  sha256(): string {
    return this.#hash.digest('hex');
  }
}

/** Writes all of `source`, as fast as the other side takes it. */
export async function pour(stream: NodeJS.WritableStream, source: Source): Promise<void> {
  for (let chunk = source.next(); chunk !== undefined; chunk = source.next()) {
    if (!stream.write(chunk)) await new Promise((resolve) => stream.once('drain', resolve));
  }
  await new Promise<void>((resolve) => stream.end(() => resolve()));
}
