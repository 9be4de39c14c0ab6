/**
 * Lines of JSON over a stream, with bytes behind them: what the commands say to each other.
 *
 * Called by `perf`, `send` and `receive`. Invariant: whatever the peer sends, no more than one line of `LINE_MAX` bytes
 * is kept beside what the stream itself holds, and what is no object is an error.
 */

import type { TransportStream } from '../../index.js';

const LINE_MAX = 64 * 1024;
const LINE_END = 0x0a;

/** The peer does not speak as agreed. */
export class SpeechError extends Error {}

export type Said = Readonly<Record<string, unknown>>;

export class Lines {
  readonly stream: TransportStream;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: TransportStream) {
    this.stream = stream;
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** The stream's next line; undefined at its end. @throws SpeechError, and what the stream ends with */
  async next(): Promise<Said | undefined> {
    for (;;) {
      const end = this.#rest.indexOf(LINE_END);
      if (end > LINE_MAX || (end < 0 && this.#rest.length > LINE_MAX)) {
        throw new SpeechError('the other side sends lines without an end');
      }
      if (end >= 0) {
        const line = this.#rest.subarray(0, end);
        this.#rest = this.#rest.subarray(end + 1);
        return parseLine(line.toString('utf8'));
      }
      const { done, value } = await this.#chunks.next();
      if (done === true) return undefined;
      this.#rest =
        this.#rest.length === 0 ? Buffer.from(value) : Buffer.concat([this.#rest, value]);
    }
  }

  /** As `next`, for a line that must come. */
  async expect(): Promise<Said> {
    const said = await this.next();
    if (said === undefined) throw new SpeechError('the other side has stopped in the middle');
    return said;
  }

  /** The next bytes that are no line, at most `max`; undefined at the end. */
  async bytes(max: number): Promise<Buffer | undefined> {
    if (this.#rest.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return undefined;
      this.#rest = value;
    }
    const taken = this.#rest.subarray(0, max);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }

  say(said: Said): void {
    this.stream.write(`${JSON.stringify(said)}\n`);
  }
}

function parseLine(text: string): Said {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Said;
  throw new SpeechError('the other side speaks something else');
}

/** A whole number within limits, out of what a peer has said. @throws SpeechError naming it */
export function numberOf(said: Said, name: string, min: number, max: number): number {
  const value = said[name];
  if (typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max) {
    return value;
  }
  throw new SpeechError(`'${name}' of the other side is not from ${min} to ${max}`);
}

/** What may be shown on a terminal of what a peer has said: no control characters, and not too long. */
export function printable(text: unknown, limit = 200): string {
  const plain = String(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
  return plain.length > limit ? `${plain.slice(0, limit)}...` : plain;
}
