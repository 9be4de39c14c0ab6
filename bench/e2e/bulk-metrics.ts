/**
 * What two snapshots of each process of a bulk transfer say. Pure.
 *
 * Called by cases/bulk.ts. Invariant: packets are those of whoever writes in bulk; system calls, CPU time and context
 * switches are those of all processes; what one of them did not count is missing.
 */

import type { Metrics } from '../suite/types.js';
import type { Snapshot, Task } from './processes.js';

type Span = readonly [from: Snapshot, to: Snapshot];

export interface Ends {
  readonly server: Span;
  readonly clients: readonly Span[];
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

const total = (spans: readonly Span[], name: Counter): number =>
  sum(spans.map((span) => rate(span, name)));

export function bulkMetrics({ server, clients }: Ends, { isServerPouring }: Task): Metrics {
  const everyone = [server, ...clients];
  const writers = isServerPouring ? everyone : clients;
  const packets = total(writers, 'packetsSent');
  const cpu = total(everyone, 'cpuUs');
  const calls = total(everyone, 'calls');
  return onlyKnown({
    throughputMBps: sum(everyone.flatMap(shares)) / 1e6,
    packetsPerSec: packets,
    cpuPercent: cpu / 1e4,
    cpuNsPerPacket: (cpu * 1000) / packets,
    syscallsPerSec: calls,
    syscallsPerPacket: calls / packets,
    contextSwitchesPerSec: total(everyone, 'contextSwitches'),
    lostPercent: (total(writers, 'packetsLost') * 100) / packets,
  });
}

/** CPU of each side, and how equal the shares are of connections or workers, whichever the server counts. */
export function bulkNote(
  { server, clients }: Ends,
  { isServerPouring, channels, workers }: Task,
): string {
  const packets = isServerPouring ? Number.NaN : total(clients, 'packetsSent');
  const side = (name: string, spans: readonly Span[]): string => {
    const cpu = total(spans, 'cpuUs');
    const each = (cpu * 1000) / packets;
    const cost = Number.isFinite(each) ? ` and ${each.toFixed(0)} ns a packet` : '';
    return `${name} ${(cpu / 1e4).toFixed(0)} %${cost}`;
  };
  const name = clients.length === 1 ? 'client' : `${clients.length} clients`;
  const text = `CPU: ${side(name, clients)}, ${side('server', [server])}`;
  const parts = shares(server);
  if (workers > 0) return `${text}; MB/s of each worker: ${megabytes(parts)}`;
  if (channels === 1) return text;
  return `${text}; Jain's index of the shares ${jainIndex(parts, channels).toFixed(2)}`;
}

const megabytes = (parts: readonly number[]): string =>
  parts.map((part) => (part / 1e6).toFixed(0)).join(', ');

/** 1 when all are equal, 1 / n when one has all. */
function jainIndex(parts: readonly number[], count: number): number {
  return sum(parts) ** 2 / (count * sum(parts.map((part) => part * part)));
}

function onlyKnown(metrics: Metrics): Metrics {
  const known = Object.entries(metrics).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(known);
}
