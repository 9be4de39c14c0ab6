/**
 * quinn (QUIC in Rust) through the addon of @chainsafe/libp2p-quic.
 *
 * The addon alone: libp2p's layers on top of it would only cost. It works on threads of its own. Called by way of load.ts.
 *
 * Invariant: packets no larger than Ethernet's; windows that never limit on loopback.
 */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Channel, Counts, Door, Side, Transport } from '../transport.js';
import { importPeer } from './peer-package.js';
import { type PromisedStream, promisedChannel } from './promised-channel.js';

interface QuinnStats {
  readonly udpTxDatagrams: number | bigint;
  readonly udpTxIos: number | bigint;
  readonly udpRxIos: number | bigint;
  readonly pathLostPackets: number | bigint;
}

interface QuinnConnection {
  inboundStream(): Promise<PromisedQuinnStream>;
  outboundStream(): Promise<PromisedQuinnStream>;
  stats(): QuinnStats;
}

interface PromisedQuinnStream {
  read(bytes: number): Promise<Uint8Array | null | undefined>;
  write(bytes: Uint8Array): Promise<unknown>;
}

interface Addon {
  readonly QuinnConfig: new (options: object) => object;
  readonly Server: new (
    config: object,
    host: string,
    port: number,
  ) => { inboundConnection(): Promise<QuinnConnection> };
  readonly Client: new (
    config: object,
    family: number,
  ) => { outboundConnection(host: string, port: number): Promise<QuinnConnection> };
}

interface Keys {
  generateKeyPair(kind: 'Ed25519'): Promise<unknown>;
  privateKeyToProtobuf(key: unknown): Uint8Array;
}

const HOST = '127.0.0.1';
const IPV4 = 0;
const READ_BYTES = 65_536;
const SETTINGS = {
  handshakeTimeout: 5000,
  shutdownTimeout: 1000,
  maxIdleTimeout: 10_000,
  keepAliveInterval: 5000,
  maxConcurrentStreamLimit: 256,
  maxStreamData: 10_000_000,
  maxConnectionData: 15_000_000,
  mtuUpperBound: 1452,
  receiveBufferSize: 4 << 20,
  sendBufferSize: 4 << 20,
};

export const QUINN: Transport = {
  listen: async (sockets, onChannel) => {
    const { Server, config } = await loadAddon();
    const connections: QuinnConnection[] = [];
    const doors: Door[] = [];
    for (let index = 0; index < sockets; index++) {
      const port = await freePort();
      const server = new Server(config, HOST, port);
      const accept = async (): Promise<void> => {
        const connection = await server.inboundConnection();
        connections.push(connection);
        connection.inboundStream().then((stream) => onChannel(channelOf(stream)), ignore);
        accept().catch(ignore);
      };
      accept().catch(ignore);
      doors.push({ port });
    }
    return { ...sideOf(connections), doors };
  },
  connect: async (doors, channels, sockets) => {
    const { Client, config } = await loadAddon();
    const clients = Array.from({ length: sockets }, () => new Client(config, IPV4));
    const connections: QuinnConnection[] = [];
    const opened: Channel[] = [];
    for (let index = 0; index < channels; index++) {
      const { port } = doors[index % doors.length];
      const connection = await clients[index % sockets].outboundConnection(HOST, port);
      connections.push(connection);
      opened.push(channelOf(await connection.outboundStream()));
    }
    return { ...sideOf(connections), channels: opened };
  },
};

async function loadAddon(): Promise<Addon & { readonly config: object }> {
  const addon = (await importPeer('@chainsafe/libp2p-quic/dist/src/napi.js')) as Addon;
  const keys = (await importPeer('@libp2p/crypto/dist/src/keys/index.js')) as Keys;
  const privateKeyProto = keys.privateKeyToProtobuf(await keys.generateKeyPair('Ed25519'));
  const { Client, Server, QuinnConfig } = addon;
  return { Client, Server, QuinnConfig, config: new QuinnConfig({ ...SETTINGS, privateKeyProto }) };
}

/** The addon does not say which port it was given, so it is told one that was free a moment ago. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, HOST);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

function sideOf(connections: readonly QuinnConnection[]): Side {
  const counts = (): Counts => {
    let [packetsSent, calls, packetsLost] = [0, 0, 0];
    for (const connection of connections) {
      const stats = connection.stats();
      packetsSent += Number(stats.udpTxDatagrams);
      calls += Number(stats.udpTxIos) + Number(stats.udpRxIos);
      packetsLost += Number(stats.pathLostPackets);
    }
    return { packetsSent, calls, packetsLost };
  };
  return { counts, isSettled: () => true };
}

function channelOf(stream: PromisedQuinnStream): Channel {
  const promised: PromisedStream = {
    write: (bytes) => stream.write(bytes),
    read: () => stream.read(READ_BYTES),
  };
  return promisedChannel(promised);
}

function ignore(): void {}
