/**
 * An endpoint as the application holds it: one UDP socket, one identity, any number of connections both ways.
 *
 * It opens the parts (socket, packet protection, primitives, driver), hands events to connections, and closes in good
 * order. Made by `Endpoint.bind`.
 *
 * Invariants: misuse throws before a promise exists; nothing stays open when `bind` rejects; after 'close' no event comes.
 */

import { EventEmitter } from 'node:events';
import type { CloseInfo } from '../core/connection/close-info.js';
import type { Connection as CoreConnection } from '../core/connection/connection.js';
import { Endpoint as CoreEndpoint } from '../core/endpoint/endpoint.js';
import {
  EVENT_CLOSED,
  EVENT_CONNECT_FAILED,
  EVENT_CONNECTED,
  EVENT_CONNECTION,
} from '../core/event-ring.js';
import type { HandshakeFailure } from '../core/handshake/outcome.js';
import { openPrimitives } from '../crypto/choose-primitives.js';
import { openProtection } from '../crypto/choose-protection.js';
import { systemRandom } from '../crypto/random.js';
import { AddressBook } from '../io/address-book.js';
import type { EngineInfo, SocketAddress } from '../io/batch-socket.js';
import { epochUs, nowUs } from '../io/clock.js';
import { addressesOf, Driver } from '../io/driver.js';
import { openMemory } from '../io/memory.js';
import type { OpenedSocket } from '../io/open-socket.js';
import { AsyncQueue } from './async-queue.js';
import { type ConnectConfig, type ConnectOptions, parseConnectOptions } from './connect-options.js';
import { CLOSE_OPTIONS, type CloseOptions, Connection } from './connection.js';
import * as diagnostics from './diagnostics.js';
import { emitSafely, guard } from './emit.js';
import {
  type EndpointConfig,
  type EndpointOptions,
  parseEndpointOptions,
} from './endpoint-options.js';
import { abortError, socketClosed, throwLater } from './errors.js';
import { openBound, resolveHost } from './open-bound.js';
import { parseOptions } from './option-table.js';
import { ConnectError } from './transport-errors.js';
import { type EndpointStats, readEndpointStats } from './transport-stats.js';

/** The events of an endpoint and what their listeners get. */
export interface EndpointEvents {
  /** A peer has connected. Connections are taken while somebody listens or a loop runs; else they are refused. */
  connection: [connection: Connection];
  /** It is closed. Once. */
  close: [];
  /** Closing on behalf of an AbortSignal failed. The network never causes it. */
  error: [error: Error];
}

/** What seals packets here, and why not something faster. */
export interface CryptoInfo {
  readonly name: 'native' | 'node' | 'noble';
  readonly kernel: string;
  readonly reason?: string;
}

/** How long `close` waits for connections to end in good order. */
const CLOSE_GRACE_MS = 3000;

const FAILURES: Readonly<Record<HandshakeFailure | 'tooManyConnections', ConnectError>> = {
  timeout: new ConnectError('ERR_CONNECT_TIMEOUT', 'nobody answered'),
  noCommonVersion: new ConnectError('ERR_CONNECT_FAILED', 'no common version or suite'),
  ownKey: new ConnectError('ERR_CONNECT_FAILED', 'the peer has our own static key'),
  unauthorized: new ConnectError('ERR_CONNECT_UNAUTHORIZED', "authorize refused the peer's key"),
  lowOrderKey: new ConnectError('ERR_CONNECT_FAILED', 'the key of the peer is no good point'),
  tooManyConnections: new ConnectError('ERR_TOO_MANY_CONNECTIONS', 'maxConnections is reached'),
};

interface PendingConnect {
  readonly config: ConnectConfig;
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: Error) => void;
}

/** A secure endpoint. See the events in `EndpointEvents` and the options in `EndpointOptions`. */
export class Endpoint extends EventEmitter<EndpointEvents> implements AsyncDisposable {
  readonly #config: EndpointConfig;
  readonly #opened: OpenedSocket;
  readonly #driver: Driver;
  readonly #core: CoreEndpoint;
  readonly #crypto: CryptoInfo;
  readonly #book: AddressBook;
  readonly #connections = new Set<Connection>();
  readonly #incoming = new AsyncQueue<Connection>();
  readonly #pending = new Map<number, PendingConnect>();
  /** Peer ids that a `connect` with `trust: 'any'` is on its way to. */
  readonly #trusted = new Map<number, number>();
  readonly #onAbort = (): void => {
    this.close().catch((error) => emitSafely(this as EventEmitter, 'error', error));
  };
  #loops = 0;
  #closing: Promise<void> | undefined = undefined;

  private constructor(config: EndpointConfig, opened: OpenedSocket) {
    super();
    this.#config = config;
    this.#opened = opened;
    const { protection, reason } = openProtection({ engine: config.cryptoEngine });
    const { name, kernel } = protection;
    this.#crypto = Object.freeze(
      reason === undefined ? { name, kernel } : { name, kernel, reason },
    );
    this.#book = new AddressBook(opened.engine.peers);
    const core = new CoreEndpoint({
      config: config.transport,
      protection,
      primitives: openPrimitives().primitives,
      random: systemRandom,
      memory: openMemory(),
      addresses: addressesOf(opened.engine),
      identity: config.identity,
      nowUs: nowUs(),
      epochUs: epochUs(),
      psk: config.preSharedKey,
      suites: config.suites,
      isAccepting: false,
      authorize: (publicKey, source) => this.#authorize(publicKey, source.peer),
      wake: () => this.#driver.wake(),
    });
    this.#core = core;
    this.#driver = new Driver(opened.engine, core);
    this.#driver.start((kind, owner, subject, value) =>
      this.#dispatch(kind, owner, subject, value),
    );
    this.on('newListener', (event) => this.#onListeners(event, 1));
    this.on('removeListener', (event) => this.#onListeners(event, 0));
    config.bind.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /**
   * Opens an endpoint: binds a UDP socket and is ready to connect and, once somebody listens, to be connected to.
   *
   * @throws OptionError synchronously: ERR_OPTION_UNKNOWN, ERR_OPTION_TYPE, ERR_OPTION_RANGE, ERR_OPTION_CONFLICT
   * @returns a promise that rejects as that of `bind` does (EADDRINUSE, ERR_ENGINE_UNAVAILABLE, AbortError, ...)
   */
  static override bind(options?: EndpointOptions): Promise<Endpoint> {
    return Endpoint.#open(parseEndpointOptions(options));
  }

  static async #open(config: EndpointConfig): Promise<Endpoint> {
    const opened = await openBound(config.bind);
    try {
      const endpoint = new Endpoint(config, opened);
      if (diagnostics.endpointBind.hasSubscribers) diagnostics.endpointBind.publish({ endpoint });
      return endpoint;
    } catch (error) {
      // No such crypto engine, or a signal whose listener throws.
      await opened.engine.close();
      throw error;
    }
  }

  /** The bound address. */
  get address(): SocketAddress {
    return this.#opened.engine.local;
  }

  /** Who moves datagrams, with what, and why not with more. */
  get engine(): EngineInfo {
    return this.#opened.info;
  }

  /** Who seals packets, and why not something faster. */
  get crypto(): CryptoInfo {
    return this.#crypto;
  }

  /** 32 bytes by which others know us. A copy. */
  get publicKey(): Uint8Array {
    return this.#config.identity.publicKey.slice();
  }

  /** The live connections, both ways. A copy. */
  get connections(): ReadonlySet<Connection> {
    return new Set(this.#connections);
  }

  /**
   * Connects to a peer. With `publicKey` (Noise IK) it takes one round trip and nobody else can answer; without it (Noise
   * XX) the peer's key is learnt, and `authorize` or `trust: 'any'` decides.
   *
   * @throws OptionError synchronously; ERR_SOCKET_CLOSED
   * @returns a promise that rejects with a ConnectError, with the system error of the look-up, or with an AbortError
   */
  connect(options: ConnectOptions): Promise<Connection> {
    const config = parseConnectOptions(options, this.#config.authorize !== undefined);
    if (this.#closing !== undefined) throw socketClosed('connect');
    return this.#connect(config);
  }

  /** Connections of peers, one at a time. Several loops share them. Ends with the endpoint. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Connection> {
    this.#loops++;
    this.#updateAccepting();
    const loop = this.#incoming.iterate();
    const leave = loop.return!.bind(loop);
    let isLeft = false;
    loop.return = (value) => {
      if (!isLeft) {
        isLeft = true;
        this.#loops--;
        this.#updateAccepting();
      }
      return leave(value);
    };
    return loop;
  }

  /** A snapshot of what endpoint and socket have counted. */
  stats(): EndpointStats {
    return readEndpointStats(this.#core, this.#opened.engine, this.#driver.stalls);
  }

  /** Keeps the process alive, as it does from the beginning. */
  ref(): this {
    this.#driver.ref();
    return this;
  }

  unref(): this {
    this.#driver.unref();
    return this;
  }

  /**
   * Closes all connections in good order (what was written is delivered first, for at most 3 seconds) and then the
   * socket. Idempotent.
   *
   * @throws OptionError
   */
  close(options?: CloseOptions): Promise<void> {
    const { values } = parseOptions('close', CLOSE_OPTIONS, options);
    this.#closing ??= this.#close({ code: values.code, reason: values.reason ?? '' });
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // --- inside --------------------------------------------------------------------------------------------------------

  async #connect(config: ConnectConfig): Promise<Connection> {
    const { signal } = config;
    if (signal?.aborted) throw abortError(signal);
    const address = await resolveHost(config.address, false);
    if (signal?.aborted) throw abortError(signal);
    if (this.#closing !== undefined) throw endpointClosed();
    const peer = this.#book.idOf({ address, port: config.port });
    if (peer <= 0) {
      const where = `${address}:${config.port}`;
      throw new ConnectError('ERR_CONNECT_FAILED', `this socket cannot reach ${where}`);
    }
    return this.#attempt(config, peer);
  }

  #attempt(config: ConnectConfig, peer: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const { signal, publicKey } = config;
      if (config.trustsAny) this.#trusted.set(peer, (this.#trusted.get(peer) ?? 0) + 1);
      const addresses = addressesOf(this.#opened.engine);
      addresses.pin(peer);
      const attempt = this.#core.connect({ peer, remoteStatic: publicKey }, nowUs());
      const onAbort = (): void => {
        this.#core.cancel(attempt, nowUs());
        this.#pending.get(attempt)?.reject(abortError(signal!));
      };
      const settle = (): void => {
        this.#pending.delete(attempt);
        addresses.unpin(peer);
        signal?.removeEventListener('abort', onAbort);
        const trusted = this.#trusted.get(peer) ?? 0;
        if (config.trustsAny && trusted > 1) this.#trusted.set(peer, trusted - 1);
        else if (config.trustsAny) this.#trusted.delete(peer);
      };
      this.#pending.set(attempt, {
        config,
        resolve: (connection) => {
          settle();
          resolve(connection);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#driver.wake();
    });
  }

  #authorize(publicKey: Uint8Array, peer: number): boolean {
    if (this.#trusted.has(peer)) return true;
    const { authorize } = this.#config;
    if (authorize === undefined) return true;
    try {
      return authorize(publicKey.slice(), this.#book.addressOf(peer)) === true;
    } catch (error) {
      throwLater(error);
      return false;
    }
  }

  /** Called by the driver with each event of the core. Never throws. */
  #dispatch(kind: number, owner: unknown, subject: unknown, value: number): void {
    if (kind === EVENT_CONNECTION || kind === EVENT_CONNECTED) {
      guard(() => this.#onConnection(subject as CoreConnection, kind === EVENT_CONNECTED, value));
      return;
    }
    if (kind === EVENT_CONNECT_FAILED) {
      this.#onConnectFailed(subject as keyof typeof FAILURES, value);
      return;
    }
    const connection = (owner as CoreConnection).data as Connection | undefined;
    connection?.dispatch(kind, subject, value);
    if (kind !== EVENT_CLOSED || connection === undefined) return;
    this.#connections.delete(connection);
  }

  #onConnection(core: CoreConnection, isOurs: boolean, attempt: number): void {
    const connection = new Connection(core, this.#book.addressOf(core.peer));
    this.#connections.add(connection);
    if (diagnostics.connectionOpen.hasSubscribers) {
      diagnostics.connectionOpen.publish({ connection });
    }
    if (isOurs) {
      this.#pending.get(attempt)?.resolve(connection);
      return;
    }
    if (this.listenerCount('connection') > 0) {
      emitSafely(this as EventEmitter, 'connection', connection);
    } else {
      this.#incoming.push(connection);
    }
  }

  #onConnectFailed(reason: keyof typeof FAILURES, attempt: number): void {
    const pending = this.#pending.get(attempt);
    if (pending === undefined) return;
    const { address, port } = pending.config;
    const { code, message } = FAILURES[reason];
    const error = new ConnectError(code, `connect to ${address}:${port} failed: ${message}`);
    if (diagnostics.connectionFail.hasSubscribers) {
      diagnostics.connectionFail.publish({ endpoint: this, error });
    }
    pending.reject(error);
  }

  /** `more`: a listener is about to be there that is not counted yet. */
  #onListeners(event: string | symbol, more: number): void {
    if (event !== 'connection') return;
    this.#core.setAccepting(this.#loops + this.listenerCount('connection') + more > 0);
  }

  #updateAccepting(): void {
    this.#core.setAccepting(this.#loops + this.listenerCount('connection') > 0);
  }

  async #close(options: { code: number; reason: string }): Promise<void> {
    this.#config.bind.signal?.removeEventListener('abort', this.#onAbort);
    this.#core.setAccepting(false);
    for (const [attempt, pending] of [...this.#pending]) {
      this.#core.cancel(attempt, nowUs());
      pending.reject(endpointClosed());
    }
    await this.#closeConnections(options);
    this.#incoming.end();
    await this.#driver.close();
    if (diagnostics.endpointClose.hasSubscribers) {
      diagnostics.endpointClose.publish({ endpoint: this });
    }
    emitSafely(this as EventEmitter, 'close');
  }

  async #closeConnections(options: { code: number; reason: string }): Promise<void> {
    const ends: Promise<CloseInfo>[] = [];
    for (const connection of this.#connections) ends.push(connection.close(options));
    if (ends.length === 0) return;
    const impatience = setTimeout(() => {
      for (const connection of this.#connections) connection.destroy(options);
    }, CLOSE_GRACE_MS);
    await Promise.all(ends);
    clearTimeout(impatience);
  }
}

function endpointClosed(): ConnectError {
  return new ConnectError('ERR_ENDPOINT_CLOSED', 'the endpoint was closed');
}
