/**
 * Ablation in bulk transfer: one stream between two processes on 127.0.0.1, with a problem of the original and without.
 *
 * Data only. Called by catalogue.ts; what a variant's name switches is in variants.ts.
 *
 * Invariant: within a benchmark nothing differs but the variant and the environment variables of lib.
 */

import { capabilities } from '../../lib/api/capabilities.js';
import type { Benchmark, Case } from '../suite/types.js';
import type { VariantName } from './variants.js';

/** Two processes from source take their time to start on a busy machine. */
const EXTRA_SECONDS = 40;
const NO_TRAINS = { BURSTWIRE_GSO: '0', BURSTWIRE_GRO: '0' };

interface BulkCase {
  readonly name: string;
  readonly role: 'before' | 'after';
  readonly variant: VariantName;
  readonly about: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Only with trains, so only where the kernel has them. */
  readonly needsTrains?: boolean;
}

function noAddon(): string | undefined {
  const { engine, reasons } = capabilities();
  return engine === 'native' ? undefined : `needs the addon: ${reasons.engine}`;
}

function noTrains(): string | undefined {
  const { gso, gro, reasons } = capabilities();
  return gso && gro ? undefined : `needs GSO and GRO: ${reasons.gso ?? reasons.gro}`;
}

function bulkCase({ name, role, variant, about, env, needsTrains = false }: BulkCase): Case {
  return {
    name,
    role,
    about,
    script: 'ablation/bulk.ts',
    args: [variant],
    ...(env === undefined ? {} : { env }),
    extraSeconds: EXTRA_SECONDS,
    obstacle: () => noAddon() ?? (needsTrains ? noTrains() : undefined),
  };
}

const bulk = (
  benchmark: Pick<Benchmark, 'id' | 'title' | 'about'> & Partial<Benchmark>,
  cases: readonly BulkCase[],
): Benchmark => ({
  group: 'ablation',
  primary: 'throughputMBps',
  better: 'more',
  ...benchmark,
  cases: cases.map(bulkCase),
});

const OURS = { name: 'ours', role: 'after', variant: 'ours', about: 'as it is' } as const;

const BATCHES = bulk(
  {
    id: 'A1',
    title: 'One system call a datagram',
    about:
      'The original called recv_from and send_to once a packet. Here the addon’s socket takes and gives one message a call, without trains; beside it the same through node:dgram, batches without trains, and ours. The price is a system call and a pass through the whole stack for each packet.',
  },
  [
    {
      name: 'one datagram a call',
      role: 'before',
      variant: 'single calls',
      about: 'recvmmsg and sendmmsg of one message each',
      env: NO_TRAINS,
    },
    {
      name: 'node:dgram',
      role: 'before',
      variant: 'ours',
      about: 'the dgram engine, with the addon’s packet protection',
      env: { BURSTWIRE_ENGINE: 'dgram' },
    },
    { ...OURS, name: 'batches of trains', needsTrains: true },
    {
      name: 'batches',
      role: 'after',
      variant: 'ours',
      about: 'recvmmsg and sendmmsg, no trains',
      env: NO_TRAINS,
    },
  ],
);

const CHANNEL = bulk(
  {
    id: 'A2',
    title: 'A channel of one between connection and application',
    about:
      'Each stream of the original handed its fragments over through a channel with room for one. Here the reader takes one packet’s bytes a turn of the event loop; in the second case the stream’s window and the writer’s buffer hold one item too, so each waits for the other. The price is a wake-up for each packet.',
  },
  [
    {
      name: 'one item a turn',
      role: 'before',
      variant: 'channel of one',
      about: 'the reader’s side alone',
    },
    {
      name: 'one item on the way',
      role: 'before',
      variant: 'channels and window of one',
      about: 'reader, writer and the stream’s window',
    },
    { ...OURS, about: 'what a batch brought in one piece, megabytes of window' },
  ],
);

const RESERVATION = bulk(
  {
    id: 'A3',
    title: '100 bytes reserved in each packet',
    about:
      'The original kept 100 bytes of each packet free for metadata that took about 24. Here packets are 76 bytes shorter than the path allows; the price is in the overhead, and one packet more in every nineteen.',
    primary: 'overheadBytesPerPacket',
    better: 'less',
  },
  [
    {
      name: '100 bytes reserved',
      role: 'before',
      variant: 'reserve 100',
      about: 'datagrams of 1,376 bytes on a path of 1,452',
    },
    { ...OURS, about: 'datagrams of 1,452 bytes' },
  ],
);

const TRAINS = bulk(
  {
    id: 'A4',
    title: 'No GSO, no GRO',
    about:
      'The original knew neither UDP_SEGMENT nor UDP_GRO. Here both are switched off (BURSTWIRE_GSO=0, BURSTWIRE_GRO=0), batches of single datagrams stay; the price is that each datagram takes its own way through the kernel.',
  },
  [
    {
      name: 'no trains',
      role: 'before',
      variant: 'ours',
      about: 'sendmmsg and recvmmsg of single datagrams',
      env: NO_TRAINS,
    },
    { ...OURS, name: 'trains', needsTrains: true },
  ],
);

const JUMBO = bulk(
  {
    id: 'A6',
    title: 'No datagrams above Ethernet’s 1,500 bytes',
    about:
      'The original’s packet size was a constant. Here the search for the path’s MTU is capped (`maxDatagramSize`) at Ethernet’s size, at that of jumbo frames, and not at all, on loopback, whose MTU is 65,536; the price is packets.',
  },
  [
    { name: '1,452 bytes', role: 'before', variant: 'ours', about: 'Ethernet' },
    { name: '8,952 bytes', role: 'after', variant: 'jumbo 8952', about: 'jumbo frames' },
    { name: '65,507 bytes', role: 'after', variant: 'jumbo 65507', about: 'the default cap' },
  ],
);

const COPIES = bulk(
  {
    id: 'A7',
    title: 'Payloads serialised into buffers of their own',
    about:
      'The original serialised each payload into a buffer and copied it into the packet, and the other way round. Here each payload goes through one fresh buffer more before it is sealed and after it is opened; the price is memory bandwidth and garbage. The last case reads without any copy (`readBorrowed`).',
  },
  [
    {
      name: 'two copies more',
      role: 'before',
      variant: 'double copies',
      about: 'one fresh buffer a payload, on either side',
    },
    { ...OURS, name: "'data'", about: 'one copy when sealing, one for the application' },
    {
      name: 'readBorrowed',
      role: 'after',
      variant: 'borrowed',
      about: 'the application reads where the packet was opened',
    },
  ],
);

export const BULK: readonly Benchmark[] = [BATCHES, CHANNEL, RESERVATION, TRAINS, JUMBO, COPIES];
