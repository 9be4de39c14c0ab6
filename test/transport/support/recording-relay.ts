/**
 * A relay between one client and one server on 127.0.0.1 that writes down every datagram that passes.
 *
 * It loses, delays and changes nothing. Invariant: `datagrams` is in the order in which the relay got them.
 */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

export interface Recorded {
  readonly from: 'initiator' | 'responder';
  /** Hexadecimal. */
  readonly bytes: string;
}

export interface Relay {
  readonly port: number;
  readonly datagrams: readonly Recorded[];
}

async function bound(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => new Promise<void>((done) => socket.close(() => done())));
  return socket;
}

/** Opens a relay to the server at `serverPort`; it ends with the test. */
export async function openRelay(serverPort: number): Promise<Relay> {
  const [front, back] = [await bound(), await bound()];
  const datagrams: Recorded[] = [];
  let clientPort = 0;
  front.on('message', (bytes, { port }) => {
    clientPort = port;
    datagrams.push({ from: 'initiator', bytes: bytes.toString('hex') });
    back.send(bytes, serverPort, '127.0.0.1');
  });
  back.on('message', (bytes) => {
    datagrams.push({ from: 'responder', bytes: bytes.toString('hex') });
    front.send(bytes, clientPort, '127.0.0.1');
  });
  return { port: front.address().port, datagrams };
}
