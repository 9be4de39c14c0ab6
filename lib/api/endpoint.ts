/**
 * An endpoint as the application holds it: one UDP socket, one identity, any number of connections both ways.
 *
 * It opens the parts (socket, packet protection, core, driver), hands events to connections, and closes in good order. Who
 * gets the connections of peers is in incoming-connections. Made by `Endpoint.bind`.
 *
 * Invariants: misuse throws before a promise exists; nothing stays open when `bind` rejects; after 'close' no event comes.
 */

import { EventEmitter } from 'node:events';
import type { CloseInfo } from '../core/connection/close-info.js';
import type { Connection as CoreConnection } from '../core/connection/connection.js';
import type { Endpoint as CoreEndpoint } from '../core/endpoint/endpoint.js';
import {
  EVENT_CLOSED,
  EVENT_CONNECT_FAILED,
  EVENT_CONNECTED,
  EVENT_CONNECTION,
  EVENT_PATH,
} from '../core/event-ring.js';
import type { Tracer } from '../core/ports.js';
import { FrameReader } from '../core/wire/frame-reader.js';
import { openProtection } from '../crypto/choose-protection.js';
import { AddressBook } from '../io/address-book.js';
import type { EngineInfo, SocketAddress } from '../io/batch-socket.js';
import { epochUs } from '../io/clock.js';
import { addressesOf, Driver } from '../io/driver.js';
import type { OpenedSocket } from '../io/open-socket.js';
import { type ConnectOptions, parseConnectOptions } from './connect-options.js';
import { CLOSE_OPTIONS, type CloseOptions, Connection } from './connection.js';
import * as diagnostics from './diagnostics.js';
import { emitSafely } from './emit.js';
import {
  type EndpointConfig,
  type EndpointOptions,
  parseEndpointOptions,
} from './endpoint-options.js';
import { abortError, throwLater, wrongType } from './errors.js';
import { IncomingConnections } from './incoming-connections.js';
import { ListenerWatch } from './listener-watch.js';
import { openBound } from './open-bound.js';
import { openCore } from './open-core.js';
import { parseOptions } from './option-table.js';
import { type ConnectFailure, endpointClosed, PendingConnects } from './pending-connects.js';
import { ConnectionLog } from './qlog.js';
import { QlogFolder } from './qlog-folder.js';
import { warnUnsteered } from './steering-warning.js';
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

/** A secure endpoint. See the events in `EndpointEvents` and the options in `EndpointOptions`. */
export class Endpoint extends EventEmitter<EndpointEvents> implements AsyncDisposable {
  readonly #config: EndpointConfig;
  readonly #opened: OpenedSocket;
  readonly #driver: Driver;
  readonly #core: CoreEndpoint;
  readonly #crypto: CryptoInfo;
  readonly #book: AddressBook;
  readonly #connects: PendingConnects;
  readonly #watch: ListenerWatch;
  readonly #log: QlogFolder | undefined;
  readonly #logReader = new FrameReader();
  readonly #connections = new Set<Connection>();
  readonly #incoming: IncomingConnections;
  readonly #onAbort = (): void => {
    this.close().catch((error) => emitSafely(this.#plainEmitter(), 'error', error));
  };
  #closing: Promise<void> | undefined = undefined;

  private constructor(config: EndpointConfig, opened: OpenedSocket) {
    super();
    this.#config = config;
    this.#opened = opened;
    const { engine } = opened;
    const { protection, reason } = openProtection({ engine: config.cryptoEngine });
    const { name, kernel } = protection;
    this.#crypto = Object.freeze(
      reason === undefined ? { name, kernel } : { name, kernel, reason },
    );
    this.#book = new AddressBook(engine.peers);
    this.#log = config.qlog === undefined ? undefined : new QlogFolder(config.qlog);
    this.#core = openCore(config, engine, protection, {
      authorize: (publicKey, { peer }, attempt) => this.#authorize(publicKey, peer, attempt),
      wake: () => this.#driver.wake(),
      tracerFor: (connection) => this.#tracerFor(connection),
    });
    this.#incoming = new IncomingConnections(this.#plainEmitter(), () => this.#updateAccepting());
    const { ipv6Only } = config.bind;
    this.#connects = new PendingConnects({
      core: this.#core,
      book: this.#book,
      addresses: addressesOf(engine),
      local: engine.local,
      ipv6Only,
      wake: () => this.#driver.wake(),
    });
    this.#watch = new ListenerWatch(this.#plainEmitter(), (event, listeners) => {
      if (event === 'connection') this.#incoming.setListeners(listeners);
    });
    this.#driver = new Driver(engine, this.#core);
    this.#driver.start((kind, owner, subject, value) => {
      this.#dispatch(kind, owner, subject, value);
    });
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
    const opened = await openBound(config.bind, config.shard?.fd ?? undefined);
    const { signal } = config.bind;
    if (config.shard !== undefined && config.shard.fd === undefined) {
      warnUnsteered(config.shard.count, 'the shard is in no ShardGroup', 'see docs/many-cores.md');
    }
    try {
      if (signal?.aborted) throw abortError(signal);
      const endpoint = new Endpoint(config, opened);
      if (diagnostics.endpointBind.hasSubscribers) diagnostics.endpointBind.publish({ endpoint });
      return endpoint;
    } catch (error) {
      // Aborted in the meantime, no such crypto engine, or a signal whose listener throws.
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
   * @throws OptionError synchronously; ConnectError ERR_ENDPOINT_CLOSED
   * @returns a promise that rejects with a ConnectError, with the system error of the look-up, or with an AbortError
   */
  connect(options: ConnectOptions): Promise<Connection> {
    const config = parseConnectOptions(options, this.#config.authorize !== undefined);
    if (this.#closing !== undefined) throw endpointClosed();
    return this.#connects.connect(config);
  }

  /** Connections of peers, one at a time. Several loops share them. Ends with the endpoint. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Connection> {
    return this.#incoming.iterate();
  }

  /** A snapshot of what endpoint and socket have counted. */
  stats(): EndpointStats {
    return readEndpointStats(this.#core, this.#opened.engine, this.#driver.stalls);
  }

  /** Keeps the process alive, as it does from the beginning. */
  ref(): this {
    if (this.#closing === undefined) this.#driver.ref();
    return this;
  }

  /** Lets the process end although the endpoint is open. */
  unref(): this {
    if (this.#closing === undefined) this.#driver.unref();
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

  /** As every emitter's; what the endpoint itself needs to hear of stays. */
  override removeAllListeners(eventName?: string | symbol): this {
    if (eventName === undefined) super.removeAllListeners();
    else super.removeAllListeners(eventName as never);
    this.#watch.renew();
    this.#incoming.setListeners(this.listenerCount('connection'));
    return this;
  }

  // --- inside --------------------------------------------------------------------------------------------------------

  /** `attempt`: the connect of ours that has learnt the key; undefined when the peer has begun. */
  #authorize(publicKey: Uint8Array, peer: number, attempt: number | undefined): boolean {
    const { authorize } = this.#config;
    if (authorize === undefined) return true;
    if (attempt !== undefined && this.#connects.trustsAny(attempt)) return true;
    try {
      const verdict: unknown = authorize(publicKey.slice(), this.#book.addressOf(peer));
      if (typeof verdict === 'boolean') return verdict;
      throw wrongType('what authorize returns', 'true or false', verdict);
    } catch (error) {
      throwLater(error);
      return false;
    }
  }

  #tracerFor(connection: CoreConnection): Tracer | undefined {
    if (this.#log === undefined) return undefined;
    const subject = {
      local: this.address,
      remote: this.#book.addressOf(connection.peer),
      epochUs: epochUs(),
    };
    return new ConnectionLog(connection, subject, this.#log, this.#logReader);
  }

  /** Called by the driver with each event of the core. Never throws. */
  #dispatch(kind: number, owner: unknown, subject: unknown, value: number): void {
    switch (kind) {
      case EVENT_CONNECTION:
        this.#onConnection(subject as CoreConnection);
        return;
      case EVENT_CONNECTED:
        this.#onConnected(subject as CoreConnection, value);
        return;
      case EVENT_CONNECT_FAILED:
        this.#onConnectFailed(subject as ConnectFailure, value);
        return;
      default:
    }
    const connection = (owner as CoreConnection).data as Connection | undefined;
    if (connection === undefined) return;
    if (kind === EVENT_CLOSED) this.#connections.delete(connection);
    if (kind === EVENT_PATH) connection.onPath(this.#book.addressOf(value));
    else connection.dispatch(kind, subject, value);
  }

  #onConnected(core: CoreConnection, attempt: number): void {
    const outcome = this.#connects.succeed(attempt, () => this.#adopt(core));
    if (outcome === 'taken') return;
    // Given up; or the peer's own connect, which has taken the place of one of ours: then as any other of a peer.
    const isWanted = outcome === 'unknown' && this.#incoming.isWanted;
    if (isWanted) this.#onConnection(core);
    else core.close(0, '', false);
  }

  #onConnection(core: CoreConnection): void {
    // It was confirmed in the turn in which somebody has closed the endpoint: too late.
    if (this.#closing !== undefined) {
      core.close(0, '', false);
      return;
    }
    this.#incoming.deliver(this.#adopt(core));
  }

  #adopt(core: CoreConnection): Connection {
    const connection = new Connection(core, this.#book.addressOf(core.peer));
    this.#connections.add(connection);
    if (diagnostics.connectionOpen.hasSubscribers) {
      diagnostics.connectionOpen.publish({ connection });
    }
    return connection;
  }

  #onConnectFailed(reason: ConnectFailure, attempt: number): void {
    const error = this.#connects.fail(attempt, reason);
    if (error !== undefined && diagnostics.connectionFail.hasSubscribers) {
      diagnostics.connectionFail.publish({ endpoint: this, error });
    }
  }

  /** Connections are taken while somebody would get them. */
  #updateAccepting(): void {
    this.#core.setAccepting(this.#closing === undefined && this.#incoming.isWanted);
  }

  async #close(options: { code: number; reason: string }): Promise<void> {
    this.#config.bind.signal?.removeEventListener('abort', this.#onAbort);
    this.#core.setAccepting(false);
    this.#connects.close();
    await this.#closeConnections(options);
    this.#incoming.end();
    await this.#driver.close();
    await this.#log?.close();
    if (diagnostics.endpointClose.hasSubscribers) {
      diagnostics.endpointClose.publish({ endpoint: this });
    }
    emitSafely(this.#plainEmitter(), 'close');
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

  /** This endpoint without the types of its events, among which Node's own two are not. */
  #plainEmitter(): EventEmitter {
    return this as unknown as EventEmitter;
  }
}
