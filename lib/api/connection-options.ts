/**
 * The options of a connection's end: `close` and `destroy`.
 *
 * Tables and types only; option-table.ts checks what is given. Those of streams and messages: stream-options.ts. Used by connections and endpoints.
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
