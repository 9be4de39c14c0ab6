/**
 * The options of a connection's calls: `close`, `destroy` and `openStream`.
 *
 * Tables and types only; option-table.ts checks what is given. Used by connections and endpoints.
 *
 * Invariant: every option has its default and its range here, and nowhere else.
 */

import type { OptionTable } from './option-table.js';

/** Options of `close`. */
export interface CloseOptions {
  /** The application's code, 0 to 2^53 - 1; the peer sees it. Default 0. */
  readonly code?: number | undefined;
  /** For people; at most 256 bytes of UTF-8 are sent. Default ''. */
  readonly reason?: string | undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string';

/** The rules behind `CloseOptions`. */
export const CLOSE_OPTIONS = {
  code: {
    kind: 'integer',
    default: 0,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    doc: 'code of the application',
  },
  reason: { kind: 'checked', expected: 'a string', accepts: isText, doc: 'for people' },
} as const satisfies OptionTable;

/** `openStream` without a mark of its own leaves it to the stream. */
const MARK_OF_THE_STREAM = -1;

/** The rules behind `StreamOptions`. A `highWaterMark` below 0 is none. */
export const STREAM_OPTIONS = {
  unidirectional: { kind: 'boolean', default: false, doc: 'only this side sends' },
  highWaterMark: {
    kind: 'integer',
    default: MARK_OF_THE_STREAM,
    min: 0,
    max: 1 << 30,
    unit: 'bytes',
    doc: "bytes in Node's buffers before back-pressure",
  },
  signal: { kind: 'signal', doc: 'destroys the stream when aborted' },
} as const satisfies OptionTable;
