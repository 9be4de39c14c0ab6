/**
 * The sending part of a stream: writes so many bytes of the pattern, at its own pace, minding back-pressure.
 *
 * Chunks are its own and are overwritten as soon as they are released: a core that reads them afterwards sends rubbish,
 * which the reader notices.
 *
 * Invariant: at most one chunk is written beyond the stream's send buffer.
 */

import { Fifo } from '../clock/fifo.js';
import type { Timed } from '../clock/scheduler.js';
import type { AppStream } from '../core-face.js';
import { SimulationFailure } from '../failure.js';
import { fillPattern, patternView } from '../pattern.js';
import type { GoalSide } from './goal.js';

export interface WriterOptions {
  readonly salt: number;
  readonly bytes: number;
  /** Sizes of chunks, from and to. */
  readonly chunkBytes: readonly [number, number];
  /** Between two chunks; 0 = as many at once as there is room for, us. */
  readonly pauseUs: number;
  /** After so many bytes it gives up; Infinity = never. */
  readonly resetAfter: number;
  readonly resetCode: number;
  /** Writes views of one pattern that nobody changes: faster, and finds less. */
  readonly isFast: boolean;
}

const RELEASED = 0xee;

interface Borrowed {
  readonly end: number;
  readonly chunk: Uint8Array;
}

export class Writer implements Timed {
  written = 0;
  /** All was acknowledged. */
  isFinished = false;
  isReset = false;
  stoppedWith: number | undefined;
  readonly #options: WriterOptions;
  readonly #side: GoalSide;
  readonly #stream: AppStream;
  readonly #borrowed = new Fifo<Borrowed>();
  #released = 0;
  #hasEnded = false;
  #isWaiting = false;

  constructor(side: GoalSide, stream: AppStream, options: WriterOptions) {
    this.#side = side;
    this.#stream = stream;
    this.#options = options;
  }

  /** Nothing more will come of it. */
  get isOver(): boolean {
    return this.isFinished || this.isReset || this.stoppedWith !== undefined;
  }

  /** Everything is written, and the end said. */
  get hasEnded(): boolean {
    return this.#hasEnded || this.isOver;
  }

  /** Writes what it may now. Call when there may be room. */
  pump(): void {
    this.#checkReleased();
    if (this.#side.isOver) this.cut();
    while (!this.hasEnded && !this.#isWaiting) {
      const { bytes, pauseUs, resetAfter } = this.#options;
      if (this.written >= resetAfter) {
        this.giveUp();
        return;
      }
      if (this.written >= bytes) {
        this.#hasEnded = true;
        this.#stream.finish();
        return;
      }
      if (this.#stream.buffered >= this.#side.sendBuffer) return;
      this.#write();
      if (pauseUs > 0) {
        this.#isWaiting = true;
        const { scheduler, rng } = this.#side;
        scheduler.schedule(scheduler.nowUs + rng.unit() * 2 * pauseUs, this);
      }
    }
  }

  /** The application closes the connection gracefully: what is written is all. */
  cut(): void {
    if (this.hasEnded) return;
    this.#hasEnded = true;
    this.#stream.finish();
  }

  /** Writes nothing more, and says so. */
  giveUp(): void {
    if (this.isOver) return;
    this.isReset = true;
    this.#stream.reset(this.#options.resetCode);
  }

  onTime(): void {
    this.#isWaiting = false;
    this.pump();
    this.#side.wake();
  }

  onFinished(): void {
    this.#checkReleased();
    if (!this.#hasEnded)
      throw new SimulationFailure(`stream ${this.#stream.id} finished by itself`);
    if (this.#stream.released !== this.written) {
      throw new SimulationFailure(`stream ${this.#stream.id} is finished, but not released`);
    }
    this.isFinished = true;
  }

  onStopped(code: number): void {
    this.stoppedWith = code;
    // RFC 9000 section 3.5: answered with a reset. The core may have done so itself.
    if (!this.isReset) this.#stream.reset(code);
  }

  #write(): void {
    const { bytes, chunkBytes, resetAfter, salt, isFast } = this.#options;
    const left = Math.min(bytes, resetAfter) - this.written;
    const length = Math.min(left, this.#side.rng.between(chunkBytes[0], chunkBytes[1]));
    if (isFast) {
      const view = patternView(salt, this.written, length);
      this.written += view.length;
      this.#stream.write(view);
    } else {
      const chunk = new Uint8Array(length);
      fillPattern(chunk, salt, this.written);
      this.written += length;
      this.#borrowed.push({ end: this.written, chunk });
      this.#stream.write(chunk);
    }
    if (this.#stream.written !== this.written) {
      throw new SimulationFailure(
        `stream ${this.#stream.id} says ${this.#stream.written} bytes were written, not ${this.written}`,
      );
    }
  }

  #checkReleased(): void {
    if (this.#side.isOver) return;
    const { released, id } = this.#stream;
    if (released < this.#released || released > this.written) {
      throw new SimulationFailure(`stream ${id} released ${released} after ${this.#released}`);
    }
    this.#released = released;
    const limit = this.#side.sendBuffer + this.#options.chunkBytes[1];
    if (this.written - released > limit && !this.isOver) {
      throw new SimulationFailure(`stream ${id} holds ${this.written - released} bytes`);
    }
    for (let head = this.#borrowed.peek(); head && head.end <= released; ) {
      head.chunk.fill(RELEASED);
      this.#borrowed.take();
      head = this.#borrowed.peek();
    }
  }
}
