/**
 * What a test is: the parameters that client and server agree on, as they travel and as they are checked.
 *
 * The client makes them of its options, the server takes them from a stranger. Invariant: parameters that
 * `readParameters` returns are within the limits below, whoever has sent them.
 */

import { numberOf, type Said, SpeechError } from '../remote/lines.js';

/** 'stream': bytes of streams in bulk; 'datagram': at a bitrate; 'latency': requests and answers of one size. */
export type TestKind = 'stream' | 'datagram' | 'latency';
/** As the client sees it. */
export type Direction = 'send' | 'receive' | 'both';

export interface Parameters {
  readonly kind: TestKind;
  readonly direction: Direction;
  readonly seconds: number;
  /** Bytes in each direction instead of a time; 0: the time counts. */
  readonly bytes: number;
  readonly connections: number;
  /** Streams (or requests under way) of each connection. */
  readonly parallel: number;
  /** Bytes of a write, a datagram or a request; 0: what suits the kind. */
  readonly length: number;
  /** Of all datagrams together, bits a second; 0: as many as go. */
  readonly bitrate: number;
  /** In latency tests: datagrams instead of streams carry the requests. */
  readonly usesDatagrams: boolean;
}

export const LIMITS = {
  seconds: { min: 0.1, max: 86_400 },
  bytes: { min: 1, max: 2 ** 50 },
  connections: { min: 1, max: 64 },
  parallel: { min: 1, max: 128 },
  length: { min: 1, max: 1 << 20 },
  bitrate: { min: 1000, max: 1e12 },
} as const;

/** Streams of all connections together. */
export const STREAMS_MAX = 1024;
/** Of the words between client and server. */
export const PROTOCOL = 1;

const KINDS: readonly unknown[] = ['stream', 'datagram', 'latency'] satisfies TestKind[];
const DIRECTIONS: readonly unknown[] = ['send', 'receive', 'both'] satisfies Direction[];

/** @throws SpeechError naming what does not fit */
export function readParameters(said: Said): Parameters {
  const { kind, direction } = said;
  if (!KINDS.includes(kind)) throw new SpeechError('this kind of test is not known here');
  if (!DIRECTIONS.includes(direction)) throw new SpeechError('this direction is not known here');
  const whole = (name: keyof typeof LIMITS, min: number): number =>
    Math.floor(numberOf(said, name, min, LIMITS[name].max));
  const parameters: Parameters = {
    kind: kind as TestKind,
    direction: direction as Direction,
    seconds: numberOf(said, 'seconds', LIMITS.seconds.min, LIMITS.seconds.max),
    bytes: whole('bytes', 0),
    connections: whole('connections', LIMITS.connections.min),
    parallel: whole('parallel', LIMITS.parallel.min),
    length: whole('length', 0),
    bitrate: numberOf(said, 'bitrate', 0, LIMITS.bitrate.max),
    usesDatagrams: said['usesDatagrams'] === true,
  };
  if (parameters.connections * parameters.parallel > STREAMS_MAX) {
    throw new SpeechError(`more than ${STREAMS_MAX} streams`);
  }
  return parameters;
}

/** What the server sends in this direction, or the client. */
export function sends(direction: Direction, isClient: boolean): boolean {
  return direction === 'both' || (direction === 'send') === isClient;
}
