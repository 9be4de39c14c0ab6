/**
 * A folder of growing text files, written behind the back of whoever logs.
 *
 * It knows no format. Each flush opens, appends and closes, so that ten thousand connections hold no descriptor. Called
 * by `qlog.ts`.
 *
 * Invariants: `append` never throws and never waits; at most PENDING_MAX characters wait for the disk, what comes beyond
 * is dropped and counted; after the first failure nothing is written any more, and that is said once.
 */

import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** How long text may wait in memory. */
const FLUSH_MS = 100;
/** Waiting text above that is written at once. */
const FLUSH_AT = 1 << 18;
/** Waiting text above that: the disk is too slow, records are dropped. */
export const PENDING_MAX = 1 << 24;

/** Appends text to a file; what `node:fs` does, or what a test says. */
export type Append = (path: string, text: string) => Promise<void>;

export class QlogFolder {
  readonly #path: string;
  readonly #append: Append;
  readonly #dirty = new Set<QlogFile>();
  #pending = 0;
  #isBroken = false;
  #isMade = false;
  #timer: NodeJS.Timeout | undefined = undefined;
  #flushing: Promise<void> | undefined = undefined;

  /** @param path made when the first text is written */
  constructor(path: string, append: Append = appendFile) {
    this.#path = path;
    this.#append = append;
  }

  /** A file of that name; on disk once something was appended. */
  open(name: string): QlogFile {
    return new QlogFile(join(this.#path, name), this);
  }

  /** Writes what waits. Never rejects. */
  async close(): Promise<void> {
    while (this.#dirty.size > 0 || this.#flushing !== undefined) await this.#flush();
    clearTimeout(this.#timer);
  }

  /** Whether that much more may wait. Called by files. */
  hasRoom(characters: number): boolean {
    return !this.#isBroken && this.#pending + characters <= PENDING_MAX;
  }

  /** The file has got text, for which there was room. Called by files. */
  onText(file: QlogFile, characters: number): void {
    this.#pending += characters;
    this.#dirty.add(file);
    if (this.#pending >= FLUSH_AT) void this.#flush();
    else this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#timer !== undefined || this.#flushing !== undefined) return;
    this.#timer = setTimeout(() => void this.#flush(), FLUSH_MS);
  }

  #flush(): Promise<void> {
    this.#flushing ??= this.#write().then(() => {
      this.#flushing = undefined;
      if (this.#dirty.size > 0) this.#flushSoon();
    });
    return this.#flushing;
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      if (!this.#isMade) await mkdir(this.#path, { recursive: true });
      this.#isMade = true;
      while (this.#dirty.size > 0) {
        const [file] = this.#dirty;
        this.#dirty.delete(file!);
        const text = file!.takeText();
        await this.#append(file!.path, text);
        this.#pending -= text.length;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#isBroken = true;
    this.#pending = 0;
    for (const file of this.#dirty) file.takeText();
    this.#dirty.clear();
    const reason = error instanceof Error ? error.message : String(error);
    process.emitWarning(`burstwire: qlog stops, nothing more is written: ${reason}`, {
      code: 'BURSTWIRE_QLOG_FAILED',
      detail: `Make room in ${this.#path} and let this process write there, then bind a new endpoint.`,
    });
  }
}

export class QlogFile {
  readonly path: string;
  /** Records that were dropped since `append` was last successful. */
  dropped = 0;
  readonly #folder: QlogFolder;
  #text = '';

  constructor(path: string, folder: QlogFolder) {
    this.path = path;
    this.#folder = folder;
  }

  /** Writes `text` soon. False when it was dropped. */
  append(text: string): boolean {
    if (!this.#folder.hasRoom(text.length)) {
      this.dropped++;
      return false;
    }
    this.#text += text;
    this.#folder.onText(this, text.length);
    return true;
  }

  /** What waits; it is the caller's to write. */
  takeText(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }
}
