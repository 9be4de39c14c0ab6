/**
 * What a close in good order waits for: that all which was written by then, and each end by then, is acknowledged.
 *
 * What is written later, and streams that come later, do not count: else an application that goes on writing would keep
 * its connection open for ever. It keeps no time. Called by sending.ts; closing.ts decides how long is long enough.
 *
 * Invariants: what is here only becomes less after `begin`; looking costs as much as what has gone since the last look.
 */

import type { SendPart } from './send-part.js';
import type { Stream } from './stream.js';

/** Of all that wait for nothing: nothing is ever put into it. */
const NONE: Set<Stream> = new Set();

export class Awaited {
  /** Moves whenever something that is waited for is acknowledged. */
  progress = 0;
  #streams: Set<Stream> = NONE;

  /** Waits from now on for what these streams have to deliver. */
  begin(streams: Iterable<Stream>): void {
    this.#streams = new Set();
    for (const stream of streams) {
      const { sending } = stream;
      if (sending === undefined) continue;
      // The kind byte alone says nothing to anybody.
      sending.dueBytes = stream.written > 0 ? sending.written : 0;
      sending.isEndDue = sending.finAt >= 0;
      if (isDue(stream, sending)) this.#streams.add(stream);
      else sending.dueBytes = -1;
    }
  }

  /** Of a half of ours a reset, or else bytes from `offset` on or the end, were acknowledged. */
  onAcked(sending: SendPart, offset: number, isReset: boolean): void {
    const { dueBytes, isEndDue } = sending;
    if (isReset ? dueBytes >= 0 : offset < dueBytes || isEndDue) this.progress++;
  }

  /** Nothing is waited for any more. */
  get isEmpty(): boolean {
    for (const stream of this.#streams) {
      if (isDue(stream, stream.sending!)) return false;
      this.#streams.delete(stream);
    }
    return true;
  }

  clear(): void {
    this.#streams = NONE;
  }
}

function isDue(stream: Stream, sending: SendPart): boolean {
  if (sending.isDone) return false;
  // A reset that the peer has not given leave to is about nothing that it knows of.
  if (sending.resetCode >= 0) return !stream.isWaiting;
  return sending.isEndDue || sending.released < sending.dueBytes;
}
