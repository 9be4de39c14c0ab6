/**
 * What is set on a socket of `burstwire/dgram`, and asked: time to live, broadcast, multicast, buffers, queues.
 *
 * As in node:dgram, call by call; see `lifecycle`. Invariant: an error of the system throws with the name of the call.
 */

import { deprecate } from 'node:util';
import { checkNumber, checkString } from './arguments.js';
import * as errors from './errors.js';
import { kState, LifecycleSocket, resize } from './lifecycle.js';

/** -EBADF: what the system says of a socket that was closed. */
const EBADF = -9;

export class SettingsSocket extends LifecycleSocket {
  setBroadcast(on: unknown): void {
    check(this[kState].handle?.setBroadcast(Boolean(on)), 'setBroadcast');
  }

  setTTL(ttl: unknown): number {
    checkNumber(ttl, 'ttl');
    check(this[kState].handle?.setTtl(ttl), 'setTTL');
    return ttl;
  }

  setMulticastTTL(ttl: unknown): number {
    checkNumber(ttl, 'ttl');
    check(this[kState].handle?.setMulticastTtl(ttl), 'setMulticastTTL');
    return ttl;
  }

  setMulticastLoopback<T>(on: T): T {
    check(this[kState].handle?.setMulticastLoopback(Boolean(on)), 'setMulticastLoopback');
    return on;
  }

  setMulticastInterface(address: unknown): void {
    const handle = this.runningHandle();
    checkString(address, 'interfaceAddress');
    check(handle.setMulticastInterface(address), 'setMulticastInterface');
  }

  addMembership(group: unknown, via?: unknown): void {
    this.#setMembership('addMembership', true, group, via);
  }

  dropMembership(group: unknown, via?: unknown): void {
    this.#setMembership('dropMembership', false, group, via);
  }

  addSourceSpecificMembership(source: unknown, group: unknown, via?: unknown): void {
    this.#setSourceMembership('addSourceSpecificMembership', true, source, group, via);
  }

  dropSourceSpecificMembership(source: unknown, group: unknown, via?: unknown): void {
    this.#setSourceMembership('dropSourceSpecificMembership', false, source, group, via);
  }

  setRecvBufferSize(size: unknown): void {
    this.#resize(true, size);
  }

  setSendBufferSize(size: unknown): void {
    this.#resize(false, size);
  }

  getRecvBufferSize(): number {
    return this.#resize(true, 0);
  }

  getSendBufferSize(): number {
    return this.#resize(false, 0);
  }

  /** Bytes that were sent and that the kernel has not taken yet: those of this tick, and those that wait for room. */
  getSendQueueSize(): number {
    return this.runningHandle().sendQueueSize;
  }

  getSendQueueCount(): number {
    return this.runningHandle().sendQueueCount;
  }

  #setMembership(call: string, join: boolean, group: unknown, via: unknown): void {
    const handle = this.runningHandle();
    if (!group) throw errors.missingArgument('multicastAddress');
    check(handle.setMembership(join, String(group), textOf(via), undefined), call);
  }

  #setSourceMembership(
    call: string,
    join: boolean,
    source: unknown,
    group: unknown,
    via: unknown,
  ): void {
    const handle = this.runningHandle();
    checkString(source, 'sourceAddress');
    checkString(group, 'groupAddress');
    check(handle.setMembership(join, group, textOf(via), source), call);
  }

  #resize(receive: boolean, size: unknown): number {
    if ((size as number) >>> 0 !== size) throw errors.badBufferSize();
    return resize(this.runningHandle(), receive, size as number);
  }
}

function check(result: number | undefined, call: string): void {
  const errno = result ?? EBADF;
  if (errno < 0) throw errors.systemError(errno, call);
}

function textOf(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : String(value);
}

/** Names that node:dgram has deprecated (DEP0112), for programs that still read them. */
function deprecated(name: string, get: (socket: LifecycleSocket) => unknown): void {
  const message = `Socket.prototype.${name} is deprecated`;
  Object.defineProperty(SettingsSocket.prototype, name, {
    configurable: true,
    get: deprecate(
      function read(this: LifecycleSocket) {
        return get(this);
      },
      message,
      'DEP0112',
    ),
    // Ours are not for writing.
    set: deprecate(() => {}, message, 'DEP0112'),
  });
}

function deprecatedCall(
  name: '_healthCheck' | '_stopReceiving',
  call: (this: LifecycleSocket) => void,
): void {
  const value = deprecate(call, `Socket.prototype.${name}() is deprecated`, 'DEP0112');
  Object.defineProperty(SettingsSocket.prototype, name, {
    value,
    configurable: true,
    writable: true,
  });
}

deprecatedCall('_healthCheck', function healthCheck() {
  if (this[kState].handle === undefined) throw errors.notRunning();
});
// Receiving ends with the socket.
deprecatedCall('_stopReceiving', () => {});
deprecated('_handle', (socket) => socket[kState].handle ?? null);
deprecated('_receiving', (socket) => socket[kState].receiving);
deprecated('_bindState', (socket) => socket[kState].bindState);
deprecated('_queue', (socket) => socket[kState].queue);
deprecated('_reuseAddr', (socket) => socket[kState].reuseAddr);
