/**
 * `Socket` of `burstwire/dgram` on the native engine: connecting and sending.
 *
 * As in node:dgram, call by call; see `lifecycle`. Sends of one tick leave in one batch: `lib/io/facade/outbox`. Invariant:
 * a callback never runs inside the call that it was given to.
 */

import dns from 'node:dns';
import { isIP } from 'node:net';
import type { DgramHandle, Settled } from '../../io/facade/handle.js';
import {
  checkNumber,
  checkString,
  keep,
  type Payload,
  readPayload,
  readPort,
  slice,
} from './arguments.js';
import * as errors from './errors.js';
import { BOUND, CONNECTED, CONNECTING, DISCONNECTED, kState, UNBOUND } from './lifecycle.js';
import { type SendCallback, settleLater } from './send-callbacks.js';
import { SettingsSocket } from './settings.js';

/** While it is this one, a literal address needs no look-up: it would answer with itself. */
const dnsLookup: unknown = dns.lookup;

type ConnectCallback = (error?: Error) => void;

export class Socket extends SettingsSocket {
  connect(port: unknown, address?: unknown, callback?: unknown): void {
    const remotePort = readPort(port);
    const hasAddress = typeof address !== 'function' && address !== undefined;
    const host = hasAddress ? address : '';
    const listener = (typeof address === 'function' ? address : callback) as
      | ConnectCallback
      | undefined;
    checkString(host, 'address');
    const state = this[kState];
    if (state.connectState !== DISCONNECTED) throw errors.isConnected();
    state.connectState = CONNECTING;
    if (state.bindState === UNBOUND) this.bind({ port: 0, exclusive: true }, null);
    if (state.bindState === BOUND) this.#connect(remotePort, host, listener);
    else this.enqueue(() => this.#connect(remotePort, host, listener));
  }

  disconnect(): void {
    const state = this[kState];
    if (state.connectState !== CONNECTED) throw errors.notConnected();
    const error = this.runningHandle().disconnect();
    if (error < 0) throw errors.systemError(error, 'connect');
    state.connectState = DISCONNECTED;
  }

  remoteAddress(): { address: string; family: string; port: number } {
    this.runningHandle();
    if (this[kState].connectState !== CONNECTED) throw errors.notConnected();
    return this.nameOf(true);
  }

  sendto(
    buffer: unknown,
    offset: unknown,
    length: unknown,
    port: unknown,
    address: unknown,
    callback?: unknown,
  ): void {
    checkNumber(offset, 'offset');
    checkNumber(length, 'length');
    checkNumber(port, 'port');
    checkString(address, 'address');
    this.send(buffer, offset, length, port, address, callback);
  }

  /**
   * (message, port, address, callback), (message, offset, length, port, address, callback), or, connected, (message,
   * callback), (message, offset, length, callback); what stands behind the port may be left out. Copies the bytes.
   */
  send(
    buffer: unknown,
    offset?: unknown,
    length?: unknown,
    port?: unknown,
    address?: unknown,
    callback?: unknown,
  ): void {
    if (address === undefined && this.#sendQuickly(buffer, offset, length, port)) return;
    if (this[kState].connectState === CONNECTED) {
      this.#sendConnected(buffer, offset, length, port, address, callback);
    } else if (address || (port && typeof port !== 'function')) {
      this.#sendTo(slice(buffer, offset, length), port, address, callback);
    } else {
      this.#sendTo(buffer, offset, length, port);
    }
  }

  /** What nearly every program does nearly always: (message, port, address, callback?), to where it has sent before. */
  #sendQuickly(buffer: unknown, port: unknown, address: unknown, callback: unknown): boolean {
    const { handle, bindState, connectState, config } = this[kState];
    if (
      handle === undefined ||
      bindState !== BOUND ||
      connectState === CONNECTED ||
      typeof port !== 'number' ||
      typeof address !== 'string' ||
      !(callback === undefined || typeof callback === 'function') ||
      config.sendBlockList !== undefined ||
      config.lookup !== dnsLookup
    ) {
      return false;
    }
    const id = handle.knownDestination(address, port);
    if (id === 0) return false;
    const settled = callback && settleLater(callback as SendCallback, address, port);
    if (typeof buffer === 'string') {
      handle.sendTo(buffer, Buffer.byteLength(buffer), id, settled);
    } else if (buffer instanceof Uint8Array) {
      handle.sendTo(buffer, buffer.byteLength, id, settled);
    } else {
      return false;
    }
    return true;
  }

  #sendConnected(
    given: unknown,
    offset: unknown,
    length: unknown,
    port: unknown,
    address: unknown,
    callback: unknown,
  ): void {
    let listener = callback;
    let buffer = given;
    let named = port;
    if (typeof length === 'number') {
      buffer = slice(given, offset, length);
      if (typeof port === 'function') {
        listener = port;
        named = undefined;
      }
    } else {
      listener = offset;
    }
    if (named || address) throw errors.isConnected();
    const payload = readPayload(buffer);
    const settled = settledOf(listener, undefined, undefined);
    this.runningHandle().sendConnected(payload.message, payload.byteLength, settled);
  }

  #sendTo(buffer: unknown, port: unknown, address: unknown, callback: unknown): void {
    const payload = readPayload(buffer);
    const remotePort = readPort(port);
    const host = typeof address === 'function' ? undefined : (address ?? undefined);
    if (host !== undefined) checkString(host, 'address');
    const listener = typeof address === 'function' ? address : callback;
    const handle = this.runningHandle();
    const state = this[kState];
    if (state.bindState === UNBOUND) this.bind({ port: 0, exclusive: true }, null);
    if (state.bindState === BOUND) {
      this.#dispatch(handle, payload, remotePort, host, listener);
      return;
    }
    const kept = keep(payload);
    this.enqueue(() => {
      // As node:dgram does: all is checked again, and the socket may be connected by now.
      if (state.connectState === CONNECTED) throw errors.isConnected();
      this.#dispatch(this.runningHandle(), kept, remotePort, host, listener);
    });
  }

  #dispatch(
    handle: DgramHandle,
    payload: Payload,
    port: number,
    host: string | undefined,
    listener: unknown,
  ): void {
    const { sendBlockList, lookup } = this[kState].config;
    const literal = host || (this.type === 'udp4' ? '127.0.0.1' : '::1');
    if (lookup === dnsLookup && sendBlockList === undefined && isIP(literal) !== 0) {
      const settled = settledOf(listener, host, port);
      handle.send(payload.message, payload.byteLength, literal, port, settled);
      return;
    }
    const kept = keep(payload);
    this.lookUp(host, (failure, ip) => {
      const error = failure ?? this.#refusal(ip);
      if (error !== undefined && error !== null) {
        this.#failSend(error, listener);
        return;
      }
      const settled = settledOf(listener, host, port);
      this[kState].handle?.send(kept.message, kept.byteLength, ip, port, settled);
    });
  }

  /** ERR_IP_BLOCKED when nothing may be sent there. */
  #refusal(ip: string): Error | undefined {
    const blocked = this[kState].config.sendBlockList;
    return blocked?.check(ip, isIP(ip) === 4 ? 'ipv4' : 'ipv6') ? errors.ipBlocked(ip) : undefined;
  }

  #failSend(error: Error, listener: unknown): void {
    process.nextTick(() => {
      if (typeof listener === 'function') listener(error);
      else this.emit('error', error);
    });
  }

  #connect(port: number, host: string, listener: ConnectCallback | undefined): void {
    if (listener) this.once('connect', listener);
    this.lookUp(host, (failure, ip) => {
      const state = this[kState];
      const { handle } = state;
      if (handle === undefined) return;
      let error = failure ?? this.#refusal(ip);
      if (!error) {
        const errno = handle.connect(ip, port);
        if (errno < 0) error = errors.addressError(errno, 'connect', host, port);
      }
      if (error) {
        state.connectState = DISCONNECTED;
        this.#failConnect(error, listener);
        return;
      }
      state.connectState = CONNECTED;
      process.nextTick(() => this.emit('connect'));
    });
  }

  #failConnect(error: Error, listener: ConnectCallback | undefined): void {
    process.nextTick(() => {
      if (listener) {
        this.removeListener('connect', listener);
        listener(error);
      } else {
        this.emit('error', error);
      }
    });
  }
}

function settledOf(
  listener: unknown,
  address: string | undefined,
  port: number | undefined,
): Settled | undefined {
  return typeof listener === 'function'
    ? settleLater(listener as SendCallback, address, port)
    : undefined;
}
