/**
 * What each process of a case does first and on demand: opens its side, says so, and tells what it has counted.
 *
 * Called by the role files under cases/. Invariant: it ends when its parent has gone.
 */

import type { Snapshot, Task } from './processes.js';
import { type Channel, SILENT_SIDE, type Side } from './transport.js';
import { loadTransport } from './transports/load.js';

export const task = JSON.parse(process.argv[2]) as Task;
export const isServer = task.doors === undefined;

/** Bytes that came on each channel. */
const received: number[] = [];

/**
 * Opens this side. Channels come one by one.
 *
 * @param onChannel is given each channel and a function that counts bytes as received
 */
export async function openRole(
  onChannel: (channel: Channel, add: (byteLength: number) => void) => void,
): Promise<void> {
  let side: Side = SILENT_SIDE;
  process.on('disconnect', () => process.exit());
  process.on('message', () => process.send!(snapshotOf(received, side)));
  const meet = (channel: Channel): void => {
    const index = received.push(0) - 1;
    onChannel(channel, (byteLength) => {
      received[index] += byteLength;
    });
  };
  const transport = await loadTransport(task.transport);
  if (task.doors === undefined) {
    const listening = await transport.listen(task.serverSockets, meet);
    side = listening;
    process.send!(listening.doors);
  } else {
    const connected = await transport.connect(task.doors, task.channels, task.clientSockets);
    side = connected;
    process.send!('ready');
    connected.channels.forEach(meet);
  }
}

/** @param bytes received, by channel or by worker */
export function snapshotOf(bytes: readonly number[], side: Side): Snapshot {
  const usage = process.resourceUsage();
  return {
    ms: performance.now(),
    cpuUs: usage.userCPUTime + usage.systemCPUTime,
    contextSwitches: usage.voluntaryContextSwitches + usage.involuntaryContextSwitches,
    bytes,
    isSettled: side.isSettled(),
    ...side.counts(),
  };
}
