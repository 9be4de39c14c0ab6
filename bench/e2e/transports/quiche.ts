/**
 * quiche (QUIC in Rust) through @matrixai/quic, which sends and receives with node:dgram.
 *
 * Called by way of load.ts.
 *
 * Invariant: packets no larger than Ethernet's; windows and chunks as large as help.
 */

import { createHmac, randomFillSync, timingSafeEqual } from 'node:crypto';
import { makeCertificate } from '../certificate.js';
import type { Channel, Counts, Door, Side, Transport } from '../transport.js';
import { importPeer } from './peer-package.js';
import { promisedChannel } from './promised-channel.js';

interface QuicStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

interface QuicConnection {
  /** quiche's own. */
  readonly conn: { stats(): { readonly sent: number; readonly lost: number } };
  newStream(kind: 'bidi'): QuicStream;
  addEventListener(name: string, listener: (event: { readonly detail: QuicStream }) => void): void;
}

interface QuicServer {
  readonly port: number;
  start(address: { host: string; port: number }): Promise<void>;
  addEventListener(name: string, listener: (event: { detail: QuicConnection }) => void): void;
}

interface QuicPackage {
  readonly QUICServer: new (options: object) => QuicServer;
  readonly QUICClient: {
    createQUICClient(options: object): Promise<{ readonly connection: QuicConnection }>;
  };
  readonly events: {
    readonly EventQUICServerConnection: { readonly name: string };
    readonly EventQUICConnectionStream: { readonly name: string };
  };
}

interface LoggerPackage {
  readonly default: new (name: string, level: number) => object;
  readonly LogLevel: { readonly SILENT?: number; readonly ERROR: number };
}

const HOST = '127.0.0.1';
const SETTINGS = {
  verifyPeer: false,
  maxRecvUdpPayloadSize: 1452,
  maxSendUdpPayloadSize: 1452,
  initialMaxData: 15_000_000,
  initialMaxStreamDataBidiLocal: 10_000_000,
  initialMaxStreamDataBidiRemote: 10_000_000,
  readableChunkSize: 65_536,
};

export const QUICHE: Transport = {
  listen: async (sockets, onChannel) => {
    const { QUICServer, events, logger } = await load();
    const connections: QuicConnection[] = [];
    const doors: Door[] = [];
    const key = new Uint8Array(32).buffer;
    const config = { ...SETTINGS, ...makeCertificate() };
    for (let index = 0; index < sockets; index++) {
      const server = new QUICServer({ crypto: { key, ops: { sign, verify } }, config, logger });
      server.addEventListener(events.EventQUICServerConnection.name, ({ detail: connection }) => {
        connections.push(connection);
        connection.addEventListener(events.EventQUICConnectionStream.name, ({ detail }) =>
          onChannel(channelOf(detail)),
        );
      });
      await server.start({ host: HOST, port: 0 });
      doors.push({ port: server.port });
    }
    return { ...sideOf(connections), doors };
  },
  // Each client has a socket of its own: sharing one is no faster.
  connect: async (doors, channels) => {
    const { QUICClient, logger } = await load();
    const connections: QuicConnection[] = [];
    for (let index = 0; index < channels; index++) {
      const { port } = doors[index % doors.length];
      const to = { host: HOST, port, localHost: HOST };
      const crypto = { ops: { randomBytes } };
      const client = await QUICClient.createQUICClient({ ...to, crypto, config: SETTINGS, logger });
      connections.push(client.connection);
    }
    const channelsOf = connections.map((connection) => channelOf(connection.newStream('bidi')));
    return { ...sideOf(connections), channels: channelsOf };
  },
};

async function load(): Promise<QuicPackage & { readonly logger: object }> {
  const quic = (await importPeer('@matrixai/quic/dist/index.js')) as QuicPackage;
  const { default: Logger, LogLevel } = (await importPeer(
    '@matrixai/logger/dist/index.js',
  )) as LoggerPackage;
  const { QUICServer, QUICClient, events } = quic;
  const level = LogLevel.SILENT ?? LogLevel.ERROR;
  return { QUICServer, QUICClient, events, logger: new Logger('bench', level) };
}

async function sign(key: ArrayBuffer, data: ArrayBuffer): Promise<ArrayBuffer> {
  const digest = createHmac('sha256', Buffer.from(key)).update(Buffer.from(data)).digest();
  return Uint8Array.from(digest).buffer;
}

async function verify(key: ArrayBuffer, data: ArrayBuffer, signature: ArrayBuffer) {
  return timingSafeEqual(Buffer.from(await sign(key, data)), Buffer.from(signature));
}

async function randomBytes(data: ArrayBuffer): Promise<void> {
  randomFillSync(new Uint8Array(data));
}

function sideOf(connections: readonly QuicConnection[]): Side {
  const counts = (): Counts => {
    let [packetsSent, packetsLost] = [0, 0];
    for (const { conn } of connections) {
      const { sent, lost } = conn.stats();
      packetsSent += sent;
      packetsLost += lost;
    }
    return { packetsSent, packetsLost };
  };
  return { counts, isSettled: () => true };
}

function channelOf({ readable, writable }: QuicStream): Channel {
  const reader = readable.getReader();
  const writer = writable.getWriter();
  return promisedChannel({
    write: (bytes) => writer.write(bytes),
    read: async () => (await reader.read()).value,
  });
}
