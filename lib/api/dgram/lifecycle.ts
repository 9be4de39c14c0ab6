/**
 * The life of a socket of `burstwire/dgram`: made, bound, closed.
 *
 * The states, the order of checks and events, and the errors are node:dgram's; what is not explained here stands in Node's
 * documentation of dgram. `settings` and `socket` build on it. Invariant: what the network does never throws; it comes as an
 * event or to a callback.
 */

import { channel } from 'node:diagnostics_channel';
import { EventEmitter, errorMonitor } from 'node:events';
import { fstatSync } from 'node:fs';
import { isIP } from 'node:net';
import { isatty } from 'node:tty';
import { DgramHandle, socketTypeOf, type Trains } from '../../io/facade/handle.js';
import type { Binding } from '../../native/binding.js';
import {
  isShared,
  type SharedHandle,
  type ShareRequest,
  shareFlags,
  shareHandle,
} from './cluster.js';
import * as errors from './errors.js';
import { type DgramConfig, readOptions } from './options.js';

export const UNBOUND = 0;
export const BINDING = 1;
export const BOUND = 2;

export const DISCONNECTED = 0;
export const CONNECTING = 1;
export const CONNECTED = 2;

const socketChannel = channel('udp.socket');

/** What a socket is made with, besides its options: the addon, and what may be used of it. */
export interface NativeParts {
  readonly binding: Binding;
  readonly trains: Trains;
}

/** What node:dgram keeps behind its own symbol. */
export class SocketState {
  readonly config: DgramConfig;
  readonly parts: NativeParts;
  /** undefined: closed. */
  handle: DgramHandle | undefined;
  bindState = UNBOUND;
  connectState = DISCONNECTED;
  /** What waits for the end of the binding. */
  queue: (() => void)[] | undefined;
  /** Gives a shared handle back to the primary of the cluster. */
  release: ((done?: () => void) => void) | undefined;
  reuseAddr: boolean;
  receiving = false;

  constructor(config: DgramConfig, parts: NativeParts, handle: DgramHandle) {
    this.config = config;
    this.parts = parts;
    this.handle = handle;
    this.reuseAddr = config.reuseAddr;
  }
}

export const kState = Symbol('state');

interface BindRequest {
  readonly port?: number;
  readonly address?: string;
  readonly exclusive?: unknown;
  readonly fd?: unknown;
}

export class LifecycleSocket extends EventEmitter {
  readonly type: 'udp4' | 'udp6';
  readonly [kState]: SocketState;

  constructor(parts: NativeParts, options: unknown, listener: unknown) {
    super();
    const config = readOptions(options);
    this.type = config.type;
    const handle = new DgramHandle(parts.binding, config.type === 'udp6', parts.trains, {
      onMessage: (message, address, port) => this.#onMessage(message, address, port),
      onError: (errno) => void this.emit('error', errors.systemError(errno, 'recvmsg')),
    });
    const state = new SocketState(config, parts, handle);
    Object.defineProperty(this, kState, { value: state });
    this[kState] = state;
    if (typeof listener === 'function') this.on('message', listener as () => void);
    this.#obey(config.signal);
    if (socketChannel.hasSubscribers) socketChannel.publish({ socket: this });
  }

  bind(...given: readonly unknown[]): this {
    const handle = this.runningHandle();
    const state = this[kState];
    if (state.bindState !== UNBOUND) throw errors.alreadyBound();
    state.bindState = BINDING;
    const callback = given.at(-1);
    if (typeof callback === 'function') this.#callWhenBound(callback as () => void);
    const [first, second] = given;
    const request: BindRequest =
      first !== null && typeof first === 'object'
        ? first
        : { port: first as number, ...(typeof second === 'string' ? { address: second } : {}) };
    const exclusive = Boolean(request.exclusive) || state.config.reusePort;
    const { fd } = request;
    if (typeof fd === 'number' && fd === (fd | 0) && fd > 0) this.#bindTo(handle, fd, exclusive);
    else this.#bindAddress(request, exclusive);
    return this;
  }

  close(callback?: unknown): this {
    if (typeof callback === 'function') this.on('close', callback as () => void);
    const state = this[kState];
    if (state.queue !== undefined) {
      state.queue.push(() => this.close());
      return this;
    }
    const handle = this.runningHandle();
    state.handle = undefined;
    state.receiving = false;
    handle.close();
    state.release?.();
    process.nextTick(() => this.emit('close'));
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this[kState].handle === undefined) return;
    await new Promise<void>((resolve) => this.close(resolve));
  }

  address(): { address: string; family: string; port: number } {
    return this.nameOf(false);
  }

  ref(): this {
    this[kState].handle?.ref();
    return this;
  }

  unref(): this {
    this[kState].handle?.unref();
    return this;
  }

  /** The open handle. @throws ERR_SOCKET_DGRAM_NOT_RUNNING */
  protected runningHandle(): DgramHandle {
    const { handle } = this[kState];
    if (handle === undefined) throw errors.notRunning();
    return handle;
  }

  protected nameOf(remote: boolean): { address: string; family: string; port: number } {
    const name = this.runningHandle().name(remote);
    if (typeof name === 'number') {
      throw errors.systemError(name, remote ? 'getpeername' : 'getsockname');
    }
    const [address, port] = name;
    return { address, family: this.type === 'udp4' ? 'IPv4' : 'IPv6', port };
  }

  /** Runs `call` once the socket is bound; forgets it when that fails. */
  protected enqueue(call: () => void): void {
    const state = this[kState];
    if (state.queue === undefined) {
      state.queue = [];
      const onError = (): void => {
        this.removeListener('listening', onListening);
        state.queue = undefined;
      };
      const onListening = (): void => {
        this.removeListener(errorMonitor, onError);
        const queue = state.queue ?? [];
        state.queue = undefined;
        for (const queued of queue) queued();
      };
      this.once(errorMonitor, onError);
      this.once('listening', onListening);
    }
    state.queue.push(call);
  }

  protected lookUp(
    address: string | undefined,
    callback: (error: Error | null, ip: string) => void,
  ): void {
    const ipv4 = this.type === 'udp4';
    const host = address || (ipv4 ? '127.0.0.1' : '::1');
    this[kState].config.lookup(host, ipv4 ? 4 : 6, callback);
  }

  #onMessage(message: Buffer, address: string, port: number): void {
    const family = this.type === 'udp4' ? 'IPv4' : 'IPv6';
    const blocked = this[kState].config.receiveBlockList;
    if (blocked?.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')) return;
    this.emit('message', message, { address, family, port, size: message.length });
  }

  #obey(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    const onAbort = (): void => {
      if (this[kState].handle !== undefined) this.close();
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    this.once('close', () => signal.removeEventListener('abort', onAbort));
  }

  #callWhenBound(callback: () => void): void {
    const forget = (): void => {
      this.removeListener('error', forget);
      this.removeListener('listening', onListening);
    };
    const onListening = (): void => {
      forget();
      callback.call(this);
    };
    this.on('error', forget);
    this.on('listening', onListening);
  }

  #bindTo(handle: DgramHandle, fd: number, exclusive: boolean): void {
    if (isShared(exclusive)) {
      const request = { address: null, port: null, addressType: this.type, fd, flags: null };
      this.#bindShared(request, (errno) => errors.systemError(errno, 'open'));
      return;
    }
    const type = descriptorType(this[kState].parts.binding, fd);
    if (type !== 'UDP') throw errors.badDescriptor(type);
    const error = handle.adopt(fd, false);
    if (error < 0) throw errors.systemError(error, 'open');
    this.#startListening(handle);
  }

  #bindAddress(request: BindRequest, exclusive: boolean): void {
    const state = this[kState];
    const { port } = request;
    const { reuseAddr, ipv6Only, reusePort } = state.config;
    const wildcard = this.type === 'udp4' ? '0.0.0.0' : '::';
    this.lookUp(request.address || wildcard, (failure, address) => {
      const { handle } = state;
      if (handle === undefined) return;
      if (failure) {
        this.#failBinding(failure);
        return;
      }
      const describe = (errno: number): Error =>
        errors.addressError(errno, 'bind', address, port as number);
      if (isShared(exclusive)) {
        const flags = shareFlags(reuseAddr, ipv6Only);
        this.#bindShared({ address, port, addressType: this.type, fd: -1, flags }, describe);
        return;
      }
      const flags = { ipv6Only, reuseAddress: reuseAddr, reusePort };
      const error = handle.bind(address, port || 0, flags);
      if (error < 0) this.#failBinding(describe(error));
      else this.#startListening(handle);
    });
  }

  #bindShared(request: ShareRequest, describe: (errno: number) => Error): void {
    const state = this[kState];
    shareHandle(this, request, (error, shared) => {
      if (error) {
        if (state.handle !== undefined) this.#failBinding(describe(error));
        return;
      }
      if (state.handle === undefined) {
        shared.close();
        return;
      }
      shared.unref?.();
      const failed = state.handle.adopt(shared.fd, true);
      if (failed < 0) {
        shared.close();
        this.#failBinding(describe(failed));
        return;
      }
      this.#closeWith(shared);
      this.#startListening(state.handle);
    });
  }

  /** A worker that is disconnected closes the handles that it shares: then the socket is closed. */
  #closeWith(shared: SharedHandle): void {
    const state = this[kState];
    const release = shared.close.bind(shared);
    state.release = release;
    shared.close = (done) => {
      if (state.handle === undefined) release(done);
      else this.close(done);
    };
  }

  #failBinding(error: Error): void {
    this[kState].bindState = UNBOUND;
    this.emit('error', error);
  }

  #startListening(handle: DgramHandle): void {
    const state = this[kState];
    const { recvBufferSize, sendBufferSize } = state.config;
    state.receiving = true;
    state.bindState = BOUND;
    if (recvBufferSize > 0) resize(handle, true, recvBufferSize);
    if (sendBufferSize > 0) resize(handle, false, sendBufferSize);
    this.emit('listening');
  }
}

/** Sets or (0) asks a buffer size; what the kernel has. @throws ERR_SOCKET_BUFFER_SIZE */
export function resize(handle: DgramHandle, receive: boolean, bytes: number): number {
  const size = handle.bufferSize(receive, bytes);
  if (size < 0) throw errors.bufferSizeError(size, receive);
  return size;
}

/** As libuv names descriptors. */
function descriptorType(binding: Binding, fd: number): string {
  const socketType = socketTypeOf(binding, fd);
  if (socketType !== undefined) return socketType;
  if (isatty(fd)) return 'TTY';
  try {
    const stat = fstatSync(fd);
    if (stat.isFIFO()) return 'PIPE';
    return stat.isFile() || stat.isCharacterDevice() ? 'FILE' : 'UNKNOWN';
  } catch {
    return 'INVALID';
  }
}
