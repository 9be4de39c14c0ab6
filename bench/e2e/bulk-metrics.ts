/**
 * What two snapshots of both processes of a bulk transfer say. Pure.
 *
 * Called by cases/bulk.ts. Invariant: packets are those of whoever writes in bulk; system calls, CPU time and context
 * switches are those of both processes; what one of the two did not count is missing.
 */

import type { Metrics } from '../suite/types.js';
import type { Snapshot, Task } from './processes.js';

type Span = readonly [from: Snapshot, to: Snapshot];

export interface Ends {
  readonly server: Span;
  readonly client: Span;
}

type Counter = 'cpuUs' | 'contextSwitches' | 'packetsSent' | 'packetsLost' | 'calls';

/** A second, by the clock of the process; NaN when it does not count that. */
function rate([from, to]: Span, name: Counter): number {
  const seconds = (to.ms - from.ms) / 1000;
  return ((to[name] ?? Number.NaN) - (from[name] ?? Number.NaN)) / seconds;
}

/** Bytes a second of each channel. */
function shares([from, to]: Span): number[] {
  const seconds = (to.ms - from.ms) / 1000;
  return to.bytes.map((bytes, index) => (bytes - (from.bytes[index] ?? 0)) / seconds);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

export function bulkMetrics({ server, client }: Ends, { isServerPouring }: Task): Metrics {
  const both = (name: Counter): number => rate(server, name) + rate(client, name);
  const writers = isServerPouring ? [server, client] : [client];
  const packets = sum(writers.map((span) => rate(span, 'packetsSent')));
  const lost = sum(writers.map((span) => rate(span, 'packetsLost')));
  const cpu = both('cpuUs');
  return onlyKnown({
    throughputMBps: sum([...shares(server), ...shares(client)]) / 1e6,
    packetsPerSec: packets,
    cpuPercent: cpu / 1e4,
    cpuNsPerPacket: (cpu * 1000) / packets,
    syscallsPerSec: both('calls'),
    syscallsPerPacket: both('calls') / packets,
    contextSwitchesPerSec: both('contextSwitches'),
    lostPercent: (lost * 100) / packets,
  });
}

/** CPU of each side, and how equal the connections' shares are. */
export function bulkNote({ server, client }: Ends, { isServerPouring, channels }: Task): string {
  const packets = isServerPouring ? Number.NaN : rate(client, 'packetsSent');
  const side = (name: string, span: Span): string => {
    const cpu = rate(span, 'cpuUs');
    const each = (cpu * 1000) / packets;
    const cost = Number.isFinite(each) ? ` and ${each.toFixed(0)} ns a packet` : '';
    return `${name} ${(cpu / 1e4).toFixed(0)} %${cost}`;
  };
  const text = `CPU: ${side('client', client)}, ${side('server', server)}`;
  if (channels === 1) return text;
  return `${text}; Jain's index of the shares ${jainIndex(shares(server), channels).toFixed(2)}`;
}

/** 1 when all are equal, 1 / n when one has all. */
function jainIndex(parts: readonly number[], count: number): number {
  return sum(parts) ** 2 / (count * sum(parts.map((part) => part * part)));
}

function onlyKnown(metrics: Metrics): Metrics {
  const known = Object.entries(metrics).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(known);
}
