/**
 * The group `e2e` of the suite: two processes on 127.0.0.1, ours beside what people use and beside C++.
 *
 * Data only; round trips are in catalogue-latency.ts, many cores in catalogue-shards.ts. Called by the suite's catalogue.
 *
 * Invariant: within a benchmark all transports get the same shape, the same chunks and the same time.
 */

import { secureCeilingObstacle } from '../ceiling/build-secure.js';
import type { Benchmark, Case } from '../suite/types.js';
import { ROUND_TRIPS } from './catalogue-latency.js';
import { SHARDS } from './catalogue-shards.js';
import { peerObstacle } from './transports/peer-package.js';

/** Processes from source take their time to start on a busy machine, and 64 connections theirs to open. */
const EXTRA_SECONDS = 40;
/** The ceiling is compiled when it is not there. */
const BUILD_SECONDS = 200;
/** Until the compiler has seen what a whole transport does: of ours, a second is not enough. */
const WARM = { warmupSeconds: 1.3 };
const NO_ADDON = { BURSTWIRE_ENGINE: 'dgram', BURSTWIRE_CRYPTO: 'node' };

type Shape = 'one' | 'fan-in' | 'fan-out' | 'both';
type BulkCase = Pick<Case, 'name' | 'about' | 'env' | 'obstacle'> & { readonly transport?: string };

function bulkCase(shape: Shape, role: 'ours' | 'peer', item: BulkCase): Case {
  const { transport = item.name, ...rest } = item;
  return {
    ...rest,
    role,
    script: 'e2e/cases/bulk.ts',
    args: [transport, shape],
    config: WARM,
    extraSeconds: EXTRA_SECONDS,
  };
}

const packaged = (name: string, about: string): BulkCase => ({
  name,
  about,
  obstacle: () => peerObstacle(name),
});

const BURSTWIRE: BulkCase = { name: 'burstwire', about: "datagrams of 1,452 bytes, 'data'" };
const TLS: BulkCase = { name: 'node:tls', about: 'TLS 1.3, AES-128-GCM, over the kernel’s TCP' };
const NET: BulkCase = { name: 'node:net', about: 'the kernel’s TCP, not encrypted' };
const UDX = packaged('udx-native', 'reliable UDP in C, not encrypted');
const QUINN = packaged('@chainsafe/libp2p-quic', 'QUIC in Rust (quinn), its addon alone');
const QUICHE = packaged('@matrixai/quic', 'QUIC in Rust (quiche) over node:dgram');
const PEERS = [TLS, NET, UDX, QUINN];

const CEILING: Case = {
  name: 'C++',
  role: 'limit',
  about: 'packets of 1,452 bytes sealed, moved and opened by C++ alone: no Node, no transport',
  script: 'e2e/cases/ceiling.ts',
  obstacle: secureCeilingObstacle,
  extraSeconds: BUILD_SECONDS,
};

const THROUGHPUT: Benchmark = {
  id: 'E1',
  group: 'e2e',
  title: 'One stream in bulk',
  about:
    'How much one stream carries from one process to another over loopback. Packets are limited to Ethernet’s size, 1,452 bytes of UDP payload, where nothing else is said; the kernel’s TCP uses loopback’s 64 KiB. CPU and system calls are those of both processes; what the kernel does not tell of TCP’s packets is missing.',
  primary: 'throughputMBps',
  better: 'more',
  cases: [
    ...[
      BURSTWIRE,
      {
        name: 'burstwire, readBorrowed',
        about: 'the application reads where the packet was opened',
        transport: 'burstwire borrowed',
      },
      {
        name: 'burstwire, path MTU',
        about: 'datagrams as large as the path takes: 65,507 bytes here',
        transport: 'burstwire free',
      },
      {
        name: 'burstwire, path MTU, readBorrowed',
        about: 'both',
        transport: 'burstwire free borrowed',
      },
      {
        name: 'burstwire without the addon',
        about: 'node:dgram and node:crypto',
        transport: 'burstwire',
        env: NO_ADDON,
      },
    ].map((item) => bulkCase('one', 'ours', item)),
    ...[...PEERS, QUICHE].map((item) => bulkCase('one', 'peer', item)),
    CEILING,
  ],
};

/** One round and no counts, since E1 has told what one stream does and the whole is to fit a quarter of an hour. */
const SHAPED = {
  group: 'e2e',
  primary: 'throughputMBps',
  better: 'more',
  rounds: 1,
  isCounted: false,
} as const;

// quiche's wrapper needs half a minute to open 64 connections, so it is in E1, E2 and E5 only.
const FAN_IN: Benchmark = {
  ...SHAPED,
  id: 'E3',
  title: '64 connections into one process',
  about:
    '64 clients, each with a socket of its own in one process, write in bulk to one server at once. All of them together count; how equal their shares are stands beside each.',
  cases: [
    bulkCase('fan-in', 'ours', BURSTWIRE),
    ...PEERS.map((item) => bulkCase('fan-in', 'peer', item)),
  ],
};

const FAN_OUT: Benchmark = {
  ...SHAPED,
  id: 'E4',
  title: 'One process to 64 connections',
  about:
    'One client, with one socket where the transport can share it, writes in bulk to 64 servers at once, each with a socket of its own in one process. All of them together count.',
  cases: [
    bulkCase('fan-out', 'ours', BURSTWIRE),
    ...PEERS.map((item) => bulkCase('fan-out', 'peer', item)),
  ],
};

const BOTH: Benchmark = {
  ...SHAPED,
  id: 'E5',
  title: 'Both directions at once',
  about:
    'Both ends of one stream write in bulk at the same time; what both receive is added. Acknowledgements then share packets with data.',
  cases: [
    bulkCase('both', 'ours', BURSTWIRE),
    ...[...PEERS, QUICHE].map((item) => bulkCase('both', 'peer', item)),
  ],
};

export const E2E: readonly Benchmark[] = [THROUGHPUT, ROUND_TRIPS, FAN_IN, FAN_OUT, BOTH, SHARDS];
