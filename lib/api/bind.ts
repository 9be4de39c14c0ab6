/**
 * `bind`: from options to an open socket.
 *
 * It moves no datagrams. Called by the application.
 *
 * Invariant: misuse throws before a promise exists; what the system refuses rejects it; nothing stays open when it
 * rejects.
 */

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { EngineOptions } from '../io/batch-socket.js';
import { type OpenedSocket, openSocket } from '../io/open-socket.js';
import { type BindConfig, type BindOptions, parseBindOptions } from './bind-options.js';
import { warnWhenClamped } from './buffer-warning.js';
import { abortError } from './errors.js';
import { UdpSocket } from './udp-socket.js';

/**
 * Opens a UDP socket and binds it.
 *
 * @throws OptionError synchronously: ERR_OPTION_UNKNOWN, ERR_OPTION_TYPE, ERR_OPTION_RANGE, ERR_OPTION_CONFLICT;
 *   also for an environment variable with an unknown value
 * @returns a promise that rejects with the system error of bind(2) (EADDRINUSE, EACCES, EADDRNOTAVAIL, ...), with
 *   that of the look-up (ENOTFOUND, ...), with ERR_ENGINE_UNAVAILABLE, or with an AbortError
 */
export function bind(options?: BindOptions): Promise<UdpSocket> {
  return open(parseBindOptions(options));
}

async function open(config: BindConfig): Promise<UdpSocket> {
  const { signal } = config;
  if (signal?.aborted) throw abortError(signal);
  const address = await resolveHost(config);
  if (signal?.aborted) throw abortError(signal);
  const { engine, info } = await openAt(address, config);
  if (signal?.aborted) {
    await engine.close();
    throw abortError(signal);
  }
  warnWhenClamped(engine, config);
  try {
    return new UdpSocket(engine, { info, signal, debug: config.debug });
  } catch (error) {
    // The signal is the application's: listening to it may run its code.
    await engine.close();
    throw error;
  }
}

/** The literal address of a host name; undefined when no address was given. */
async function resolveHost(config: BindConfig): Promise<string | undefined> {
  const { address, ipv6Only } = config;
  if (address === undefined || isIP(address) !== 0) return address;
  const found = await lookup(address, { family: ipv6Only ? 6 : 0 });
  return found.address;
}

async function openAt(address: string | undefined, config: BindConfig): Promise<OpenedSocket> {
  if (address !== undefined) return openSocket(requestFor(address, config));
  try {
    return await openSocket(requestFor('::', config));
  } catch (error) {
    if (config.ipv6Only || !isIpv6Missing(error)) throw error;
    return openSocket(requestFor('0.0.0.0', config));
  }
}

function isIpv6Missing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL' || code === 'EPROTONOSUPPORT';
}

function requestFor(address: string, config: BindConfig) {
  const options: EngineOptions = {
    address,
    port: config.port,
    ipv6Only: config.ipv6Only,
    reusePort: config.reusePort,
    gso: config.gso,
    gro: config.gro,
    receiveBufferSize: config.receiveBufferSize,
    sendBufferSize: config.sendBufferSize,
    maxPeers: config.maxPeers,
  };
  const { engine, gsoForced, engineBecause, trainsBecause } = config;
  return { engine, options, gsoForced, engineBecause, trainsBecause };
}
