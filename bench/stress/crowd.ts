/**
 * Two processes with many connections between them over loopback: a server that is measured, and a client that opens them.
 *
 * Called by cases/scale.ts, on all sides; churn-soak.ts has sides of its own.
 *
 * Invariants: each process has one endpoint; both end when their parent has gone; what is counted is counted since the start.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  type Connection,
  type ConnectOptions,
  Endpoint,
  type EndpointOptions,
} from '../../lib/index.js';
import { held, nativeHeapBytes } from './heap.js';

const HOST = '127.0.0.1';
/** Handshakes under way at once. */
const AT_ONCE = 8;
/** A machine that stands still for seconds is no answer. */
const TRIES = 5;
/** Nobody leaves while others come, however slow the machine is. */
const IDLE_TIMEOUT_MS = 600_000;
const CHUNK_BYTES = 64 << 10;
/** As on Ethernet: loopback alone would take packets of 64 KB, few and heavy. */
const DATAGRAM_BYTES = 1452;

export interface Usage {
  readonly ms: number;
  readonly cpuUs: number;
  /** Received and sent. */
  readonly packets: number;
  readonly connections: number;
}

export interface Weight extends Usage {
  /** V8's heap. */
  readonly scriptBytes: number;
  /** The C library's, array buffers among it. */
  readonly nativeBytes: number;
  readonly residentBytes: number;
}

interface Where {
  readonly port: number;
  /** Hexadecimal. */
  readonly publicKey: string;
}

type Order =
  | { readonly do: 'open'; readonly count: number }
  | { readonly do: 'usage' | 'weigh' | 'pour' | 'stop' };

function optionsFor(keepAlive: number, maxConnections: number): EndpointOptions {
  return {
    address: HOST,
    keepAlive,
    idleTimeout: IDLE_TIMEOUT_MS,
    maxConnections,
    maxDatagramSize: DATAGRAM_BYTES,
  };
}

/** A process of this script, and what it answers. */
export class Member {
  readonly #child: ChildProcess;

  constructor(script: string, args: readonly string[]) {
    this.#child = fork(script, [...args], { execArgv: process.execArgv });
  }

  async ask<T>(order: object): Promise<T> {
    this.#child.send(order);
    return this.answer<T>();
  }

  /** The next thing that it says. Rejects when it ends instead. */
  async answer<T>(): Promise<T> {
    const abort = new AbortController();
    const { signal } = abort;
    const gone = once(this.#child, 'exit', { signal }).then(([code]) => {
      throw new Error(`a process of the crowd ended by itself: ${code}`);
    });
    const [said] = await Promise.race([once(this.#child, 'message', { signal }), gone]);
    gone.catch(() => undefined);
    abort.abort();
    return said as T;
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}

function usageOf(endpoint: Endpoint): Usage {
  const { user, system } = process.cpuUsage();
  const stats = endpoint.stats();
  return {
    ms: performance.now(),
    cpuUs: user + system,
    packets: stats.receivedPackets + stats.packetsSent,
    connections: stats.connections,
  };
}

async function obey(endpoint: Endpoint, order: Order, act: (order: Order) => Promise<void>) {
  await act(order);
  process.send!(order.do === 'weigh' ? await weightOf(endpoint) : usageOf(endpoint));
}

async function weightOf(endpoint: Endpoint): Promise<Weight> {
  const { residentBytes } = await held();
  const { heapUsed, external } = process.memoryUsage();
  const nativeBytes = nativeHeapBytes() ?? external;
  return { ...usageOf(endpoint), scriptBytes: heapUsed, nativeBytes, residentBytes };
}

/** The server's life. Reads whatever comes. */
export async function runServer(keepAlive: number, maxConnections: number): Promise<void> {
  process.on('disconnect', () => process.exit());
  const server = await Endpoint.bind(optionsFor(keepAlive, maxConnections));
  server.on('connection', onConnection);
  process.on('message', (order: Order) => void obey(server, order, async () => undefined));
  const publicKey = Buffer.from(server.publicKey).toString('hex');
  process.send!({ port: server.address.port, publicKey } satisfies Where);
}

function onConnection(connection: Connection): void {
  connection.on('stream', onStream);
}

function onStream(stream: { resume(): unknown }): void {
  stream.resume();
}

async function connect(client: Endpoint, to: ConnectOptions): Promise<Connection> {
  for (let tried = 1; ; tried++) {
    try {
      return await client.connect(to);
    } catch (error) {
      if (tried === TRIES) throw error;
    }
  }
}

/** The client's life. */
export async function runClient(
  where: string,
  keepAlive: number,
  maxConnections: number,
): Promise<void> {
  process.on('disconnect', () => process.exit());
  const { port, publicKey } = JSON.parse(where) as Where;
  const client = await Endpoint.bind(optionsFor(keepAlive, maxConnections));
  const to = { address: HOST, port, publicKey: Buffer.from(publicKey, 'hex') };
  const connections: Connection[] = [];
  let isPouring = false;
  const open = async (count: number): Promise<void> => {
    let left = count;
    const openSome = async (): Promise<void> => {
      while (left-- > 0) connections.push(await connect(client, to));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, openSome));
  };
  const pour = async (): Promise<void> => {
    const chunk = new Uint8Array(CHUNK_BYTES).fill(0x5a);
    const stream = connections[0].openStream({ unidirectional: true });
    while (isPouring) if (!stream.write(chunk)) await once(stream, 'drain');
    stream.end();
  };
  process.on('message', (order: Order) => {
    void obey(client, order, async () => {
      if (order.do === 'open') await open(order.count);
      else if (order.do === 'stop') isPouring = false;
      else if (order.do === 'pour') {
        isPouring = true;
        void pour();
      }
    });
  });
  process.send!('ready');
}

export interface Crowd {
  readonly server: Member;
  readonly client: Member;
}

/** Starts both processes. `add` hears of each at once, so that whoever ends them knows them all. */
export async function openCrowd(
  script: string,
  keepAlive: number,
  maxConnections: number,
  add: (member: Member) => void,
): Promise<Crowd> {
  const limits = [String(keepAlive), String(maxConnections)];
  const server = new Member(script, ['server', ...limits]);
  add(server);
  const where = JSON.stringify(await server.answer<Where>());
  const client = new Member(script, ['client', ...limits, where]);
  add(client);
  await client.answer<'ready'>();
  return { server, client };
}
