/**
 * A file on its way in: NAME.part until it is whole and checked, then NAME.
 *
 * It hashes what it holds, appends, and puts the file in its place. Called by the receiver. Invariants: nothing outside
 * the folder is opened or written, no link is followed; NAME is replaced only when that was asked for; what was received
 * stays on disk when anything fails.
 */

import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, lstat, open, rename, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PART_SUFFIX } from './names.js';

const READ_BYTES = 1 << 20;
const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
const MODE = 0o666;

export class PartFile {
  readonly path: string;
  readonly #final: string;
  readonly #file: FileHandle;
  #hash: Hash = createHash('sha256');
  #bytes = 0;

  private constructor(folder: string, name: string, file: FileHandle) {
    this.#final = join(folder, name);
    this.path = this.#final + PART_SUFFIX;
    this.#file = file;
  }

  /** Opens or makes NAME.part and hashes what is there. @throws the system's errors */
  static async open(folder: string, name: string): Promise<PartFile> {
    const path = join(folder, name + PART_SUFFIX);
    const file = await open(path, O_RDWR | O_CREAT | O_NOFOLLOW, MODE);
    const part = new PartFile(folder, name, file);
    try {
      if (!(await file.stat()).isFile()) throw new Error(`${path} is no ordinary file`);
      await part.#readAll();
      return part;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** What is there. */
  get bytes(): number {
    return this.#bytes;
  }

  /** SHA-256 of what is there, in hexadecimal digits. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Appends; when the disk is full, what it took stays, and the file is cut to it. @throws the system's errors */
  async append(bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await this.#file.write(
        bytes,
        done,
        bytes.length - done,
        this.#bytes,
      );
      this.#hash.update(bytes.subarray(done, done + bytesWritten));
      this.#bytes += bytesWritten;
      done += bytesWritten;
    }
  }

  /** Begins anew. */
  async restart(): Promise<void> {
    await this.#file.truncate(0);
    this.#hash = createHash('sha256');
    this.#bytes = 0;
  }

  /** It is whole: makes it NAME. @throws EEXIST when NAME has come into being meanwhile and `replaces` is false */
  async finish(replaces: boolean): Promise<string> {
    await this.#file.datasync();
    if (replaces) {
      await rename(this.path, this.#final);
      return this.#final;
    }
    try {
      // Unlike rename it never replaces.
      await link(this.path, this.#final);
      await unlink(this.path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EMLINK') throw error;
      // A file system without hard links.
      if (await exists(this.#final))
        throw Object.assign(new Error(`${this.#final} exists`), { code: 'EEXIST' });
      await rename(this.path, this.#final);
    }
    return this.#final;
  }

  /** Closes it; an empty one is removed, since it holds nothing to go on with. */
  async close(): Promise<void> {
    await this.#file.close();
    if (this.#bytes === 0) await unlink(this.path).catch(() => {});
  }

  async #readAll(): Promise<void> {
    const block = Buffer.allocUnsafe(READ_BYTES);
    for (;;) {
      const { bytesRead } = await this.#file.read(block, 0, block.length, this.#bytes);
      if (bytesRead === 0) return;
      this.#hash.update(block.subarray(0, bytesRead));
      this.#bytes += bytesRead;
    }
  }
}

/** Whether there is anything of that name, a dangling link included. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Bytes that the folder's file system has for us; undefined: it does not say. */
export async function freeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
