/**
 * Endpoints and connections of a test: opened on loopback, gone when the test ends, whatever became of it.
 */

import { subscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';
import { type Connection, Endpoint, type EndpointOptions } from '../../../lib/index.js';
import { within } from '../../conformance/support/waiting.js';
import type { Variant } from './variants.js';

/** Streams of the test at hand. */
const streams = new Set<Duplex>();

subscribe('burstwire:stream.open', (message) => {
  streams.add((message as { readonly stream: Duplex }).stream);
});

/** The test is over: what is still open fails, and that is nobody's concern. */
async function endAll(endpoint: Endpoint): Promise<void> {
  for (const stream of streams) stream.on('error', ignore);
  streams.clear();
  for (const connection of endpoint.connections) connection.destroy();
  await endpoint.close();
}

/** An endpoint of this variant on 127.0.0.1, or where `options` says. */
export async function open(variant: Variant, options: EndpointOptions = {}): Promise<Endpoint> {
  const endpoint = await Endpoint.bind({ address: '127.0.0.1', ...variant.options, ...options });
  onTestFinished(() => endAll(endpoint));
  return endpoint;
}

/** What `connect` needs to reach an endpoint by its key. */
export function addressOf(endpoint: Endpoint) {
  const { address, port } = endpoint.address;
  return { address, port, publicKey: endpoint.publicKey };
}

export interface Pair {
  readonly server: Endpoint;
  readonly client: Endpoint;
  /** The connection as the client has it, which began it. */
  readonly here: Connection;
  /** The same as the server has it. */
  readonly there: Connection;
}

/** Two endpoints and a connection between them. */
export async function pair(
  variant: Variant,
  options: { readonly server?: EndpointOptions; readonly client?: EndpointOptions } = {},
): Promise<Pair> {
  const server = await open(variant, options.server);
  const client = await open(variant, options.client);
  const [here, there] = await join(client, server);
  return { server, client, here, there };
}

/** Connects; gives both sides of the connection. The server goes on listening. */
export async function join(client: Endpoint, server: Endpoint): Promise<[Connection, Connection]> {
  const accepted = within(once(server, 'connection'), () => "'connection' at the server");
  if (server.listenerCount('connection') === 1) server.on('connection', ignore);
  const here = await client.connect(addressOf(server));
  const [there] = (await accepted) as [Connection];
  return [here, there];
}

export function ignore(): void {}
