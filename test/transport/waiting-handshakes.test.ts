/**
 * An endpoint that is closed while handshake messages of peers wait for their turn: they are dropped and counted. Nobody
 * is answered any more, nothing throws, nothing stays behind, and the event loop does not stand still over them.
 *
 * The messages are real ones: a client has made them for the server's key, and a socket took them in its stead.
 */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Endpoint, type EndpointOptions, generateIdentity } from '../../lib/index.js';
import { turns, until, within } from '../conformance/support/waiting.js';
import { ignore, join, open } from './support/pair.js';
import { engines, type Variant } from './support/variants.js';

/** More than two slices of work, and few enough for any socket's buffer. */
const MESSAGES = 60;

/** Addresses of all endpoints that are pinned at the moment. */
const pins = vi.hoisted(() => ({ now: 0, most: 0 }));

vi.mock('../../lib/io/driver.js', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../lib/io/driver.js')>();
  const addressesOf: typeof original.addressesOf = (socket) => {
    const addresses = original.addressesOf(socket);
    return {
      ...addresses,
      pin(peer) {
        pins.now++;
        pins.most = Math.max(pins.most, pins.now);
        addresses.pin(peer);
      },
      unpin(peer) {
        pins.now--;
        addresses.unpin(peer);
      },
    };
  };
  return { ...original, addressesOf };
});

/** A socket of ours, and what came to it. */
async function openRaw(): Promise<{ socket: Socket; came: Buffer[] }> {
  const socket = createSocket('udp4');
  const came: Buffer[] = [];
  socket.on('message', (message) => came.push(message));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return { socket, came };
}

/** First messages for whoever has that key, each of another attempt. */
async function initiationsFor(publicKey: Uint8Array): Promise<Buffer[]> {
  const { socket, came } = await openRaw();
  const { address, port } = socket.address();
  const client = await Endpoint.bind({ address: '127.0.0.1' });
  const attempts = Array.from({ length: MESSAGES }, () =>
    client.connect({ address, port, publicKey }).catch(ignore),
  );
  await until(
    () => came.length >= MESSAGES,
    () => `${MESSAGES} messages, ${came.length} have come`,
  );
  await client.close();
  await Promise.all(attempts);
  return came.slice(0, MESSAGES);
}

const identity = generateIdentity();
let initiations: readonly Buffer[] = [];

beforeEach(async () => {
  if (initiations.length === 0) initiations = await initiationsFor(identity.publicKey);
  Object.assign(pins, { now: 0, most: 0 });
});

/** A server that does `atFirst` while it handles the first of these messages, with those behind it in the same batch. */
async function flooded(variant: Variant, atFirst: (server: Endpoint) => void) {
  const { socket, came } = await openRaw();
  let isArmed = false;
  const options: EndpointOptions = {
    identity,
    authorize() {
      if (isArmed) atFirst(server);
      isArmed = false;
      return true;
    },
  };
  const server = await open(variant, options);
  server.on('connection', ignore);
  const flood = (): void => {
    isArmed = true;
    const { address, port } = server.address;
    for (const message of initiations) socket.send(message, port, address);
  };
  return { server, came, flood };
}

describe.each(engines)('handshake messages that wait: $name', (variant) => {
  it('are dropped by the end of the endpoint, and get no answer', async () => {
    const { server, came, flood } = await flooded(variant, (endpoint) => {
      endpoint.close().catch(ignore);
    });
    flood();
    await within(once(server, 'close'), () => "'close'");
    const { receivedHandshakes, droppedByLoad, connections, socket } = server.stats();
    expect(droppedByLoad).toBeGreaterThan(0);
    expect(receivedHandshakes + droppedByLoad).toBe(socket.datagramsReceived);
    // The slices of that one turn are all that was handled.
    expect(receivedHandshakes).toBeLessThan(MESSAGES / 2);
    expect(pins.most).toBeGreaterThanOrEqual(droppedByLoad);
    // Those that were accepted had no time to prove themselves, and are gone with their endpoint.
    expect(pins.now).toBe(connections);
    await turns(50);
    expect(came.length).toBeLessThanOrEqual(receivedHandshakes);
    expect(server.stats().handshakesSent).toBeLessThanOrEqual(receivedHandshakes);
  });

  it('are dropped when all connections are destroyed with it, and these say so', async () => {
    const { server, came, flood } = await flooded(variant, (endpoint) => {
      for (const connection of endpoint.connections) connection.destroy({ code: 3 });
      endpoint.close().catch(ignore);
    });
    const [here] = await join(await open(variant), server);
    flood();
    await within(once(server, 'close'), () => "'close'");
    const { receivedHandshakes, droppedByLoad, connections } = server.stats();
    expect(droppedByLoad).toBeGreaterThan(0);
    // One is the client's.
    expect(pins.now).toBe(connections + 1);
    const end = { origin: 'remote', code: 3 };
    expect(await within(here.closed, () => 'closed')).toMatchObject(end);
    await turns(50);
    expect(came.length).toBeLessThanOrEqual(receivedHandshakes);
  });
});
