/**
 * The options of `burstwire perf client`, in the letters of iperf3, and the test that they ask for.
 *
 * Called by client.ts and the help. Opens nothing. Invariant: options that contradict each other are refused here.
 */

import { type FlagTable, type FlagValues, UsageError } from '../arguments.js';
import { DIAL_FLAGS } from '../remote/dial.js';
import { HEADER_BYTES } from './datagram-counts.js';
import {
  type Direction,
  LIMITS,
  type Parameters,
  STREAMS_MAX,
  type TestKind,
} from './parameters.js';

/** What iperf3 has for UDP, too. */
const BITRATE_DEFAULT = 1_000_000;
const DATAGRAM_MAX = 65_000;

export const CLIENT_FLAGS = {
  time: { kind: 'number', short: 't', default: 10, ...LIMITS.seconds, about: 'seconds' },
  bytes: { kind: 'bytes', short: 'n', ...LIMITS.bytes, about: 'bytes to move, instead of a time' },
  parallel: {
    kind: 'number',
    short: 'P',
    default: 1,
    ...LIMITS.parallel,
    integer: true,
    about: 'streams, or requests at once, of each connection',
  },
  connections: {
    kind: 'number',
    default: 1,
    ...LIMITS.connections,
    integer: true,
    about: 'connections at once',
  },
  reverse: { kind: 'switch', short: 'R', about: 'the server sends, the client receives' },
  bidir: { kind: 'switch', about: 'both send and receive' },
  datagrams: {
    kind: 'switch',
    short: 'u',
    about: 'unreliable datagrams; loss and jitter are told',
  },
  bitrate: {
    kind: 'bitrate',
    short: 'b',
    min: 0,
    max: LIMITS.bitrate.max,
    about: 'of all datagrams together, bits/s (default 1M); 0: as many as go',
  },
  latency: {
    kind: 'switch',
    about: 'requests and answers, one after the other; with -u in datagrams',
  },
  length: {
    kind: 'bytes',
    short: 'l',
    ...LIMITS.length,
    about: 'bytes of a write (128K), a datagram (all that fits), a request (64)',
  },
  interval: {
    kind: 'number',
    short: 'i',
    default: 1,
    min: 0,
    max: 3600,
    about: 'seconds between reports; 0: none',
  },
  congestion: {
    kind: 'choice',
    short: 'C',
    choices: ['cubic', 'bbr', 'newreno', 'ledbat'],
    about: 'congestion control of what this side sends (default cubic)',
  },
  aead: {
    kind: 'choice',
    choices: ['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'],
    about: 'what packets are sealed with (default aes-128-gcm)',
  },
  json: { kind: 'switch', short: 'J', about: 'the whole result as JSON on stdout' },
  ...DIAL_FLAGS,
} as const satisfies FlagTable;

export type ClientFlags = FlagValues<typeof CLIENT_FLAGS>;

/** @param named what was given: 0 and "not given" are two things for a bitrate. @throws UsageError */
export function toParameters(flags: ClientFlags, named: ReadonlySet<string>): Parameters {
  const hasBitrate = named.has('bitrate');
  const kind: TestKind = flags.latency ? 'latency' : flags.datagrams ? 'datagram' : 'stream';
  const exclude = (holds: boolean, message: string): void => {
    if (holds) throw new UsageError(message);
  };
  exclude(flags.reverse && flags.bidir, '--reverse and --bidir exclude each other');
  exclude(
    flags.latency && (flags.reverse || flags.bidir),
    '--latency goes both ways: no --reverse, no --bidir',
  );
  exclude(hasBitrate && kind !== 'datagram', '--bitrate goes with --datagrams');
  exclude(named.has('time') && named.has('bytes'), '--time and --bytes exclude each other');
  exclude(flags.bytes > 0 && kind !== 'stream', '--bytes goes with streams only');
  exclude(kind === 'datagram' && flags.parallel > 1, '--parallel goes with streams or --latency');
  exclude(
    flags.parallel * flags.connections > STREAMS_MAX,
    `--parallel times --connections is at most ${STREAMS_MAX}`,
  );
  const isSmall = flags.length < HEADER_BYTES || flags.length > DATAGRAM_MAX;
  exclude(
    flags.datagrams && flags.length > 0 && isSmall,
    `--length of datagrams is from ${HEADER_BYTES} to ${DATAGRAM_MAX}`,
  );
  exclude(
    hasBitrate && flags.bitrate > 0 && flags.bitrate < LIMITS.bitrate.min,
    `--bitrate is 0 or at least ${LIMITS.bitrate.min}`,
  );
  const direction: Direction = flags.bidir ? 'both' : flags.reverse ? 'receive' : 'send';
  return {
    kind,
    direction,
    seconds: flags.time,
    bytes: flags.bytes,
    connections: flags.connections,
    parallel: flags.parallel,
    length: flags.length,
    bitrate: kind === 'datagram' ? (hasBitrate ? flags.bitrate : BITRATE_DEFAULT) : 0,
    usesDatagrams: flags.datagrams,
  };
}
