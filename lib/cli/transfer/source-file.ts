/**
 * The file that is sent: read once from its beginning, hashed on the way.
 *
 * Called by the sender. Invariant: each chunk is a buffer of its own, since the transport keeps it until it is
 * acknowledged; exactly `size` bytes are read, or an error says that the file has changed.
 */

import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';

const CHUNK_BYTES = 256 << 10;

/** Something is wrong on this side. */
export class LocalError extends Error {}

export class SourceFile {
  /** When it was opened. */
  readonly size: number;
  readonly #path: string;
  readonly #file: FileHandle;
  #hash: Hash = createHash('sha256');
  #position = 0;

  private constructor(path: string, file: FileHandle, size: number) {
    this.#path = path;
    this.#file = file;
    this.size = size;
  }

  /** @throws LocalError; the system's errors */
  static async open(path: string): Promise<SourceFile> {
    const file = await open(path, 'r');
    const stat = await file.stat();
    if (stat.isFile()) return new SourceFile(path, file, stat.size);
    await file.close();
    throw new LocalError(`${path} is no ordinary file`);
  }

  /** SHA-256 of what was read. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Reads the first `bytes`; returns their SHA-256. */
  async hashTo(bytes: number): Promise<string> {
    while (this.#position < bytes) await this.#read(Math.min(CHUNK_BYTES, bytes - this.#position));
    return this.digest();
  }

  /** From the beginning again. */
  restart(): void {
    this.#hash = createHash('sha256');
    this.#position = 0;
  }

  /** The next bytes; undefined at the end. @throws LocalError when the file is shorter now */
  async next(): Promise<Buffer | undefined> {
    if (this.#position >= this.size) return undefined;
    return this.#read(Math.min(CHUNK_BYTES, this.size - this.#position));
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #read(bytes: number): Promise<Buffer> {
    const chunk = Buffer.allocUnsafeSlow(bytes);
    const { bytesRead } = await this.#file.read(chunk, 0, bytes, this.#position);
    if (bytesRead === 0) throw new LocalError(`${this.#path} became shorter while it was sent`);
    const read = chunk.subarray(0, bytesRead);
    this.#hash.update(read);
    this.#position += bytesRead;
    return read;
  }
}
