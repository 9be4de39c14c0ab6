/**
 * Servers in this process that can be connected to, spoken with and left: what S4 and the soak knock on.
 *
 * Called by cases/churn.ts, soak.ts and churn-soak.ts.
 *
 * Invariant: `knock` resolves when 64 bytes have come back and the connection is closed.
 */

import { once } from 'node:events';
import { createServer, connect as netConnect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls';
import { type ConnectOptions, Endpoint, type EndpointOptions } from '../../lib/index.js';
import { CIPHERS, makeCertificate } from '../e2e/certificate.js';

const HOST = '127.0.0.1';
const PAYLOAD = new Uint8Array(64).fill(0x5a);

export interface Door {
  knock(): Promise<void>;
}

/** `options`: of both endpoints, where burstwire is the way. */
export function openDoor(way: string, options: EndpointOptions = {}): Promise<Door> {
  if (way === 'net') return netDoor();
  if (way === 'tls') return tlsDoor();
  return burstwireDoor(way === 'ik', options);
}

/** Sends the payload, waits until as much has come back. */
async function exchange(stream: Duplex): Promise<void> {
  let missing = PAYLOAD.byteLength;
  stream.write(PAYLOAD);
  await new Promise<void>((resolve, reject) => {
    stream.on('data', (bytes: Uint8Array) => {
      missing -= bytes.byteLength;
      if (missing <= 0) resolve();
    });
    stream.once('error', reject);
  });
}

async function burstwireDoor(knowsKey: boolean, options: EndpointOptions): Promise<Door> {
  const server = await Endpoint.bind({ ...options, address: HOST });
  const client = await Endpoint.bind({ ...options, address: HOST });
  answerOn(server);
  const { port } = server.address;
  const to: ConnectOptions = knowsKey
    ? { address: HOST, port, publicKey: server.publicKey }
    : { address: HOST, port, trust: 'any' };
  return { knock: () => knockAt(client, to) };
}

/** Whatever comes on a stream goes back on it. */
export function answerOn(server: Endpoint): void {
  server.on('connection', (connection) => {
    connection.on('stream', (stream) => {
      stream.on('error', () => undefined);
      stream.pipe(stream);
    });
  });
}

/** A connection, the payload there and back, and its end. */
export async function knockAt(client: Endpoint, to: ConnectOptions): Promise<void> {
  const connection = await client.connect(to);
  const stream = connection.openStream();
  await exchange(stream);
  stream.end();
  await connection.close();
}

async function listening(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, HOST);
  await once(server, 'listening');
  return (server.address() as { readonly port: number }).port;
}

function echo(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.pipe(socket);
}

async function leave(socket: Socket): Promise<void> {
  const closed = once(socket, 'close');
  socket.end();
  await closed;
}

async function netDoor(): Promise<Door> {
  const port = await listening(createServer(echo));
  return {
    async knock() {
      const socket = netConnect(port, HOST);
      await once(socket, 'connect');
      await exchange(socket);
      await leave(socket);
    },
  };
}

async function tlsDoor(): Promise<Door> {
  const options = { ...makeCertificate(), minVersion: 'TLSv1.3', ciphers: CIPHERS } as const;
  const port = await listening(createTlsServer(options, echo));
  return {
    async knock() {
      const socket = tlsConnect({ port, host: HOST, rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      await exchange(socket);
      await leave(socket);
    },
  };
}
