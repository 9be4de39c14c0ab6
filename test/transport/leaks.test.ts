/**
 * Connections that come and go leave nothing behind: not on the heap, no descriptor, no timer. `npm run test:soak` looks
 * for longer.
 *
 * A connection that is kept costs both sides together 17,000 bytes; tables and pools that are filling up, less and less.
 */

import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { grown, openThings } from '../../bench/stress/growth.js';
import { held } from '../../bench/stress/heap.js';
import { type Connection, Endpoint } from '../../lib/index.js';
import { until } from '../conformance/support/waiting.js';
import { engines, type Variant } from './support/variants.js';

const ROUNDS = 2;
const CONNECTIONS = 64;
const AT_ONCE = 8;
const KEPT_BYTES_MAX = 5000;

/** Not that of support/pair.ts, which keeps every stream until the test is over. */
async function open({ options }: Variant): Promise<Endpoint> {
  const endpoint = await Endpoint.bind({ address: '127.0.0.1', ...options });
  onTestFinished(() => endpoint.close());
  return endpoint;
}

function ignore(): void {}

async function visit(client: Endpoint, server: Endpoint): Promise<void> {
  const { address, port } = server.address;
  const connection = await client.connect({ address, port, publicKey: server.publicKey });
  const stream = connection.openStream();
  stream.end('hello');
  await once(stream.resume(), 'end');
  await connection.sendMessage(Buffer.from('a message'));
  connection.sendDatagram(Buffer.from('a datagram'));
  await connection.close();
}

async function visits(client: Endpoint, server: Endpoint): Promise<void> {
  let left = CONNECTIONS;
  const some = async (): Promise<void> => {
    while (left-- > 0) await visit(client, server);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, some));
  await until(
    () => client.stats().connections + server.stats().connections === 0,
    () => `no connections, not ${client.stats().connections} and ${server.stats().connections}`,
  );
}

describe.runIf(process.platform === 'linux')('leaks', () => {
  it.each(engines.slice(0, 1))(
    'hundreds of connections leave nothing: $name',
    { timeout: 150_000 },
    async (variant) => {
      const server = await open(variant);
      const client = await open(variant);
      server.on('connection', (connection: Connection) => {
        connection.on('stream', (stream) => stream.on('error', ignore).pipe(stream));
        connection.on('message', ignore);
        connection.on('datagram', ignore);
      });
      // What is compiled, interned and pooled with the first ones is nobody's.
      await visits(client, server);
      const things = openThings();
      const heaps: number[] = [];
      for (let round = 0; round <= ROUNDS; round++) {
        heaps.push((await held()).heapBytes);
        if (round < ROUNDS) await visits(client, server);
      }
      // The least growth of any round: a leak is in all of them.
      const perConnection = Math.min(
        ...heaps.slice(1).map((bytes, index) => (bytes - heaps[index]!) / CONNECTIONS),
      );
      expect(perConnection).toBeLessThan(KEPT_BYTES_MAX);
      await until(
        () => grown(things, openThings()).length === 0,
        () => grown(things, openThings()).join('; '),
      );
    },
  );
});
