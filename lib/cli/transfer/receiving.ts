/**
 * One file on its way in, from the sender's offer to its place in the folder.
 *
 * Called by the receiver with each stream that a sender opens. Invariants: what is refused is refused in words; nothing
 * but NAME and NAME.part in the folder is touched; a file gets its name only when its SHA-256 is the sender's.
 */

import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes } from '../bench/format.js';
import type { Output } from '../live-line.js';
import type { Lines } from '../remote/lines.js';
import { checkName } from './names.js';
import { digestOf, Refusal, readOffer, throwIfRefused, wholeOf } from './offer.js';
import { freeBytes, PartFile } from './part-file.js';
import { TransferBar } from './transfer-bar.js';

export interface Received {
  readonly path: string;
  readonly bytes: number;
  /** Of these, what was there before. */
  readonly from: number;
  readonly sha256: string;
}

export interface ReceiveOptions {
  readonly folder: string;
  /** Existing files, and parts of others, give way. */
  readonly force: boolean;
  readonly stderr: Output;
}

const CHUNK_MAX = 1 << 20;

/** @throws Refusal after the sender was told; what ends the stream; the system's errors that are no refusal */
export async function receiveFile(lines: Lines, options: ReceiveOptions): Promise<Received> {
  try {
    return await take(lines, options);
  } catch (error) {
    const refusal = asRefusal(error as NodeJS.ErrnoException);
    if (refusal === undefined) throw error;
    lines.say({ refused: refusal.message });
    throw refusal;
  }
}

async function take(lines: Lines, options: ReceiveOptions): Promise<Received> {
  const { name, size } = readOffer(await lines.expect());
  const wrong = checkName(name);
  if (wrong !== undefined) throw new Refusal(wrong);
  await checkPlace(name as string, options);
  const part = await PartFile.open(options.folder, name as string);
  try {
    const from = await agree(lines, part, size, options.force);
    await pour(lines, part, { name: name as string, size, stderr: options.stderr });
    const theirs = digestOf(throwIfRefused(await lines.expect()));
    const sha256 = part.digest();
    if (theirs !== sha256) {
      await part.restart();
      throw new Refusal('what has arrived has another SHA-256, and was thrown away');
    }
    const path = await part.finish(options.force);
    lines.say({ done: true, sha256 });
    return { path, bytes: size, from, sha256 };
  } finally {
    await part.close();
  }
}

async function checkPlace(name: string, { folder, force }: ReceiveOptions): Promise<void> {
  const there = await lstat(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (there === undefined) return;
  if (there.isDirectory()) throw new Refusal(`${name} is a folder there`);
  if (!force) throw new Refusal(`${name} exists there (the receiver's --force would replace it)`);
}

/** How much of it is there already and need not be sent. @throws Refusal */
async function agree(lines: Lines, part: PartFile, size: number, force: boolean): Promise<number> {
  const have = part.bytes;
  lines.say({ have, sha256: part.digest() });
  const from = wholeOf(await lines.expect(), 'from');
  if (from !== have) {
    if (from !== 0) throw new Refusal('the sender goes on at a place that it was not told');
    if (!force) {
      throw new Refusal(
        `what is there of an earlier try (${formatBytes(have)}) is not the beginning of this file: ` +
          "remove its .part there, or use the receiver's --force",
      );
    }
    await part.restart();
  }
  const free = await freeBytes(join(part.path, '..'));
  if (free !== undefined && size - from > free) {
    throw new Refusal(
      `no space there: it needs ${formatBytes(size - from)}, ${formatBytes(free)} are free`,
    );
  }
  lines.say({ ready: true });
  return from;
}

async function pour(
  lines: Lines,
  part: PartFile,
  { name, size, stderr }: { name: string; size: number; stderr: Output },
): Promise<void> {
  const bar = new TransferBar(stderr, name, size, () => part.bytes);
  try {
    while (part.bytes < size) {
      const bytes = await lines.bytes(Math.min(CHUNK_MAX, size - part.bytes));
      if (bytes === undefined) throw new Refusal('the file ended early');
      await part.append(bytes);
    }
  } finally {
    bar.clear();
  }
}

const DISK_ERRORS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left there',
  EDQUOT: 'the quota there is used up',
  EFBIG: 'it is too large for the file system there',
  EROFS: 'the folder there cannot be written to',
  EACCES: 'the folder there cannot be written to',
  EPERM: 'the folder there cannot be written to',
  ELOOP: 'its .part there is a link',
  EISDIR: 'its .part there is a folder',
  EIO: 'the disk there fails',
  EEXIST: 'a file of that name has come into being there meanwhile',
  ENOENT: 'the folder there is gone',
};

/** Undefined: it is about the connection. */
function asRefusal(error: NodeJS.ErrnoException): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (error.syscall === undefined && error.code !== 'EEXIST') return undefined;
  const words = DISK_ERRORS[error.code ?? ''];
  return new Refusal(words ?? `the file cannot be written there (${error.code})`);
}
