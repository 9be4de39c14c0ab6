/** The arithmetic of the group e2e: what two snapshots say, whose answer came, which peers are there. */

import { describe, expect, it } from 'vitest';
import { Answers, REQUEST_BYTES } from '../../../bench/e2e/answers.js';
import { bulkMetrics, bulkNote, type Ends } from '../../../bench/e2e/bulk-metrics.js';
import type { Snapshot, Task } from '../../../bench/e2e/processes.js';
import type { Channel } from '../../../bench/e2e/transport.js';
import { peerObstacle } from '../../../bench/e2e/transports/peer-package.js';

const TASK: Task = {
  transport: 'burstwire',
  channels: 1,
  clientSockets: 1,
  serverSockets: 1,
  workers: 0,
  isServerPouring: false,
  rate: 0,
  seconds: 1,
  warmupSeconds: 0,
};

function snapshot(values: Partial<Snapshot>): Snapshot {
  return { ms: 0, cpuUs: 0, contextSwitches: 0, bytes: [], isSettled: true, ...values };
}

/** Two seconds, as each process's own clock has them. */
const ENDS: Ends = {
  server: [
    snapshot({ ms: 100, bytes: [1000], calls: 10, packetsSent: 5, packetsLost: 0 }),
    snapshot({
      ms: 2100,
      bytes: [4_001_000],
      cpuUs: 1_000_000,
      calls: 30,
      packetsSent: 55,
      packetsLost: 0,
    }),
  ],
  clients: [
    [
      snapshot({ ms: 900, calls: 0, packetsSent: 1000, packetsLost: 10 }),
      snapshot({ ms: 2900, cpuUs: 600_000, calls: 180, packetsSent: 5000, packetsLost: 50 }),
    ],
  ],
};

describe('bulkMetrics', () => {
  it('takes bytes from who receives, packets from who writes, the rest from both', () => {
    const found = bulkMetrics(ENDS, TASK);
    expect(found).toEqual({
      throughputMBps: 2,
      packetsPerSec: 2000,
      cpuPercent: 80,
      cpuNsPerPacket: 400_000,
      syscallsPerSec: 100,
      syscallsPerPacket: 0.05,
      contextSwitchesPerSec: 0,
      lostPercent: 1,
    });
  });

  it('adds both when both write', () => {
    const found = bulkMetrics(ENDS, { ...TASK, isServerPouring: true });
    expect(found.packetsPerSec).toBe(2025);
  });

  it('adds what several clients do', () => {
    const { server, clients } = ENDS;
    const found = bulkMetrics({ server, clients: [...clients, ...clients] }, TASK);
    expect(found).toMatchObject({ throughputMBps: 2, packetsPerSec: 4000, cpuPercent: 110 });
    expect(found).toMatchObject({ cpuNsPerPacket: 275_000, syscallsPerSec: 190, lostPercent: 1 });
  });

  it('leaves out what one of the two does not count', () => {
    const { server, clients } = ENDS;
    const [from, { calls: _calls, packetsSent: _sent, ...rest }] = clients[0];
    const found = bulkMetrics({ server, clients: [[from, rest]] }, TASK);
    const known = ['throughputMBps', 'cpuPercent', 'contextSwitchesPerSec'];
    expect(Object.keys(found).sort()).toEqual(known.sort());
  });
});

describe('bulkNote', () => {
  it('says what each side costs', () => {
    const text = 'CPU: client 30 % and 150000 ns a packet, server 50 % and 250000 ns a packet';
    expect(bulkNote(ENDS, TASK)).toBe(text);
  });

  it('counts a connection that got nothing in as unequal', () => {
    const server = [snapshot({}), snapshot({ ms: 1000, bytes: [100, 100] })] as const;
    expect(bulkNote({ ...ENDS, server }, { ...TASK, channels: 4 })).toContain('shares 0.50');
  });

  it('says what each worker has received', () => {
    const [from, to] = [snapshot({ bytes: [0, 7e6] }), snapshot({ ms: 500, bytes: [2e6, 8e6] })];
    const ends = { server: [from, to], clients: [ENDS.clients[0], ENDS.clients[0]] } as const;
    const text = bulkNote(ends, { ...TASK, channels: 8, workers: 2 });
    expect(text).toContain('2 clients 60 %');
    expect(text).toMatch(/; MB\/s of each worker: 4, 2$/);
  });
});

function answersOf(hasRecords: boolean) {
  let deliver = (_bytes: Uint8Array): void => {};
  const channel: Channel = {
    hasRecords,
    write: () => true,
    onDrain: () => {},
    count: () => {},
    onBytes: (listener) => {
      deliver = listener;
    },
  };
  const came: number[] = [];
  const answers = new Answers(channel, (sequence) => came.push(sequence));
  return { answers, came, deliver: (bytes: Uint8Array) => deliver(bytes) };
}

describe('Answers', () => {
  it('counts whole answers in a stream that comes in pieces', () => {
    const { came, deliver } = answersOf(false);
    for (const size of [REQUEST_BYTES - 1, 1, 2 * REQUEST_BYTES + 3]) deliver(Buffer.alloc(size));
    expect(came).toEqual([0, 1, 2]);
  });

  it('reads the number of a record', () => {
    const { answers, came, deliver } = answersOf(true);
    for (const sequence of [7, 3]) deliver(answers.request(sequence));
    expect(came).toEqual([7, 3]);
  });
});

describe('peerObstacle', () => {
  it('says how to get a peer that is not there', () => {
    expect(peerObstacle('no-such-peer')).toBe('not installed: npm install in bench/peers');
  });
});
