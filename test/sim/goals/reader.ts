/**
 * The receiving part of a stream: reads at its own pace and compares every byte with the pattern.
 *
 * Invariant: what it has read is a prefix of what was sent.
 */

import type { Timed } from '../clock/scheduler.js';
import type { AppStream } from '../core-face.js';
import { SimulationFailure } from '../failure.js';
import { checkPattern } from '../pattern.js';
import type { GoalSide } from './goal.js';

export interface ReaderOptions {
  readonly salt: number;
  /** What the sender writes in all, when it comes to the end. */
  readonly bytes: number;
  /** Between two chunks; 0 = everything at once, us. */
  readonly pauseUs: number;
  /** After so many bytes it wants no more; Infinity = never. */
  readonly stopAfter: number;
  readonly stopCode: number;
  /** Whether the sender was told to end before it had written everything. */
  readonly isCut: () => boolean;
}

export class Reader implements Timed {
  read = 0;
  isEnded = false;
  isStopped = false;
  resetWith: number | undefined;
  readonly #options: ReaderOptions;
  readonly #side: GoalSide;
  readonly #stream: AppStream;
  readonly #onOver: (isWhole: boolean) => void;
  #isWaiting = false;
  #unread = 0;

  /** @param onOver called once: the end was read, or there will be none */
  constructor(
    side: GoalSide,
    stream: AppStream,
    options: ReaderOptions,
    onOver: (isWhole: boolean) => void,
  ) {
    this.#side = side;
    this.#stream = stream;
    this.#options = options;
    this.#onOver = onOver;
  }

  get isOver(): boolean {
    return this.isEnded || this.isStopped || this.resetWith !== undefined;
  }

  onReadable(): void {
    if (!this.#isClosed) this.#note();
    if (this.#isWaiting || this.isOver || this.#isClosed) return;
    if (this.#options.pauseUs === 0) {
      while (this.#readChunk());
      return;
    }
    this.#isWaiting = true;
    const { scheduler, rng } = this.#side;
    scheduler.schedule(scheduler.nowUs + rng.unit() * 2 * this.#options.pauseUs, this);
  }

  onTime(): void {
    this.#isWaiting = false;
    if (this.isOver || this.#isClosed) return;
    this.#readChunk();
    if (!this.isOver && (this.#stream.bytesReadable > 0 || this.#stream.isEnded)) this.onReadable();
    this.#side.wake();
  }

  onReset(code: number): void {
    if (this.isEnded)
      throw new SimulationFailure(`stream ${this.#stream.id} was reset behind its end`);
    this.resetWith = code;
    this.#note();
    this.#onOver(false);
  }

  get #isClosed(): boolean {
    return this.#side.connection.closed !== undefined;
  }

  #note(): void {
    const { bytesReadable } = this.#stream;
    this.#side.unread.change(this.#unread, bytesReadable);
    this.#unread = bytesReadable;
  }

  /** Reads one chunk and looks for the end. False when there is nothing more to read now. */
  #readChunk(): boolean {
    const { salt, bytes, stopAfter, stopCode, isCut } = this.#options;
    const stream = this.#stream;
    const readable = stream.bytesReadable;
    const chunk = stream.read();
    this.#note();
    if (chunk !== undefined) {
      if (chunk.length === 0)
        throw new SimulationFailure(`stream ${stream.id} gave an empty chunk`);
      if (stream.bytesReadable !== readable - chunk.length) {
        throw new SimulationFailure(`stream ${stream.id} miscounts what is readable`);
      }
      checkPattern(`stream ${stream.id}`, chunk, salt, this.read);
      this.read += chunk.length;
      if (this.read > bytes) throw new SimulationFailure(`stream ${stream.id} is too long`);
      if (this.read >= stopAfter) {
        this.isStopped = true;
        stream.stop(stopCode);
        this.#note();
        this.#onOver(false);
        return false;
      }
    } else if (readable > 0) {
      throw new SimulationFailure(`stream ${stream.id} has ${readable} bytes and gives none`);
    }
    if (!stream.takeEnd()) return chunk !== undefined;
    if (this.read !== bytes && !isCut()) {
      throw new SimulationFailure(`stream ${stream.id} ended after ${this.read} of ${bytes} bytes`);
    }
    this.isEnded = true;
    this.#onOver(true);
    return false;
  }
}
