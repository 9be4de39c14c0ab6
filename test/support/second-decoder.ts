/**
 * The decoder in Python (test/decoder) as tests call it, and its frames in the words of qlog and of frame-model.
 *
 * It decodes nothing itself. Invariant: where python3 is missing, `hasPython` is false and a printed line says what is
 * skipped; nothing else is a reason to skip.
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Frame } from './frame-model.js';

export const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) console.warn('skipped: no python3 to run the second decoder with');

/** A frame as test/decoder/frames.py prints it. */
export interface ShownFrame {
  readonly type: number;
  readonly numbers?: readonly number[];
  readonly ranges?: readonly (readonly [number, number])[];
  readonly fin?: boolean;
  /** Hexadecimal. */
  readonly data?: string;
  /** Of a run of PADDING. */
  readonly length?: number;
}

export type Shown = Readonly<Record<string, unknown>>;

/** Runs `script` of test/decoder with `input` as JSON; what it printed, a JSON object a line. */
export function runPython(
  script: string,
  input: object,
): { readonly status: number | null; readonly lines: readonly Shown[] } {
  const path = fileURLToPath(new URL(`../decoder/${script}`, import.meta.url));
  const { status, stdout, stderr } = spawnSync('python3', ['-B', path, '-'], {
    encoding: 'utf8',
    input: JSON.stringify(input),
    maxBuffer: 1 << 28,
  });
  if (stderr !== '') throw new Error(stderr);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { status, lines: lines.map((line) => JSON.parse(line) as Shown) };
}

/** What decode.py reads in each of these captures. One process for all: its start takes longer than its work. */
export function decodeAll(
  captures: readonly object[],
): readonly { readonly status: number; readonly lines: readonly Shown[] }[] {
  const { lines } = runPython('decode.py', captures);
  const read: { status: number; lines: Shown[] }[] = [];
  let begin = 0;
  lines.forEach(({ end }, index) => {
    if (end === undefined) return;
    read.push({ status: Number(end), lines: lines.slice(begin, index) });
    begin = index + 1;
  });
  if (read.length !== captures.length) throw new Error(`${read.length} of ${captures.length} read`);
  return read;
}

/** As frame-model has it. */
export function modelOf({ length: _, data, ...rest }: ShownFrame): Frame {
  return data === undefined ? rest : { ...rest, data: [...Buffer.from(data, 'hex')] };
}

const ONE_NUMBER: Readonly<Record<number, Shown>> = {
  16: { frame_type: 'max_data' },
  18: { frame_type: 'max_streams', stream_type: 'bidirectional' },
  19: { frame_type: 'max_streams', stream_type: 'unidirectional' },
  20: { frame_type: 'data_blocked' },
  22: { frame_type: 'streams_blocked', stream_type: 'bidirectional' },
  23: { frame_type: 'streams_blocked', stream_type: 'unidirectional' },
};

/** As qlog has it (the schema of QUIC, 0.3), without the name of an error code: that is no part of the wire. */
export function qlogOf({
  type,
  numbers = [],
  ranges = [],
  fin,
  data = '',
  length,
}: ShownFrame): Shown {
  const [a, b, c] = numbers;
  const dataBytes = data.length / 2;
  switch (type) {
    case 0x00:
      return { frame_type: 'padding', length, payload_length: length };
    case 0x01:
      return { frame_type: 'ping' };
    case 0x02:
    case 0x03: {
      const [delay, ect0, ect1, ce] = numbers;
      const acked_ranges = ranges.toReversed();
      const ack = { frame_type: 'ack', ack_delay: (delay * 8) / 1000, acked_ranges };
      return type === 0x02 ? ack : { ...ack, ect0, ect1, ce };
    }
    case 0x04:
      return { frame_type: 'reset_stream', stream_id: a, error_code: b, final_size: c };
    case 0x05:
      return { frame_type: 'stop_sending', stream_id: a, error_code: b };
    case 0x08: {
      const stream = { frame_type: 'stream', stream_id: a, offset: b, length: dataBytes };
      return fin ? { ...stream, fin } : stream;
    }
    case 0x11:
      return { frame_type: 'max_stream_data', stream_id: a, maximum: b };
    case 0x15:
      return { frame_type: 'stream_data_blocked', stream_id: a, limit: b };
    case 0x18: {
      const id = { sequence_number: a, retire_prior_to: b, connection_id: data.slice(0, 16) };
      return { frame_type: 'new_connection_id', ...id };
    }
    case 0x19:
      return { frame_type: 'retire_connection_id', sequence_number: a };
    case 0x1a:
      return { frame_type: 'path_challenge' };
    case 0x1b:
      return { frame_type: 'path_response' };
    case 0x1c:
    case 0x1d: {
      const error_space = type === 0x1d ? 'application' : 'transport';
      const reason = Buffer.from(data, 'hex').toString();
      const close = { frame_type: 'connection_close', error_space, raw_error_code: a, reason };
      return type === 0x1d ? close : { ...close, trigger_frame_type: b };
    }
    case 0x30:
      return { frame_type: 'datagram', length: dataBytes };
    default: {
      const named = ONE_NUMBER[type];
      if (named === undefined) throw new Error(`no frame of type ${type}`);
      return { ...named, [type < 0x14 ? 'maximum' : 'limit']: a };
    }
  }
}
