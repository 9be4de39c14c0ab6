/**
 * Two endpoints in this process and a connection between them over loopback.
 *
 * Called by the scripts under cases/.
 *
 * Invariant: both sides of the connection are confirmed when `openPair` resolves.
 */

import { once } from 'node:events';
import { type Connection, Endpoint, type EndpointOptions } from '../../lib/index.js';

export interface Pair {
  readonly client: Endpoint;
  readonly server: Endpoint;
  /** The connection as the client has it, and as the server has it. */
  readonly here: Connection;
  readonly there: Connection;
}

export async function openPair(options: EndpointOptions = {}): Promise<Pair> {
  const server = await Endpoint.bind({ ...options, address: '127.0.0.1' });
  const client = await Endpoint.bind({ ...options, address: '127.0.0.1' });
  const accepted = once(server, 'connection') as Promise<[Connection]>;
  const { address, port } = server.address;
  const here = await client.connect({ address, port, publicKey: server.publicKey });
  const [there] = await accepted;
  return { client, server, here, there };
}
