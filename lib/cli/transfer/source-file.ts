/**
 * The file that is sent: read once from its beginning, hashed on the way.
 *
 * Called by the sender. Invariant: each chunk is a buffer of its own, since the transport keeps it until it is
 * acknowledged; exactly `size` bytes are read, or an error says that the file has changed. What was read is the file as
 * it was at one time only if nobody has written to it meanwhile, so whoever has read all of it asks `checkUnchanged`.
 */

import { createHash, type Hash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

const CHUNK_BYTES = 256 << 10;

/** Something is wrong on this side. */
export class LocalError extends Error {}

export class SourceFile {
  /** When it was opened. */
  readonly size: number;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #opened: BigIntStats;
  #hash: Hash = createHash('sha256');
  #position = 0;

  private constructor(path: string, file: FileHandle, opened: BigIntStats) {
    this.#path = path;
    this.#file = file;
    this.#opened = opened;
    this.size = Number(opened.size);
  }

  /** @throws LocalError; the system's errors */
  static async open(path: string): Promise<SourceFile> {
    const file = await open(path, 'r');
    const opened = await file.stat({ bigint: true });
    if (opened.isFile()) return new SourceFile(path, file, opened);
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

  /**
   * Whether the file is what it was when it was opened: size, and both times to the nanosecond. A program can set mtime
   * back, but not ctime (inode(7)), which also moves when mode, owner or links change.
   *
   * @throws LocalError
   */
  async checkUnchanged(): Promise<void> {
    const { size, mtimeNs, ctimeNs } = await this.#file.stat({ bigint: true });
    const before = this.#opened;
    if (size === before.size && mtimeNs === before.mtimeNs && ctimeNs === before.ctimeNs) return;
    throw new LocalError(
      `${this.#path} was changed while it was sent: what has arrived is no state of it; send it again`,
    );
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
