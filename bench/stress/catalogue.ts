/**
 * The group `stress` of the suite: rates without loss, loss, memory, coming and going, a long time, and many at once.
 *
 * Data only. Called by the suite's catalogue.
 *
 * Invariant: each script measures itself, and works with a twentieth of a second as with an hour.
 */

import type { Benchmark, Case, Role } from '../suite/types.js';

/** A source run takes its time to start on a busy machine. */
const EXTRA_SECONDS = 60;
/** Thousands of connections are opened first, and are idle for two keep-alives of 30 s then. */
const CROWD_SECONDS = 240;

function stressCase(
  script: string,
  name: string,
  role: Role,
  about: string,
  ...args: string[]
): Case {
  return { name, role, about, script: `stress/${script}.ts`, args, extraSeconds: EXTRA_SECONDS };
}

function crowdCase(way: string): Case {
  const about = 'a thousand for each measured second';
  const item = stressCase('cases/scale', 'burstwire', 'ours', about, way);
  return { ...item, extraSeconds: CROWD_SECONDS };
}

const PACKET_RATE: Benchmark = {
  id: 'S1',
  group: 'stress',
  title: 'Highest rate without loss',
  about:
    'Datagrams of 64 bytes from one process to another over loopback: the highest rate, found by doubling and halving, at which every one that was due was sent and arrived. Offered from a loop that looks at the clock once a turn.',
  primary: 'packetsPerSec',
  better: 'more',
  seconds: 2,
  cases: [
    stressCase(
      'cases/packet-rate',
      'node:dgram',
      'peer',
      'connected; one call a datagram',
      'dgram',
    ),
    stressCase('cases/packet-rate', 'burstwire/udp', 'ours', 'batches of a send batch', 'udp'),
    stressCase(
      'cases/packet-rate',
      'burstwire datagrams',
      'ours',
      'unreliable datagrams of a secure connection, sealed and congestion-controlled',
      'datagram',
    ),
  ],
};

const LOSSES = [0.1, 1, 5, 10];

const LOSS: Benchmark = {
  id: 'S2',
  group: 'stress',
  title: 'Bulk through loss',
  about:
    'One stream over a simulated path of 100 Mbit/s (12.5 MB/s) and 20 ms that loses packets at random. Loss-based controllers take every loss for congestion, so they fall far below the link; that is what their formulas say, and what fairness to others asks for.',
  primary: 'throughputMBps',
  better: 'more',
  axis: 'percent of packets lost',
  // The path is simulated, and so is its time.
  rounds: 1,
  cases: ['newreno', 'cubic'].flatMap((congestion) =>
    LOSSES.map((percent) => ({
      ...stressCase(
        'cases/loss',
        `${congestion} ${percent} %`,
        'ours',
        congestion === 'cubic' ? 'CUBIC, the default' : 'NewReno',
        congestion,
        String(percent),
      ),
      at: percent,
      series: congestion,
    })),
  ),
};

const MEMORY: Benchmark = {
  id: 'S3',
  group: 'stress',
  title: 'Memory under load, and with receivers that do not read',
  about:
    'What both ends in one process hold while a sender gives all that is taken. A receiver that does not read holds what its windows allow and no more; the rest stays with the sender, which is told to wait.',
  primary: 'heapBytes',
  better: 'less',
  cases: [
    stressCase(
      'cases/memory',
      'node:net, not read',
      'peer',
      'the kernel holds most of it',
      'net-unread',
    ),
    stressCase('cases/memory', 'stream, read', 'ours', 'bulk at full speed', 'stream'),
    stressCase('cases/memory', 'stream, not read', 'ours', 'one stream', 'unread-stream'),
    stressCase(
      'cases/memory',
      '100 streams, not read',
      'ours',
      'one window of the connection for all',
      'unread-streams',
    ),
    stressCase(
      'cases/memory',
      'messages, not taken',
      'ours',
      'messages of 64 KiB, 512 under way',
      'unread-messages',
    ),
    stressCase(
      'cases/memory',
      'datagrams, not taken',
      'ours',
      'the oldest give way',
      'unread-datagrams',
    ),
  ],
};

const CHURN: Benchmark = {
  id: 'S4',
  group: 'stress',
  title: 'Connections that come and go',
  about:
    'Connections opened, used for 64 bytes there and back, and closed, eight at a time, both ends in one process: handshakes included. TLS authenticates one side here, burstwire both.',
  primary: 'connectionsPerSec',
  better: 'more',
  cases: [
    stressCase(
      'cases/churn',
      'node:tls',
      'peer',
      'TLS 1.3, ECDSA P-256, a full handshake each',
      'tls',
    ),
    stressCase('cases/churn', 'burstwire', 'ours', "the peer's key is known (Noise IK)", 'ik'),
    stressCase('cases/churn', 'burstwire, strangers', 'ours', 'the key is learnt (Noise XX)', 'xx'),
    stressCase('cases/churn', 'node:net', 'peer', 'no encryption, no keys', 'net'),
  ],
};

const SOAK: Benchmark = {
  id: 'S5',
  group: 'stress',
  title: 'Soak',
  about:
    'Bulk, messages, datagrams and connections that come and go, all at once: how fast what the process holds after a full collection grows. In a run of seconds this is noise around nothing; `npm run test:soak` looks for half an hour.',
  primary: 'heapSlopeBytesPerSec',
  better: 'less',
  rounds: 1,
  seconds: 10,
  cases: [stressCase('soak', 'burstwire', 'ours', 'both ends in one process')],
};

const IDLE: Benchmark = {
  id: 'S6',
  group: 'stress',
  title: 'Many idle connections',
  about:
    'Connections between two processes that carry nothing but a keep-alive every 30 seconds: what one of them holds in the process that has accepted them (heap and native memory, after a full collection), and the CPU time that all of them cost it, over a whole keep-alive that begins one after the last was opened. All come from one address, so PINGs that leave together leave as trains.',
  primary: 'heapBytes',
  better: 'less',
  rounds: 1,
  seconds: 5,
  cases: [crowdCase('idle')],
};

const BUSY: Benchmark = {
  id: 'S7',
  group: 'stress',
  title: 'One busy connection among idle ones',
  about:
    'One stream in bulk between two processes that have thousands of idle connections besides: CPU time of the receiving process for each packet, against the same between two processes that have no other connection: the medians of windows that take turns, and of their ratios.',
  primary: 'cpuNsPerPacket',
  better: 'less',
  rounds: 1,
  seconds: 5,
  cases: [crowdCase('busy')],
};

export const STRESS: readonly Benchmark[] = [PACKET_RATE, LOSS, MEMORY, CHURN, SOAK, IDLE, BUSY];
