/**
 * Tens of thousands of connections, opened, used for 64 bytes there and back, and closed, between two processes over
 * loopback: what is left of them on each side, and what one costs it.
 *
 *     npm run test:soak -- --churn 60000
 *
 * Prints a line for each tenth and each attempt that failed and, at the end, one of JSON. Ends with 1 when either side holds
 * more than before: heap, descriptors, timers or connections; and when an attempt failed although both sides ran meanwhile.
 * `--least N`: also when it was less than N connections a second. Starts itself as both sides.
 *
 * Invariant: what a side holds is read after a full collection, when both have let go of all connections; the time for
 * that counts in no rate.
 */

import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type ConnectOptions, Endpoint } from '../../lib/index.js';
import { Member } from './crowd.js';
import { answerOn, knockAt } from './doors.js';
import { grown, heapGrowth, type OpenThings, openThings } from './growth.js';
import { held } from './heap.js';
import { clockMs, longestMs, ranMs, type Span, StandstillWatch, stoodMs } from './standstill.js';

const HOST = '127.0.0.1';
/** Connections under way at once. */
const AT_ONCE = 32;
/** Rounds of the whole; their number of connections first, so that pools and tables are filled and code is compiled. */
const ROUNDS = 10;
/** Longest wait for closing periods. */
const SETTLE_MS = 20_000;
const LOOK_MS = 100;
/**
 * An attempt of 10 s that failed while a side, or the machine, stood still is no fault of ours, unless both sides ran for so
 * long of it: an answer takes milliseconds, and what was sent before a stop is in the socket after it.
 */
const ENOUGH_MS = 2000;
/**
 * A side that stood still for the idle timeout ends its connections when it is back, silently (RFC 9000 section 10.1): the
 * other one, which may have heard something just then, waits for as long again.
 */
const IDLE_MS = 30_000;

interface Hold {
  readonly heapBytes: number;
  readonly residentBytes: number;
  readonly things: OpenThings;
  readonly connections: number;
}

interface Failure extends Span {
  readonly reason: string;
}

/** Since the last one that a side gave. */
interface Usage {
  /** Of all its life. */
  readonly cpuUs: number;
  readonly stops: readonly Span[];
}

interface Round extends Usage {
  readonly seconds: number;
  readonly failures: readonly Failure[];
}

interface Where {
  readonly port: number;
  /** Hexadecimal. */
  readonly publicKey: string;
}

/** What a server knocks at. */
const NOWHERE: Where = { port: 0, publicKey: '' };

type Order = { readonly do: 'hold' | 'usage' } | { readonly do: 'knock'; readonly count: number };

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function hold(endpoint: Endpoint): Promise<Hold> {
  const untilMs = performance.now() + SETTLE_MS;
  while (endpoint.stats().connections > 0 && performance.now() < untilMs) await wait(LOOK_MS);
  const { heapBytes, residentBytes } = await held();
  const { connections } = endpoint.stats();
  return { heapBytes, residentBytes, things: openThings(), connections };
}

async function knockOn(
  client: Endpoint,
  to: ConnectOptions,
  count: number,
  watch: StandstillWatch,
): Promise<Round> {
  let left = count;
  const failures: Failure[] = [];
  const some = async (): Promise<void> => {
    while (left-- > 0) {
      const fromMs = clockMs();
      await knockAt(client, to).catch((error: unknown) => {
        failures.push({ fromMs, toMs: clockMs(), reason: String(error) });
      });
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, some));
  const seconds = (performance.now() - startMs) / 1000;
  return { seconds, failures, cpuUs: cpuUs(), stops: watch.take() };
}

/** The life of a side: does what it is told, one after the other. */
async function runSide(where: Where): Promise<void> {
  process.on('disconnect', () => process.exit());
  const endpoint = await Endpoint.bind({ address: HOST, idleTimeout: IDLE_MS });
  const watch = new StandstillWatch();
  answerOn(endpoint);
  const to = { address: HOST, port: where.port, publicKey: Buffer.from(where.publicKey, 'hex') };
  process.on('message', async (order: Order) => {
    if (order.do === 'hold') process.send!(await hold(endpoint));
    else if (order.do === 'knock') process.send!(await knockOn(endpoint, to, order.count, watch));
    else process.send!({ cpuUs: cpuUs(), stops: watch.take() } satisfies Usage);
  });
  const publicKey = Buffer.from(endpoint.publicKey).toString('hex');
  process.send!({ port: endpoint.address.port, publicKey } satisfies Where);
}

/** What is wrong with a side, one line each. */
function complaintsOf(name: string, holds: readonly Hold[]): string[] {
  const [first, last] = [holds[0], holds[holds.length - 1]];
  const { bytes, isTooMuch } = heapGrowth(holds.map(({ heapBytes }, round) => [round, heapBytes]));
  return [
    ...(isTooMuch ? [`the heap grew by ${(bytes / 1e6).toFixed(1)} MB in the second half`] : []),
    ...(last.connections > 0 ? [`${last.connections} connections are left`] : []),
    ...grown(first.things, last.things),
  ].map((complaint) => `${name}: ${complaint}`);
}

/** Tells of each failed attempt of a round. Returns how many cannot be laid to a machine that stood still. */
function countOurs(failures: readonly Failure[], stops: readonly Span[], startMs: number): number {
  const seconds = (ms: number): string => (ms / 1000).toFixed(1);
  let ours = 0;
  for (const failure of failures) {
    const ran = ranMs(failure, stops);
    if (ran >= ENOUGH_MS && longestMs(failure, stops) < IDLE_MS) ours++;
    const { fromMs, toMs, reason } = failure;
    process.stderr.write(
      `${seconds(toMs - startMs)} s: failed after ${seconds(toMs - fromMs)} s, both sides ran for ${seconds(ran)} s of it: ${reason}\n`,
    );
  }
  for (const { fromMs, toMs } of stops) {
    process.stderr.write(
      `stood still from ${seconds(fromMs - startMs)} to ${seconds(toMs - startMs)} s\n`,
    );
  }
  return ours;
}

async function main(count: number, least: number): Promise<number> {
  const script = fileURLToPath(import.meta.url);
  const server = new Member(script, ['--side', JSON.stringify(NOWHERE)]);
  const where = JSON.stringify(await server.answer<Where>());
  const client = new Member(script, ['--side', where]);
  await client.answer<Where>();
  const sides = { client, server };
  const holds: Record<keyof typeof sides, Hold[]> = { client: [], server: [] };
  const look = async (): Promise<void> => {
    // The client first: it is over when its last CONNECTION_CLOSE is.
    holds.client.push(await client.ask<Hold>({ do: 'hold' }));
    holds.server.push(await server.ask<Hold>({ do: 'hold' }));
  };
  const each = Math.ceil(count / ROUNDS);
  const usedUs = { client: 0, server: 0 };
  const startMs = clockMs();
  const stops: Span[] = [];
  let seconds = 0;
  let failures = 0;
  let ours = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const before = [
      await client.ask<Usage>({ do: 'usage' }),
      await server.ask<Usage>({ do: 'usage' }),
    ];
    const result = await client.ask<Round>({ do: 'knock', count: each });
    const after = await server.ask<Usage>({ do: 'usage' });
    const stood = [...result.stops, ...after.stops];
    stops.push(...stood);
    failures += result.failures.length;
    ours += countOurs(result.failures, stood, startMs);
    await look();
    // The first one fills pools and tables, and counts in no rate.
    if (round === 0) continue;
    usedUs.client += result.cpuUs - before[0].cpuUs;
    usedUs.server += after.cpuUs - before[1].cpuUs;
    seconds += result.seconds;
    const heaps = Object.values(holds).map((of) => (of[round].heapBytes / 1e6).toFixed(2));
    process.stderr.write(
      `${round * each} connections, ${(each / result.seconds).toFixed(0)} a second: heaps ${heaps.join(' and ')} MB\n`,
    );
  }
  for (const member of [client, server]) member.end();
  const connections = ROUNDS * each;
  const summary = Object.entries(holds).map(([name, of]) => {
    const [first, last] = [of[0], of[of.length - 1]];
    const us = usedUs[name as keyof typeof usedUs] / connections;
    return [name, { cpuUsPerConnection: Math.round(us), before: first, after: last }];
  });
  const perSecond = connections / seconds;
  process.stdout.write(
    `${JSON.stringify({ connections, failures, ours, stoodSeconds: stoodMs(stops) / 1000, perSecond, ...Object.fromEntries(summary) })}\n`,
  );
  const complaints = Object.entries(holds).flatMap(([name, of]) => complaintsOf(name, of));
  if (ours > 0) complaints.push(`${ours} of ${failures} attempts failed although both sides ran`);
  if (perSecond < least) complaints.push(`${perSecond.toFixed(0)} connections a second`);
  for (const complaint of complaints) process.stderr.write(`soak: ${complaint}\n`);
  if (complaints.length === 0) process.stderr.write('soak: nothing has grown\n');
  return complaints.length === 0 ? 0 : 1;
}

const { values } = parseArgs({
  options: {
    churn: { type: 'string', default: '60000' },
    least: { type: 'string', default: '0' },
    side: { type: 'string' },
  },
});
if (values.side !== undefined) {
  await runSide(JSON.parse(values.side) as Where);
} else {
  const [count, least] = [Number(values.churn), Number(values.least)];
  if (!(Number.isInteger(count) && count >= ROUNDS && count <= 1e7 && least >= 0)) {
    process.stderr.write(`--churn takes a number from ${ROUNDS} to ten million: ${values.churn}\n`);
    process.exit(2);
  }
  process.exit(await main(count, least));
}
