/**
 * One port for several endpoints, one a core: the sockets, and what each endpoint is bound with.
 *
 * It carries no datagram and starts no worker. The application makes one in its main thread or primary process, hands
 * `bindOptions(i)` to worker i, and again to whoever replaces it.
 *
 * Invariant: as long as the group is open, the socket of a shard is, whatever becomes of the worker that serves it.
 */

import { availableParallelism } from 'node:os';
import { SHARDS_MAX } from '../core/endpoint/shard.js';
import type { SocketAddress } from '../io/batch-socket.js';
import type { SocketGroup } from '../io/socket-group.js';
import {
  BIND_OPTIONS,
  type BindOptions,
  readEnvironment,
  resolveBindOptions,
} from './bind-options.js';
import { OptionError, show } from './errors.js';
import { openBoundGroup } from './open-bound.js';
import { type OptionTable, parseOptions } from './option-table.js';
import type { ShardOptions } from './shard-options.js';
import { warnUnsteered } from './steering-warning.js';

/** Options of `ShardGroup.bind`. All may be left out. */
export interface ShardGroupOptions
  extends Pick<
    BindOptions,
    'address' | 'port' | 'engine' | 'ipv6Only' | 'receiveBufferSize' | 'sendBufferSize'
  > {
  /** Shards, 1 to 256. Default: as many as this process may use cores (`os.availableParallelism()`). */
  readonly count?: number | undefined;
}

/** What `Endpoint.bind` needs to serve a shard. Plain data: it may be sent to a worker or a process. */
export interface ShardBindOptions {
  readonly address: string;
  readonly port: number;
  readonly ipv6Only: boolean;
  readonly reusePort: true;
  readonly shard: ShardOptions;
}

const { address, port, engine, ipv6Only, receiveBufferSize, sendBufferSize } = BIND_OPTIONS;
/** The rules behind `ShardGroupOptions`. */
export const GROUP_OPTIONS = {
  ...{ address, port, engine, ipv6Only, receiveBufferSize, sendBufferSize },
  count: { kind: 'integer', default: 0, min: 1, max: SHARDS_MAX, doc: 'shards; default: cores' },
} as const satisfies OptionTable;

const REMEDY = "'npx burstwire doctor' says what is missing and how to get it";

export class ShardGroup implements AsyncDisposable {
  readonly #sockets: SocketGroup;
  readonly #ipv6Only: boolean;
  #isOpen = true;

  private constructor(sockets: SocketGroup, onlyIpv6: boolean) {
    this.#sockets = sockets;
    this.#ipv6Only = onlyIpv6;
    if (sockets.unsteered !== undefined) {
      warnUnsteered(sockets.count, sockets.unsteered, REMEDY);
    }
  }

  /**
   * Binds a port for `count` endpoints.
   *
   * Without the native engine, or where the kernel refuses the program that steers (SO_ATTACH_REUSEPORT_CBPF, socket(7)),
   * one warning says so, and the kernel spreads peers by hashing their address and port. Before Node 22.12 there is then
   * one shard only: see `count`.
   *
   * @throws OptionError synchronously: ERR_OPTION_UNKNOWN, ERR_OPTION_TYPE, ERR_OPTION_RANGE, ERR_OPTION_CONFLICT
   * @returns a promise that rejects as that of `bind` does (EADDRINUSE, ERR_ENGINE_UNAVAILABLE, ...)
   */
  static bind(options?: ShardGroupOptions): Promise<ShardGroup> {
    const { values, given } = parseOptions('ShardGroup.bind', GROUP_OPTIONS, options);
    const rest = { gso: true, gro: true, reusePort: true, signal: undefined };
    const bind = { ...values, ...rest, maxPeers: BIND_OPTIONS.maxPeers.default };
    const config = resolveBindOptions(bind, given, readEnvironment());
    const count = values.count || Math.min(availableParallelism(), SHARDS_MAX);
    const opening = openBoundGroup(config, count);
    return opening.then((sockets) => new ShardGroup(sockets, config.ipv6Only));
  }

  /** The address that all shards have. */
  get address(): SocketAddress {
    return this.#sockets.address;
  }

  /** Shards: what was asked for, or 1 where nothing here can share a port. */
  get count(): number {
    return this.#sockets.count;
  }

  /** Whether a connection stays with its shard when the peer's address changes. */
  get isSteered(): boolean {
    return this.#sockets.unsteered === undefined;
  }

  /**
   * What `Endpoint.bind` needs to serve shard `index`, beside `identity`, the same for all, and whatever else it takes. To
   * be used while the group is open, and by one endpoint at a time: the next one only after the one before is closed, or its
   * worker gone.
   *
   * @param inheritedFd the number under which another process has inherited the descriptor (`descriptor(index)`); left out
   *   in this process, workers included
   * @throws OptionError ERR_OPTION_RANGE; Error ERR_SHARD_GROUP_CLOSED
   */
  bindOptions(index: number, inheritedFd?: number): ShardBindOptions {
    const fd = this.descriptor(index);
    if (inheritedFd !== undefined && !(Number.isInteger(inheritedFd) && inheritedFd >= 0)) {
      throw outOfRange('inheritedFd', inheritedFd, 'a descriptor');
    }
    const place = { index, count: this.count, fd: fd === null ? null : (inheritedFd ?? fd) };
    return Object.freeze({
      address: this.address.address,
      port: this.address.port,
      ipv6Only: this.#ipv6Only,
      reusePort: true,
      shard: Object.freeze(place),
    });
  }

  /**
   * The descriptor of the shard's socket, owned by the group, for a child process to inherit (`stdio` of child_process and
   * cluster); null when the group holds none.
   *
   * @throws OptionError ERR_OPTION_RANGE; Error ERR_SHARD_GROUP_CLOSED
   */
  descriptor(index: number): number | null {
    if (!Number.isInteger(index) || index < 0 || index >= this.count) {
      throw outOfRange('index', index, `a shard of 0 to ${this.count - 1}`);
    }
    if (!this.#isOpen) {
      throw Object.assign(new Error('the shard group is closed'), {
        code: 'ERR_SHARD_GROUP_CLOSED',
      });
    }
    return this.#sockets.descriptors?.[index] ?? null;
  }

  /** Gives the group's sockets back. Endpoints that serve shards keep theirs. Idempotent. */
  close(): void {
    this.#isOpen = false;
    this.#sockets.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

function outOfRange(name: string, value: unknown, expected: string): OptionError {
  const message = `ShardGroup: '${name}' must be ${expected}, not ${show(value)}`;
  return new OptionError('ERR_OPTION_RANGE', name, value, message);
}
