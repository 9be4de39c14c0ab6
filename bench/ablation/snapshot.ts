/**
 * What one side of a bulk transfer has counted at a moment, and what two such moments of both sides say.
 *
 * Called by bulk.ts (the receiver) and bulk-sender.ts, which sends its own over IPC.
 *
 * Invariant: only differences of two snapshots of the same process are used.
 */

import type { Connection } from '../../lib/api/connection.js';
import {
  COUNT_DATAGRAMS_RECEIVED,
  COUNT_DATAGRAMS_SENT,
  COUNT_RECEIVE_CALLS,
  COUNT_SEND_CALLS,
} from '../../lib/batch/layout.js';
import type { BatchSocket } from '../../lib/io/batch-socket.js';
import type { Metrics } from '../suite/types.js';
import { copied } from './double-copies.js';

export interface Snapshot {
  readonly ms: number;
  readonly cpuUs: number;
  readonly contextSwitches: number;
  readonly sendCalls: number;
  readonly receiveCalls: number;
  readonly datagramsSent: number;
  readonly datagramsReceived: number;
  readonly packetsSent: number;
  readonly packetsLost: number;
  readonly bytesSent: number;
  readonly streamBytesSent: number;
  readonly pathMtu: number;
  readonly payloadCopies: number;
}

export function takeSnapshot(socket: BatchSocket, connection: Connection | undefined): Snapshot {
  const { counters } = socket;
  const stats = connection?.stats();
  const usage = process.resourceUsage();
  return {
    ms: performance.now(),
    cpuUs: usage.userCPUTime + usage.systemCPUTime,
    contextSwitches: usage.voluntaryContextSwitches + usage.involuntaryContextSwitches,
    sendCalls: counters[COUNT_SEND_CALLS],
    receiveCalls: counters[COUNT_RECEIVE_CALLS],
    datagramsSent: counters[COUNT_DATAGRAMS_SENT],
    datagramsReceived: counters[COUNT_DATAGRAMS_RECEIVED],
    packetsSent: stats?.packetsSent ?? 0,
    packetsLost: stats?.packetsLost ?? 0,
    bytesSent: stats?.bytesSent ?? 0,
    streamBytesSent: stats?.streamBytesSent ?? 0,
    pathMtu: stats?.pathMtu ?? 0,
    payloadCopies: copied.payloads,
  };
}

/** Both sides at one end of the window, and the bytes that the receiver's application has by then. */
export interface Moment {
  readonly sender: Snapshot;
  readonly receiver: Snapshot;
  readonly bytes: number;
}

const callsOf = (side: Snapshot): number => side.sendCalls + side.receiveCalls;

/** Figures of the time between two moments. @param unusedBytes what the path would carry beyond each packet */
export function metricsBetween(from: Moment, to: Moment, unusedBytes: number): Metrics {
  const { sender, receiver } = to;
  const seconds = (receiver.ms - from.receiver.ms) / 1000;
  const packets = sender.packetsSent - from.sender.packetsSent;
  const payload = sender.streamBytesSent - from.sender.streamBytesSent;
  const sent = sender.bytesSent - from.sender.bytesSent;
  const cpuUs = sender.cpuUs - from.sender.cpuUs + receiver.cpuUs - from.receiver.cpuUs;
  const calls = callsOf(sender) - callsOf(from.sender) + callsOf(receiver) - callsOf(from.receiver);
  const switches =
    sender.contextSwitches -
    from.sender.contextSwitches +
    receiver.contextSwitches -
    from.receiver.contextSwitches;
  return {
    throughputMBps: (to.bytes - from.bytes) / seconds / 1e6,
    packetsPerSec: packets / seconds,
    cpuPercent: cpuUs / seconds / 1e4,
    cpuNsPerPacket: (cpuUs * 1000) / packets,
    syscallsPerSec: calls / seconds,
    syscallsPerPacket: calls / packets,
    overheadBytesPerPacket: unusedBytes + (sent - payload) / packets,
    contextSwitchesPerSec: switches / seconds,
    lostPercent: ((sender.packetsLost - from.sender.packetsLost) * 100) / packets,
  };
}

/** What the counters say of the switch, for the row's note. */
export function proofOf(from: Moment, to: Moment): string {
  const { sender, receiver } = to;
  const perCall = (datagrams: number, calls: number): string =>
    calls > 0 ? (datagrams / calls).toFixed(1) : 'no';
  const sent = perCall(
    sender.datagramsSent - from.sender.datagramsSent,
    sender.sendCalls - from.sender.sendCalls,
  );
  const received = perCall(
    receiver.datagramsReceived - from.receiver.datagramsReceived,
    receiver.receiveCalls - from.receiver.receiveCalls,
  );
  const copies =
    sender.payloadCopies -
    from.sender.payloadCopies +
    receiver.payloadCopies -
    from.receiver.payloadCopies;
  const extra = copies > 0 ? `, ${copies} payloads copied once more` : '';
  return `${sent} datagrams a call sent, ${received} received, datagrams of ${sender.pathMtu} bytes at most${extra}`;
}
