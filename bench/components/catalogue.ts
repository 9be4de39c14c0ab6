/**
 * The group `components` of the suite: parts of the transport with what belongs to them, in one process.
 *
 * Data only. Called by the suite's catalogue.
 *
 * Invariant: each script is under cases/, and measures itself; cases that are points of lines name their baseline.
 */

import type { Benchmark, Case, Role } from '../suite/types.js';

/** Until the compiler has seen what whole endpoints do. */
const WARM = { warmupSeconds: 0.8 };

type LatencyLine = readonly [name: string, role: Role, way: string, about: string];

const CONNECTED = 'node:dgram, connected';
const LATENCIES: readonly LatencyLine[] = [
  [CONNECTED, 'peer', 'dgram', 'until its call returns'],
  ['node:dgram', 'peer', 'dgram-callback', 'not connected, as most use it: until its callback'],
  ['burstwire/udp', 'ours', 'udp', 'send of the batched socket alone'],
  ['stream', 'ours', 'stream', 'write to a stream, sealed'],
  ['message', 'ours', 'message', 'sendMessage, sealed'],
  ['datagram', 'ours', 'datagram', 'sendDatagram, sealed'],
];

const SEND_LATENCY: Benchmark = {
  id: 'C1',
  group: 'components',
  title: 'From the application to the socket',
  about:
    'How long 64 bytes take from the call of the application until the kernel has them: framing, sealing and the system call. One at a time, over loopback.',
  primary: 'latencyP50Us',
  better: 'less',
  cases: LATENCIES.map(([name, role, way, about]) => ({
    name,
    role,
    about,
    baseline: CONNECTED,
    script: 'components/cases/send-latency.ts',
    args: [way],
    config: WARM,
  })),
};

const THROUGHPUT_WAYS = {
  net: ['node:net', 'peer', 'writes to a TCP connection, not encrypted'],
  stream: ['stream', 'ours', 'writes to one stream'],
  message: ['messages', 'ours', 'messages, each a stream of its own and acknowledged'],
} as const satisfies Readonly<Record<string, readonly [string, Role, string]>>;

function throughputCase(way: keyof typeof THROUGHPUT_WAYS, size: number): Case {
  const [label, role, about] = THROUGHPUT_WAYS[way];
  return {
    name: `${label} ${size}`,
    role,
    about,
    at: size,
    series: label,
    baseline: `node:net ${size}`,
    script: 'components/cases/stream-throughput.ts',
    args: [way, String(size)],
    config: WARM,
  };
}

const THROUGHPUT: Benchmark = {
  id: 'C2',
  group: 'components',
  title: 'Throughput of streams and messages',
  about:
    'One connection, both ends in one process on one core, over loopback, in writes or messages of one size. TCP does its work in the kernel, and encrypts nothing.',
  primary: 'throughputMBps',
  better: 'more',
  axis: 'bytes of a write or message',
  cases: (['net', 'stream', 'message'] as const).flatMap((way) =>
    [1000, 10_000, 100_000, 1_000_000].map((size) => throughputCase(way, size)),
  ),
};

function trackerCase(
  direction: string,
  whose: 'ours' | 'original',
  window: number,
  path: string,
): Case {
  const label = whose === 'ours' ? 'burstwire' : 'original';
  const nameOf = (of: string) => `${of} ${direction} ${window} ${path}`;
  return {
    name: nameOf(label),
    role: whose === 'ours' ? 'ours' : 'before',
    about:
      whose === 'ours'
        ? 'rings of typed arrays by packet number; ranges; lost by the third packet behind it'
        : 'a map of objects and a queue of timeouts; lists of numbers; lost after 600 ms',
    at: window,
    series: `${label} ${direction} ${path}`,
    baseline: nameOf('original'),
    script: 'components/cases/trackers.ts',
    args: [direction, whose, String(window), path],
  };
}

const TRACKERS: Benchmark = {
  id: 'C3',
  group: 'components',
  title: 'Books of sent and received packets',
  about:
    'What it costs to remember a packet until it is settled, without and with losses (1 of 100) and reordering (1 of 10). An acknowledgement for every 10 packets is part of it.',
  primary: 'nsPerOp',
  better: 'less',
  axis: 'packets in flight',
  rounds: 1,
  seconds: 0.2,
  cases: ['sent', 'received'].flatMap((direction) =>
    ['clean', 'lossy'].flatMap((path) =>
      (['ours', 'original'] as const).flatMap((whose) =>
        [10, 1000, 5000].map((window) => trackerCase(direction, whose, window, path)),
      ),
    ),
  ),
};

const LIMITERS = {
  endpoint: ['endpoint', 'ours', 'option rateLimit of an endpoint that always has more to send'],
  bucket: ['token bucket', 'ours', 'the bucket of the endpoint alone, with real timers'],
  sleep: ['a timer a packet', 'peer', 'as long as the packet should take'],
  window: ['windows of 10 ms', 'before', 'the original: whole packets, then a timer'],
} as const satisfies Readonly<Record<string, readonly [string, Role, string]>>;
const KILO = 1000;
const RATES = [100 * KILO, KILO ** 2, 10 * KILO ** 2, 100 * KILO ** 2, KILO ** 3];

function limiterCase(way: keyof typeof LIMITERS, rate: number): Case {
  const [label, role, about] = LIMITERS[way];
  return {
    name: `${label} ${rate}`,
    role,
    about,
    at: rate,
    series: label,
    baseline: `${LIMITERS.window[0]} ${rate}`,
    script: 'components/cases/rate-limit.ts',
    args: [way, String(rate)],
    ...(way === 'endpoint' ? { config: WARM } : {}),
  };
}

const RATE_LIMIT: Benchmark = {
  id: 'C4',
  group: 'components',
  title: 'Precision of rate limits',
  about:
    'How far the bytes a second are off those asked for; at most 2 % is the aim, on a machine that lets the process run: credit for longer than 8 ms is not saved up. A gigabyte a second is more than both ends of an endpoint do on one core, so only its bucket is asked for that.',
  primary: 'errorPercent',
  better: 'less',
  rounds: 1,
  axis: 'bytes a second asked for',
  cases: (['endpoint', 'bucket', 'sleep', 'window'] as const).flatMap((way) =>
    RATES.filter((rate) => way !== 'endpoint' || rate < KILO ** 3).map((rate) =>
      limiterCase(way, rate),
    ),
  ),
};

function dgramCases(programs: Readonly<Record<string, string>>): Case[] {
  return Object.entries(programs).flatMap(([program, about]) =>
    (['node', 'burstwire'] as const).map((whose) => ({
      name: `${whose === 'node' ? 'node:dgram' : 'burstwire/dgram'} ${program}`,
      role: whose === 'node' ? ('peer' as const) : ('ours' as const),
      about,
      baseline: `node:dgram ${program}`,
      script: 'components/cases/dgram-program.ts',
      args: [program, whose],
      config: WARM,
    })),
  );
}

const DGRAM_RECEIVES: Benchmark = {
  id: 'D1',
  group: 'components',
  title: 'An ordinary dgram program receives',
  about:
    'Datagrams of some 60 bytes from another process, as many as the program takes, and only its import differs. The sender uses no trains, so each crosses the kernel by itself. CPU is that of the program; for the echo it includes its answers.',
  primary: 'cpuNsPerPacket',
  better: 'less',
  cases: dgramCases({
    sink: 'adds metrics up by name, as statsd does',
    echo: 'answers each datagram',
  }),
};

const DGRAM_SENDS: Benchmark = {
  id: 'D2',
  group: 'components',
  title: 'An ordinary dgram program sends',
  about:
    'Datagrams of 51 bytes to another process, and only the import differs. CPU is that of the program; on loopback the kernel’s path to the receiver is in it.',
  primary: 'cpuNsPerPacket',
  better: 'less',
  cases: dgramCases({
    ticks: '32 datagrams in each turn of the event loop, without callbacks',
    callbacks: 'the same, with a callback each',
  }),
};

export const COMPONENTS: readonly Benchmark[] = [
  SEND_LATENCY,
  THROUGHPUT,
  TRACKERS,
  RATE_LIMIT,
  DGRAM_RECEIVES,
  DGRAM_SENDS,
];
