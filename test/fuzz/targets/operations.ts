/**
 * Sequences of operations on two endpoints (test/sim/operations), chosen by coverage instead of by chance: streams are
 * opened, written, reset, stopped and read in orders that reach new code.
 *
 * An input is a byte of settings, and four bytes an operation.
 */

import { Duet } from '../../sim/operations/duet.js';
import type { Operation, OperationCase } from '../../sim/operations/operation.js';
import type { Target } from '../target.js';

const OPERATION_BYTES = 4;
const CONGESTION = ['cubic', 'newreno', 'bbr', 'ledbat'] as const;

function operationOf(first: number, second: number, large: number): Operation {
  const side = (first & 1) === 0 ? 0 : 1;
  const stream = second & 7;
  switch ((first >> 1) % 15) {
    case 0:
      return { kind: 'advanceTime', us: large * 16 };
    case 1:
      return { kind: 'dropInbound', side, count: stream };
    case 2:
      return { kind: 'reorderInbound', side, count: stream };
    case 3:
      return { kind: 'duplicateInbound', side, count: stream };
    case 4:
      return { kind: 'forceKeyUpdate', side };
    case 5:
      return { kind: 'openStream', side, isUnidirectional: stream > 3 };
    case 6:
      return { kind: 'write', side, stream, bytes: large };
    case 7:
      return { kind: 'finish', side, stream };
    case 8:
      return { kind: 'read', side, stream };
    case 9:
      return { kind: 'reset', side, stream, code: large };
    case 10:
      return { kind: 'stop', side, stream, code: large };
    case 11:
      return { kind: 'sendMessage', side, bytes: large };
    case 12:
      return { kind: 'sendDatagram', side, bytes: large & 0x7ff };
    case 13:
      return second < 8 ? { kind: 'close', side, isGraceful: second < 4 } : { kind: 'drive', side };
    default:
      return { kind: 'drive', side };
  }
}

/** The case that an input stands for. */
export function caseOf(input: Uint8Array): OperationCase {
  const settings = input[0] ?? 0;
  const operations: Operation[] = [];
  for (let at = 1; at + OPERATION_BYTES <= input.length; at += OPERATION_BYTES) {
    operations.push(operationOf(input[at], input[at + 1], (input[at + 2] << 8) | input[at + 3]));
  }
  return {
    seed: settings >> 6,
    congestion: CONGESTION[(settings >> 4) & 3],
    maxStreams: [1, 2, 10, 100][settings & 3],
    initialStreamData: (settings & 4) === 0 ? 1 << 10 : 64 << 10,
    maxDatagramSize: (settings & 8) === 0 ? 1200 : 1452,
    operations,
  };
}

export const operations: Target = {
  name: 'operations',
  maxBytes: 1 + 60 * OPERATION_BYTES,
  seeds: () => [
    Uint8Array.of(0),
    // Opens, writes, drives both, reads, stops, resets, sends a message and a datagram, and closes.
    Uint8Array.of(
      ...[9, 10, 0, 0, 0, 12, 0, 9, 0, 28, 0, 0, 0, 29, 0, 0, 0, 17, 0, 0, 0, 21, 0, 0, 7],
      ...[18, 0, 0, 9, 22, 0, 1, 0, 24, 0, 1, 0, 28, 0, 0, 0, 29, 0, 0, 0, 26, 1, 0, 0],
    ),
    Uint8Array.of(...[4, 10, 7, 0, 0, 12, 0, 0xff, 0xff, 28, 0, 0, 0, 3, 3, 0, 0, 29, 0, 0, 0]),
  ],
  run(input) {
    new Duet(caseOf(input)).run();
  },
};
