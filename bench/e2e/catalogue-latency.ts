/**
 * E2: round trips, in a closed loop and in an open one.
 *
 * Data only. Called by catalogue.ts.
 *
 * Invariant: each case is compared with node:dgram in the same kind of loop.
 */

import type { Benchmark, Case, Role } from '../suite/types.js';
import { peerObstacle } from './transports/peer-package.js';

const EXTRA_SECONDS = 30;
/** Until the compiler has seen what a whole transport does. */
const WARM = { warmupSeconds: 0.7 };
/** Requests a second of the open loop: what all but the slowest keep up with. */
const RATE = 2000;
const LOOPS = { closed: 'one at a time', open: `${RATE} a second` } as const;
const BASELINE = 'node:dgram';

type Loop = keyof typeof LOOPS;

interface Line {
  readonly name: string;
  readonly role: Role;
  readonly about: string;
  readonly transport?: string;
  readonly isPackage?: true;
  /** Its queue would grow all the time in an open loop. */
  readonly isClosedOnly?: true;
}

const LINES: readonly Line[] = [
  {
    name: 'burstwire stream',
    role: 'ours',
    about: 'both ways on one stream',
    transport: 'burstwire',
  },
  {
    name: 'burstwire messages',
    role: 'ours',
    about: 'sendMessage both ways, each acknowledged',
    transport: 'burstwire messages',
  },
  {
    name: 'burstwire datagrams',
    role: 'ours',
    about: 'sendDatagram both ways, sealed, not sent again',
    transport: 'burstwire datagrams',
  },
  { name: BASELINE, role: 'peer', about: 'not encrypted, not sent again' },
  { name: 'node:net', role: 'peer', about: 'TCP without Nagle’s delay, not encrypted' },
  { name: 'node:tls', role: 'peer', about: 'TLS 1.3, AES-128-GCM, without Nagle’s delay' },
  { name: 'udx-native', role: 'peer', about: 'reliable UDP in C, not encrypted', isPackage: true },
  { name: '@chainsafe/libp2p-quic', role: 'peer', about: 'QUIC in Rust (quinn)', isPackage: true },
  {
    name: '@matrixai/quic',
    role: 'peer',
    about: 'QUIC in Rust (quiche) over node:dgram; less than a thousand a second',
    isPackage: true,
    isClosedOnly: true,
  },
];

function latencyCase(loop: Loop, { name, role, about, transport = name, isPackage }: Line): Case {
  const nameOf = (of: string): string => `${of}, ${LOOPS[loop]}`;
  return {
    name: nameOf(name),
    role,
    about,
    baseline: nameOf(BASELINE),
    script: 'e2e/cases/latency.ts',
    args: loop === 'open' ? [transport, String(RATE)] : [transport],
    config: WARM,
    extraSeconds: EXTRA_SECONDS,
    ...(isPackage ? { obstacle: () => peerObstacle(name) } : {}),
  };
}

export const ROUND_TRIPS: Benchmark = {
  id: 'E2',
  group: 'e2e',
  title: 'Round trips of 64 bytes',
  about: `How long a request of 64 bytes and its answer take between two processes over loopback. In the closed loop the next request leaves when the answer is there; in the open one ${RATE.toLocaleString('en-US')} a second are due, and each is timed from when it was due, so that whoever stands still pays for all that wait. CPU is that of the answering process.`,
  primary: 'latencyP50Us',
  better: 'less',
  isCounted: false,
  cases: [
    ...LINES.map((line) => latencyCase('closed', line)),
    ...LINES.filter(({ isClosedOnly }) => !isClosedOnly).map((line) => latencyCase('open', line)),
  ],
};
