/**
 * From checked options to a bound engine: look-up, family, abort.
 *
 * It makes no object that an application holds. Called by `bind` and by `Endpoint.bind`.
 *
 * Invariant: nothing stays open when it rejects.
 */

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { EngineOptions } from '../io/batch-socket.js';
import { type OpenedSocket, type OpenRequest, openSocket } from '../io/open-socket.js';
import { openSocketGroup, type SocketGroup } from '../io/socket-group.js';
import type { BindConfig } from './bind-options.js';
import { warnWhenClamped } from './buffer-warning.js';
import { abortError } from './errors.js';

/**
 * Opens and binds an engine. Rejects with the system error of bind(2) or of the look-up, with ERR_ENGINE_UNAVAILABLE, or
 * with an AbortError. `adoptedFd`: see `EngineOptions`.
 */
export async function openBound(config: BindConfig, adoptedFd?: number): Promise<OpenedSocket> {
  const { signal } = config;
  if (signal?.aborted) throw abortError(signal);
  const address = await resolveHost(config.address, config.ipv6Only ? 6 : 0);
  if (signal?.aborted) throw abortError(signal);
  const opened = await openAt(address, config, (request) => {
    const options = { ...request.options, adoptedFd };
    return openSocket({ ...request, options });
  });
  if (signal?.aborted) {
    await opened.engine.close();
    throw abortError(signal);
  }
  warnWhenClamped(opened.engine, config);
  return opened;
}

/** Opens a group of `count` sockets on one port. Rejects as `openBound` does, but knows no signal. */
export async function openBoundGroup(config: BindConfig, count: number): Promise<SocketGroup> {
  const address = await resolveHost(config.address, config.ipv6Only ? 6 : 0);
  return openAt(address, config, (request) => openSocketGroup(request, count));
}

/** The literal address of a host name; undefined when no address was given. `family`: 0 for either. */
export async function resolveHost(
  address: string | undefined,
  family: 0 | 4 | 6,
): Promise<string | undefined> {
  if (address === undefined || isIP(address) !== 0) return address;
  const found = await lookup(address, { family });
  return found.address;
}

async function openAt<T>(
  address: string | undefined,
  config: BindConfig,
  open: (request: OpenRequest) => Promise<T>,
): Promise<T> {
  if (address !== undefined) return open(requestFor(address, config));
  try {
    return await open(requestFor('::', config));
  } catch (error) {
    if (config.ipv6Only || !isIpv6Missing(error)) throw error;
    return open(requestFor('0.0.0.0', config));
  }
}

function isIpv6Missing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL' || code === 'EPROTONOSUPPORT';
}

function requestFor(address: string, config: BindConfig): OpenRequest {
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
