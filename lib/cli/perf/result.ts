/**
 * What one side has measured in the end, as it travels from the server to the client and as it stands in the JSON.
 *
 * Invariant: what `readSide` returns has numbers where numbers belong, whatever the server has sent.
 */

import { numberOf, printable, type Said, SpeechError } from '../remote/lines.js';
import type { Directions } from './directions.js';
import type { LatencyFigures } from './latency.js';
import type { Interval, Moved, PathFigures } from './measure.js';
import type { Parameters } from './parameters.js';

export interface SideResult {
  readonly seconds: number;
  readonly sent?: Moved | undefined;
  readonly received?: Moved | undefined;
  readonly path: PathFigures;
  /** Of one core. */
  readonly cpuPercent: number;
  /** Runtime, engine and who seals, in words. */
  readonly system: string;
}

export interface PerfResult {
  readonly format: 'burstwire-perf';
  readonly version: 1;
  readonly startedAt: string;
  readonly server: { readonly address: string; readonly port: number; readonly publicKey: string };
  readonly parameters: Parameters;
  readonly congestion: string;
  readonly pathMtu: number;
  readonly intervals: readonly Interval[];
  readonly client: SideResult;
  /** Null: it did not say. */
  readonly remote: SideResult | null;
  /** Both sides' counts, by direction. */
  readonly directions: Directions;
  readonly latency: LatencyFigures | null;
  /** Why it ended before its time; null: it did not. */
  readonly ended: string | null;
}

const MAX = Number.MAX_SAFE_INTEGER;

/** @throws SpeechError */
export function readSide(said: Said): SideResult {
  const path = objectOf(said, 'path');
  return {
    seconds: numberOf(said, 'seconds', 0, MAX),
    sent: readMoved(said, 'sent'),
    received: readMoved(said, 'received'),
    path: {
      retransmittedBytes: numberOf(path, 'retransmittedBytes', 0, MAX),
      packetsLost: numberOf(path, 'packetsLost', 0, MAX),
      congestionWindow: numberOf(path, 'congestionWindow', 0, MAX),
      rttMs: numberOf(path, 'rttMs', 0, MAX),
    },
    cpuPercent: numberOf(said, 'cpuPercent', 0, MAX),
    system: printable(said['system']),
  };
}

function readMoved(said: Said, name: string): Moved | undefined {
  if (said[name] === undefined) return undefined;
  const given = objectOf(said, name);
  const lanes = given['lanes'];
  if (!Array.isArray(lanes) || !lanes.every((lane) => typeof lane === 'number')) {
    throw new SpeechError(`'lanes' of the other side is no list of numbers`);
  }
  const maybe = (key: string): Record<string, number> =>
    given[key] === undefined ? {} : { [key]: numberOf(given, key, 0, MAX) };
  return {
    bytes: numberOf(given, 'bytes', 0, MAX),
    bitsPerSecond: numberOf(given, 'bitsPerSecond', 0, MAX),
    lanes,
    ...maybe('count'),
    ...maybe('dropped'),
    ...maybe('outOfOrder'),
    ...maybe('jitterUs'),
  };
}

function objectOf(said: Said, name: string): Said {
  const value = said[name];
  if (typeof value === 'object' && value !== null) return value as Said;
  throw new SpeechError(`'${name}' of the other side is missing`);
}
