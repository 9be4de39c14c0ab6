/**
 * The rows of the benchmark: which sender talks to which receiver, what a row is compared with, and what it needs.
 *
 * Pure data and the plans made from it; the harness runs them. A new path gets one entry here. Invariant: within a
 * table all rows move the same datagrams for the same time; only who moves them differs.
 */

import {
  FANOUT_BUFFER_BYTES,
  type ReceiverKind,
  type ReceiverPlan,
  type SenderKind,
  type SenderPlan,
  SOCKET_BUFFER_BYTES,
} from './plan.js';

export type TableId = 'bulk' | 'many' | 'receive';

export interface TableInfo {
  readonly id: TableId;
  readonly title: string;
  /** One or two sentences for a reader who has never seen the project. */
  readonly about: string;
}

/** A side played by the worker, or by the C++ program with these arguments. */
export type Side<Plan> = { readonly node: Plan } | { readonly ceiling: readonly string[] };

export interface RowInfo {
  readonly id: string;
  readonly table: TableId;
  readonly name: string;
  /** One line that says how the row moves its datagrams. */
  readonly about: string;
  readonly group: 'baseline' | 'burstwire' | 'ceiling';
  /** Row that this one is compared with in the column "vs node:dgram". */
  readonly baseline: string;
  /** The C++ row that does the same with no Node. */
  readonly ceiling?: string;
  sender(config: RunConfig, ports: readonly number[]): Side<SenderPlan>;
  receiver(config: RunConfig): Side<ReceiverPlan>;
}

/** What one run is made of. */
export interface RunConfig {
  /** Payload bytes of a datagram in the first and third table. */
  readonly sizeBytes: number;
  /** Measured seconds of one case. */
  readonly seconds: number;
  readonly warmup: number;
  readonly tail: number;
  readonly rounds: number;
  /** Payload bytes of the second table. */
  readonly smallSizeBytes: number;
  readonly destinations: number;
  /** Offered datagrams a second in the third table. */
  readonly offeredRate: number;
  /** Trains in one call of the sender; see docs/benchmarks.md for how it was chosen. */
  readonly trains: number;
  /** A C++ compiler is there: the ceiling's programs serve as neutral senders and receivers. */
  readonly hasCeiling: boolean;
}

export const TABLES: readonly TableInfo[] = [
  {
    id: 'bulk',
    title: 'One sender, one receiver, as fast as it goes',
    about:
      'One process sends datagrams to one destination without pause; another receives them and reads a byte of each.',
  },
  {
    id: 'many',
    title: 'Small datagrams to many destinations',
    about:
      'Consecutive datagrams go to different sockets, so no trains can form. The receivers are the same in every row; sending is what is compared.',
  },
  {
    id: 'receive',
    title: 'Receiving from an ordinary sender',
    about:
      'A plain sender makes one system call per datagram, at the same fixed rate for every row. Compared is the CPU time that receiving costs.',
  },
];

type PlanPart = Partial<Omit<SenderPlan, 'role' | 'kind' | 'ports'>>;

function nodeSender(kind: SenderKind, config: RunConfig, ports: readonly number[], part: PlanPart) {
  const plan: SenderPlan = {
    role: 'send',
    kind,
    ports,
    sizeBytes: config.sizeBytes,
    gso: false,
    trains: 1,
    rate: 0,
    burst: 1,
    warmup: config.warmup,
    seconds: config.seconds,
    tail: config.tail,
    ...part,
  };
  return { node: plan };
}

function nodeReceiver(kind: ReceiverKind, config: RunConfig, gro: boolean, destinations = 1) {
  const { warmup, seconds } = config;
  const plan: ReceiverPlan = { role: 'receive', kind, gro, destinations, warmup, seconds };
  return { node: plan };
}

function times(config: RunConfig): string[] {
  return ['--warmup', `${config.warmup}`, '--seconds', `${config.seconds}`];
}

function ceilingSender(config: RunConfig, ports: readonly number[], ...more: string[]) {
  const fixed = ['send', ...times(config), '--tail', `${config.tail}`, '--ports', ports.join(',')];
  return { ceiling: [...fixed, '--buffer', `${SOCKET_BUFFER_BYTES}`, ...more] };
}

function ceilingReceiver(config: RunConfig, mode: string, ...more: string[]) {
  const fixed = ['recv', ...times(config), '--mode', mode];
  return { ceiling: [...fixed, '--buffer', `${SOCKET_BUFFER_BYTES}`, ...more] };
}

interface BulkRow {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  readonly ceiling?: string;
}

function burstwireBulk(row: BulkRow, kind: SenderKind, gso: boolean, gro: boolean): RowInfo {
  return {
    ...row,
    table: 'bulk',
    group: 'burstwire',
    baseline: 'dgram',
    sender: (config, ports) => nodeSender(kind, config, ports, { gso, trains: config.trains }),
    receiver: (config) => nodeReceiver('batch', config, gro),
  };
}

function ceilingBulk(row: BulkRow, send: readonly string[], receive: string): RowInfo {
  return {
    ...row,
    table: 'bulk',
    group: 'ceiling',
    baseline: 'dgram',
    sender: (config, ports) =>
      ceilingSender(config, ports, '--size', `${config.sizeBytes}`, ...send),
    receiver: (config) => ceilingReceiver(config, receive),
  };
}

const BULK: readonly RowInfo[] = [
  {
    id: 'dgram',
    table: 'bulk',
    name: 'node:dgram',
    about: 'connected socket, send(buffer, callback), 64 sends in flight',
    group: 'baseline',
    baseline: 'dgram',
    ceiling: 'c-sendto',
    sender: (config, ports) => nodeSender('dgram', config, ports, {}),
    receiver: (config) => nodeReceiver('dgram', config, false),
  },
  burstwireBulk(
    {
      id: 'single',
      name: 'burstwire one datagram a call',
      about: 'socket.send(payload, to); received as batches',
      ceiling: 'c-sendto',
    },
    'single',
    false,
    false,
  ),
  burstwireBulk(
    {
      id: 'mmsg',
      name: 'burstwire sendmmsg -> recvmmsg',
      about: 'socket.sendBatch(payloads, to), GSO and GRO off',
      ceiling: 'c-mmsg',
    },
    'batch',
    false,
    false,
  ),
  burstwireBulk(
    {
      id: 'gso',
      name: 'burstwire GSO -> plain receive',
      about: 'socket.sendSegments(bytes, size, to); the receiver has GRO off',
      ceiling: 'c-gso',
    },
    'segments',
    true,
    false,
  ),
  burstwireBulk(
    {
      id: 'gso-gro',
      name: 'burstwire GSO -> GRO',
      about: 'socket.sendSegments(bytes, size, to); trains arrive whole and are split natively',
      ceiling: 'c-gso-gro',
    },
    'segments',
    true,
    true,
  ),
  ceilingBulk(
    { id: 'c-sendto', name: 'C++ sendto -> recvfrom', about: 'one datagram a call, no Node' },
    ['--mode', 'sendto'],
    'recv',
  ),
  ceilingBulk(
    { id: 'c-mmsg', name: 'C++ sendmmsg -> recvmmsg', about: '64 datagrams a call, no Node' },
    ['--mode', 'sendmmsg'],
    'recvmmsg',
  ),
  ceilingBulk(
    { id: 'c-gso', name: 'C++ GSO -> recvmmsg', about: 'trains sent, no GRO, no Node' },
    ['--mode', 'gso', '--messages', '2'],
    'recvmmsg',
  ),
  ceilingBulk(
    { id: 'c-gso-gro', name: 'C++ GSO -> GRO', about: 'trains in both directions, no Node' },
    ['--mode', 'gso', '--messages', '2'],
    'gro',
  ),
];

/** The receivers of the second table: C++ where it can be built, so that every sender meets the same. */
function manyReceiver(config: RunConfig): Side<ReceiverPlan> {
  if (!config.hasCeiling) return nodeReceiver('dgram', config, false, config.destinations);
  const fixed = ['recv', ...times(config), '--mode', 'recvmmsg'];
  const sockets = [
    '--destinations',
    `${config.destinations}`,
    '--buffer',
    `${FANOUT_BUFFER_BYTES}`,
  ];
  return { ceiling: [...fixed, ...sockets] };
}

const MANY: readonly RowInfo[] = [
  {
    id: 'many-dgram',
    table: 'many',
    name: 'node:dgram',
    about: 'unconnected socket, lookup replaced, 64 sends in flight',
    group: 'baseline',
    baseline: 'many-dgram',
    ceiling: 'many-c',
    sender: (config, ports) =>
      nodeSender('dgram-fanout', config, ports, { sizeBytes: config.smallSizeBytes }),
    receiver: manyReceiver,
  },
  {
    id: 'many-batch',
    table: 'many',
    name: 'burstwire SendBatch',
    about: 'createSendBatch(), reserveOffset() and fill each datagram, flush()',
    group: 'burstwire',
    baseline: 'many-dgram',
    ceiling: 'many-c',
    sender: (config, ports) =>
      nodeSender('fanout', config, ports, { sizeBytes: config.smallSizeBytes, gso: true }),
    receiver: manyReceiver,
  },
  {
    id: 'many-c',
    table: 'many',
    name: 'C++ sendmmsg',
    about: '64 datagrams a call, each copied into the batch first, no Node',
    group: 'ceiling',
    baseline: 'many-dgram',
    sender: (config, ports) =>
      ceilingSender(config, ports, '--mode', 'sendmmsg', '--size', `${config.smallSizeBytes}`),
    receiver: manyReceiver,
  },
];

function pacedSender(config: RunConfig, ports: readonly number[], burst: number) {
  const { offeredRate: rate, sizeBytes } = config;
  if (!config.hasCeiling) return nodeSender('dgram', config, ports, { rate, burst });
  const pace = ['--rate', `${rate}`, '--burst', `${burst}`, '--size', `${sizeBytes}`];
  return ceilingSender(config, ports, '--mode', 'sendto', ...pace);
}

/** Datagrams that an ordinary sender hands over in one go in the "bursts" rows. */
const BURST = 32;

function receiveRow(id: string, kind: ReceiverKind, burst: number): RowInfo {
  const way = burst === 1 ? 'evenly spaced' : `bursts of ${burst}`;
  const isDgram = kind === 'dgram';
  return {
    id,
    table: 'receive',
    name: `${isDgram ? "node:dgram 'message'" : "burstwire 'batch'"}, ${way}`,
    about: isDgram ? "one 'message' event a datagram" : "one 'batch' event a wake-up, offsets read",
    group: isDgram ? 'baseline' : 'burstwire',
    baseline: burst === 1 ? 'receive-dgram' : 'receive-dgram-bursts',
    sender: (config, ports) => pacedSender(config, ports, burst),
    receiver: (config) => nodeReceiver(kind, config, true),
  };
}

const RECEIVE: readonly RowInfo[] = [
  receiveRow('receive-dgram', 'dgram', 1),
  receiveRow('receive-batch', 'batch', 1),
  receiveRow('receive-dgram-bursts', 'dgram', BURST),
  receiveRow('receive-batch-bursts', 'batch', BURST),
];

export const ROWS: readonly RowInfo[] = [...BULK, ...MANY, ...RECEIVE];

/**
 * The rows that `--only` names: ids of rows or of tables. The baselines of the named rows come along, so that the
 * ratios can be formed. Returns the first unknown name instead when there is one.
 */
export function selectRows(names: readonly string[]): readonly RowInfo[] | string {
  if (names.length === 0) return ROWS;
  const chosen = new Set<string>();
  for (const name of names) {
    const rows = ROWS.filter((row) => row.id === name || row.table === name);
    if (rows.length === 0) return name;
    for (const row of rows) {
      chosen.add(row.id);
      chosen.add(row.baseline);
    }
  }
  return ROWS.filter((row) => chosen.has(row.id));
}
