/**
 * burstwire as the cases see it: streams, messages or datagrams of connections between endpoints on 127.0.0.1.
 *
 * By the public API alone. Called by way of load.ts.
 *
 * Invariant: each channel has a connection of its own; packets and calls are those of the sockets, so handshakes and
 * acknowledgements are in them.
 */

import type { TransportStream } from '../../../lib/index.js';
import { type Connection, Endpoint, type EndpointOptions } from '../../../lib/index.js';
import type {
  Channel,
  ConnectedSide,
  Counts,
  Door,
  ListeningSide,
  Transport,
} from '../transport.js';

export type Carrier = 'stream' | 'message' | 'datagram';

/** As the default of `maxDatagramSize`. */
const LARGEST_DATAGRAM = 65_507;

export class BurstwireTransport implements Transport {
  readonly #options: EndpointOptions;
  readonly #carrier: Carrier;
  readonly #isBorrowing: boolean;

  constructor(options: EndpointOptions, carrier: Carrier, isBorrowing: boolean) {
    this.#options = options;
    this.#carrier = carrier;
    this.#isBorrowing = isBorrowing;
  }

  async listen(sockets: number, onChannel: (channel: Channel) => void): Promise<ListeningSide> {
    const side = await this.#open(sockets);
    for (const endpoint of side.endpoints) {
      endpoint.on('connection', (connection) => {
        side.connections.push(connection);
        if (this.#carrier !== 'stream') onChannel(this.#recordsOf(connection));
        else connection.on('stream', (stream) => onChannel(this.#streamOf(stream)));
      });
    }
    const doors = side.endpoints.map(({ address, publicKey }) => ({
      port: address.port,
      publicKey: Buffer.from(publicKey).toString('hex'),
    }));
    return Object.assign(side, { doors });
  }

  async connect(doors: readonly Door[], channels: number, sockets: number): Promise<ConnectedSide> {
    const side = await this.#open(sockets);
    const opened: Channel[] = [];
    for (let index = 0; index < channels; index++) {
      const { port, publicKey = '' } = doors[index % doors.length];
      const key = Buffer.from(publicKey, 'hex');
      const to = { address: '127.0.0.1', port, publicKey: key };
      const connection = await side.endpoints[index % sockets].connect(to);
      side.connections.push(connection);
      opened.push(
        this.#carrier === 'stream'
          ? this.#streamOf(connection.openStream())
          : this.#recordsOf(connection),
      );
    }
    return Object.assign(side, { channels: opened });
  }

  async #open(sockets: number): Promise<BurstwireSide> {
    const options = { ...this.#options, address: '127.0.0.1' };
    const all = Array.from({ length: sockets }, () => Endpoint.bind(options));
    return new BurstwireSide(
      await Promise.all(all),
      this.#options.maxDatagramSize ?? LARGEST_DATAGRAM,
    );
  }

  #streamOf(stream: TransportStream): Channel {
    stream.on('error', () => {});
    return {
      hasRecords: false,
      write: (bytes) => stream.write(bytes),
      onDrain: (listener) => stream.on('drain', listener),
      onBytes: (listener) => stream.on('data', listener),
      count: (add) => {
        if (this.#isBorrowing)
          stream.readBorrowed((_bytes, _offset, byteLength) => add(byteLength));
        else stream.on('data', (bytes: Uint8Array) => add(bytes.byteLength));
      },
    };
  }

  #recordsOf(connection: Connection): Channel {
    const isMessage = this.#carrier === 'message';
    const onBytes = (listener: (bytes: Uint8Array) => void): void => {
      connection.on(isMessage ? 'message' : 'datagram', listener);
    };
    return {
      hasRecords: true,
      write: (bytes) => {
        if (!isMessage) return connection.sendDatagram(bytes);
        // A connection that ends rejects what is under way; by then nobody measures any more.
        connection.sendMessage(bytes).catch(() => {});
        return true;
      },
      onDrain: (listener) => connection.on('drain', listener),
      onBytes,
      count: (add) => onBytes((bytes) => add(bytes.byteLength)),
    };
  }
}

class BurstwireSide {
  readonly endpoints: readonly Endpoint[];
  readonly connections: Connection[] = [];
  readonly #largest: number;

  constructor(endpoints: readonly Endpoint[], largest: number) {
    this.endpoints = endpoints;
    this.#largest = largest;
  }

  counts(): Counts {
    let [packetsSent, calls, packetsLost] = [0, 0, 0];
    for (const endpoint of this.endpoints) {
      const { socket } = endpoint.stats();
      packetsSent += socket.datagramsSent;
      calls += socket.sendCalls + socket.receiveCalls;
    }
    for (const connection of this.connections) packetsLost += connection.stats().packetsLost;
    return { packetsSent, calls, packetsLost };
  }

  isSettled(): boolean {
    return this.connections.every((connection) => connection.stats().pathMtu >= this.#largest);
  }
}
