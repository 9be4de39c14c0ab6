/**
 * Sockets that the workers of a cluster share: the primary binds once and hands copies of the descriptor out.
 *
 * node:dgram asks the primary by `cluster._getServer`, which is no documented call; where it is missing, each worker binds
 * for itself. The handle that comes back is never started: a copy of its descriptor is, by our engine. Called by `socket`.
 *
 * Invariant: a handle that was handed out is closed with its socket, so the primary knows.
 */

import cluster from 'node:cluster';
import type { EventEmitter } from 'node:events';
import { constants } from 'node:os';

/** uv.h; os.constants has the other one only. */
const UV_UDP_IPV6ONLY = 1;

export interface SharedHandle {
  readonly fd: number;
  close(done?: () => void): void;
  unref?(): void;
}

export interface ShareRequest {
  /** null: of a descriptor. */
  readonly address: string | null;
  readonly port: number | null | undefined;
  readonly addressType: 'udp4' | 'udp6';
  /** -1: of an address. */
  readonly fd: number;
  readonly flags: number | null;
}

type GetServer = (
  socket: EventEmitter,
  request: ShareRequest,
  callback: (error: number, handle: SharedHandle) => void,
) => void;

/** Does the primary of a cluster bind for this process? */
export function isShared(exclusive: boolean): boolean {
  return cluster.isWorker && !exclusive && '_getServer' in cluster;
}

export function shareFlags(reuseAddr: boolean, ipv6Only: boolean): number {
  return (reuseAddr ? constants.UV_UDP_REUSEADDR : 0) | (ipv6Only ? UV_UDP_IPV6ONLY : 0);
}

/** Asks the primary. `callback` gets -errno, or a handle to be closed. */
export function shareHandle(
  socket: EventEmitter,
  request: ShareRequest,
  callback: (error: number, handle: SharedHandle) => void,
): void {
  (cluster as unknown as { _getServer: GetServer })._getServer(socket, request, callback);
}
