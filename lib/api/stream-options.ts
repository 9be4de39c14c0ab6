/**
 * The options of streams and messages: what `openStream`, `setPriority` and `sendMessage` take.
 *
 * Tables and types only; option-table.ts checks what is given. Used by connections and streams.
 *
 * Invariant: every option has its default and its range here, and nowhere else.
 */

import {
  DEFAULT_URGENCY,
  DEFAULT_WEIGHT,
  URGENCY_MAX,
  WEIGHT_MAX,
  WEIGHT_MIN,
} from '../core/streams/priority.js';
import type { OptionTable } from './option-table.js';

/**
 * How a stream is served beside the others of its connection, on this side only: nothing of it is on the wire, and what
 * the peer sends it decides itself. The urgency is that of RFC 9218 section 4.1.
 */
export interface StreamPriority {
  /**
   * 0 to 7; less is more urgent. Default 3. Strict: as long as a more urgent stream has something that its peer takes, a
   * less urgent one sends nothing.
   */
  readonly urgency?: number | undefined;
  /** 1 to 256: the share in bytes among streams of equal urgency that have something to send. Default 16. */
  readonly weight?: number | undefined;
}

/** Options of `openStream`. */
export interface StreamOptions extends StreamPriority {
  /** Only this side sends. Default false. */
  readonly unidirectional?: boolean | undefined;
  /** Bytes in Node's buffers before back-pressure, each way. Default 1 MiB to write, 256 KiB to read. */
  readonly highWaterMark?: number | undefined;
  /** Destroys the stream when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `sendMessage`. */
export interface MessageOptions {
  /** 0 to 7, as of a stream: less is more urgent. Default 3. */
  readonly urgency?: number | undefined;
}

const URGENCY = {
  kind: 'integer',
  default: DEFAULT_URGENCY,
  min: 0,
  max: URGENCY_MAX,
  doc: 'less is served first',
} as const;

/** The rules behind `MessageOptions`. */
export const MESSAGE_OPTIONS = { urgency: URGENCY } as const satisfies OptionTable;

/** The rules behind `StreamPriority`. */
export const PRIORITY_OPTIONS = {
  urgency: URGENCY,
  weight: {
    kind: 'integer',
    default: DEFAULT_WEIGHT,
    min: WEIGHT_MIN,
    max: WEIGHT_MAX,
    doc: 'share among streams of equal urgency',
  },
} as const satisfies OptionTable;

/** `openStream` without a mark of its own leaves it to the stream. */
const MARK_OF_THE_STREAM = -1;

/** The rules behind `StreamOptions`. A `highWaterMark` below 0 is none. */
export const STREAM_OPTIONS = {
  unidirectional: { kind: 'boolean', default: false, doc: 'only this side sends' },
  ...PRIORITY_OPTIONS,
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
