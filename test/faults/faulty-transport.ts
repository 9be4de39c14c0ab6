/**
 * Two endpoints of the secure transport on sockets whose system calls fail on command, and a third that nothing happens to.
 *
 * The addon's class is replaced for the test file at hand, so that each socket that an endpoint opens can be reached;
 * everything else is the real thing. Used by the transport tests of this folder; they are left out, with a printed reason,
 * where faulty-socket.ts says so.
 *
 * Invariant: faults go to the socket that they are given to, and to no other.
 */

import { constants } from 'node:os';
import type { Connection, Endpoint } from '../../lib/index.js';
import type { Binding, NativeUdpSocket } from '../../lib/native/binding.js';
import { loadBinding } from '../../lib/native/load.js';
import { collect, hashOf, seeded } from '../transport/support/bytes.js';
import { join, open } from '../transport/support/pair.js';
import { type Fault, OPERATIONS } from './faulty-socket.js';

const NATIVE = { name: 'native', options: { engine: 'native' } } as const;

/** Handles of all sockets that were opened, in order. */
const handles: NativeUdpSocket[] = [];

function watchSockets(): void {
  const { binding } = loadBinding();
  if (binding === undefined || handles.length > 0) return;
  const Spied = new Proxy(binding.UdpSocket, {
    construct(target, values) {
      const made: NativeUdpSocket = Reflect.construct(target, values);
      handles.push(made);
      return made;
    },
  });
  (binding as { -readonly [Key in keyof Binding]: Binding[Key] }).UdpSocket = Spied;
}

export interface FaultyTransport {
  readonly server: Endpoint;
  readonly client: Endpoint;
  readonly here: Connection;
  readonly there: Connection;
  /** A connection of another client to the same server. */
  readonly other: Connection;
  /** Faults of the client's socket, and of the server's. */
  readonly failClient: (...faults: readonly Fault[]) => void;
  readonly failServer: (...faults: readonly Fault[]) => void;
}

export async function openTransport(
  options: { readonly gso?: boolean } = {},
): Promise<FaultyTransport> {
  watchSockets();
  const first = handles.length;
  const server = await open(NATIVE, options);
  const client = await open(NATIVE, options);
  const bystander = await open(NATIVE);
  const [here, there] = await join(client, server);
  const [other] = await join(bystander, server);
  const failing = (place: number) => {
    const handle = handles[first + place];
    return (...faults: readonly Fault[]): void => {
      for (const { call, answer, skip = 0, times = 1 } of faults) {
        const result = typeof answer === 'number' ? answer : -constants.errno[answer];
        handle.inject?.(OPERATIONS[call], skip, result, times);
      }
    };
  };
  return { server, client, here, there, other, failServer: failing(0), failClient: failing(1) };
}

/** Sends so many bytes over a new stream; whether exactly these arrive. */
export async function transfers(
  from: Connection,
  endpoint: Endpoint,
  byteLength: number,
  seed: number,
): Promise<boolean> {
  const bytes = seeded(byteLength, seed);
  const arrived = new Promise<Buffer>((resolve, reject) => {
    for (const connection of endpoint.connections) {
      connection.once('stream', (stream) => collect(stream).then(resolve, reject));
    }
  });
  const stream = from.openStream({ unidirectional: true });
  stream.on('error', () => undefined);
  stream.end(bytes);
  return hashOf(await arrived) === hashOf(bytes);
}
