/**
 * Goal: one stream, in one direction or in both, to its end or to a reset or a stop on the way.
 *
 * The answer of a bidirectional stream is written at once (`isEager`) or once the question was read to its end.
 *
 * Invariant: reached only when both ends know how it ended.
 */

import type { AppStream } from '../core-face.js';
import { SimulationFailure } from '../failure.js';
import type { Goal, GoalSide, Side, StreamEnd } from './goal.js';
import { Reader } from './reader.js';
import { Writer } from './writer.js';

export interface StreamGoalOptions {
  readonly side: Side;
  readonly isUnidirectional: boolean;
  readonly bytes: number;
  /** Bidirectional: what comes back. */
  readonly answerBytes: number;
  readonly isEager: boolean;
  readonly chunkBytes: readonly [number, number];
  readonly writePauseUs: number;
  readonly readPauseUs: number;
  /** How the way there ends: in full, or cut by the sender or the receiver after `cutBytes`. */
  readonly ending: 'finish' | 'reset' | 'stop';
  readonly cutBytes: number;
  /** From the connection to the first write, us. */
  readonly startUs: number;
  readonly isFast: boolean;
}

export const PLAIN_STREAM: StreamGoalOptions = {
  side: 0,
  isUnidirectional: true,
  bytes: 100_000,
  answerBytes: 0,
  isEager: false,
  chunkBytes: [20_000, 20_000],
  writePauseUs: 0,
  readPauseUs: 0,
  ending: 'finish',
  cutBytes: 0,
  startUs: 0,
  isFast: false,
};

const RESET_CODE = 77;
const STOP_CODE = 78;

export class StreamGoal implements Goal {
  readonly side: Side;
  readonly options: StreamGoalOptions;
  #own: GoalSide | undefined;
  #other: GoalSide | undefined;
  #index = 0;
  #isCut = false;
  #stream: AppStream | undefined;
  #there: { writer?: Writer; reader?: Reader } = {};
  #back: { writer?: Writer; reader?: Reader } = {};

  constructor(options: Partial<StreamGoalOptions>) {
    this.options = { ...PLAIN_STREAM, ...options };
    this.side = this.options.side;
  }

  get isReached(): boolean {
    return this.#isThereOver() && this.#isBackOver();
  }

  get isWritten(): boolean {
    return this.#there.writer?.hasEnded === true;
  }

  /** Bytes that the receiver has read so far, of the way there. */
  get bytesRead(): number {
    return this.#there.reader?.read ?? 0;
  }

  begin(own: GoalSide, index: number): void {
    this.#own = own;
    this.#index = index;
    const { scheduler } = own;
    scheduler.schedule(scheduler.nowUs + this.options.startUs, { onTime: () => this.#open() });
  }

  join(other: GoalSide): void {
    this.#other = other;
  }

  takeStream(stream: AppStream): boolean {
    if (stream.id !== this.#stream?.id) return false;
    const other = this.#other!;
    const { answerBytes, isEager, isUnidirectional } = this.options;
    const reader = this.#newReader(other, stream, true, (isWhole) => this.#answer(isWhole));
    this.#there.reader = reader;
    if (!isUnidirectional) this.#back.writer = this.#newWriter(other, stream, false, answerBytes);
    stream.data = endOf(reader, this.#back.writer);
    if (isEager || other.isOver) this.#answer(true);
    return true;
  }

  cut(side: Side): void {
    this.#isCut = true;
    const { writer } = side === this.side ? this.#there : this.#back;
    writer?.cut();
  }

  describe(): string {
    const { side, bytes, answerBytes, ending, isUnidirectional } = this.options;
    const progress = ({ writer, reader }: { writer?: Writer; reader?: Reader }): string =>
      `written ${writer?.written ?? 0}, read ${reader?.read ?? 0}${reader?.isEnded ? ', ended' : ''}`;
    const back = isUnidirectional ? '' : `; back ${answerBytes}: ${progress(this.#back)}`;
    return `stream ${this.#stream?.id} of side ${side}, ${ending}, ${bytes}: ${progress(this.#there)}${back}`;
  }

  #open(): void {
    const own = this.#own!;
    if (own.isOver) return;
    const { bytes, isUnidirectional } = this.options;
    const stream = own.connection.openStream(isUnidirectional);
    if (stream === undefined) {
      own.scheduler.schedule(own.scheduler.nowUs + 50_000, { onTime: () => this.#open() });
      return;
    }
    this.#stream = stream;
    const writer = this.#newWriter(own, stream, true, bytes);
    this.#there.writer = writer;
    if (!isUnidirectional) {
      this.#back.reader = this.#newReader(own, stream, false, () => undefined);
    }
    stream.data = endOf(this.#back.reader, writer);
    writer.pump();
    own.wake();
  }

  /** A question that was cut gets no answer, unless the answer does not wait for it. */
  #answer(isWhole: boolean): void {
    const writer = this.#back.writer;
    if (writer === undefined) return;
    if (isWhole || this.options.isEager) writer.pump();
    else writer.giveUp();
    this.#other!.wake();
  }

  #newWriter(side: GoalSide, stream: AppStream, isThere: boolean, bytes: number): Writer {
    const { chunkBytes, writePauseUs, ending, cutBytes, isFast } = this.options;
    return new Writer(side, stream, {
      salt: this.#saltOf(stream, isThere),
      bytes,
      chunkBytes,
      pauseUs: writePauseUs,
      resetAfter: isThere && ending === 'reset' ? cutBytes : Number.POSITIVE_INFINITY,
      resetCode: RESET_CODE,
      isFast,
    });
  }

  #newReader(
    side: GoalSide,
    stream: AppStream,
    isThere: boolean,
    onOver: (isWhole: boolean) => void,
  ): Reader {
    const { bytes, answerBytes, readPauseUs, ending, cutBytes } = this.options;
    const options = {
      salt: this.#saltOf(stream, isThere),
      bytes: isThere ? bytes : answerBytes,
      pauseUs: readPauseUs,
      stopAfter: isThere && ending === 'stop' ? cutBytes : Number.POSITIVE_INFINITY,
      stopCode: STOP_CODE,
      isCut: () => this.#isCut,
    };
    return new Reader(side, stream, options, onOver);
  }

  #saltOf(stream: AppStream, isThere: boolean): number {
    return stream.id * 4 + this.side * 2 + (isThere ? 1 : 0) + this.#index * 4096;
  }

  #isThereOver(): boolean {
    const { writer, reader } = this.#there;
    if (writer === undefined) return false;
    const { ending, isUnidirectional } = this.options;
    if (ending === 'finish') return writer.isFinished && reader?.isEnded === true;
    if (ending === 'stop') {
      expectCode(writer.stoppedWith, STOP_CODE);
      return reader?.isStopped === true && (writer.stoppedWith !== undefined || writer.isFinished);
    }
    expectCode(reader?.resetWith, RESET_CODE);
    if (!writer.isReset || !this.#stream!.isFinished) return false;
    // Reset before the byte came that says what it is: the peer's application never hears of such a stream.
    return reader === undefined ? isUnidirectional : reader.resetWith !== undefined;
  }

  #isBackOver(): boolean {
    const { isUnidirectional, ending, isEager } = this.options;
    const { writer, reader } = this.#back;
    if (isUnidirectional) return true;
    if (ending === 'finish' || isEager)
      return reader?.isEnded === true && writer?.isFinished === true;
    expectCode(reader?.resetWith, RESET_CODE);
    return reader?.resetWith !== undefined;
  }
}

function expectCode(code: number | undefined, expected: number): void {
  if (code !== undefined && code !== expected) {
    throw new SimulationFailure(`a stream was ended with code ${code}, not ${expected}`);
  }
}

function endOf(reader: Reader | undefined, writer: Writer | undefined): StreamEnd {
  return {
    onReadable: () => reader?.onReadable(),
    onWritable: () => writer?.pump(),
    onFinished: () => writer?.onFinished(),
    onReset: (code) => reader?.onReset(code),
    onStopped: (code) => writer?.onStopped(code),
  };
}
