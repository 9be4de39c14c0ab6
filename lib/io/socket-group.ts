/**
 * Several sockets on one port (SO_REUSEPORT, socket(7)), held open by one owner and steered by connection id.
 *
 * The sockets are opened here and read elsewhere: whoever serves a shard adopts its descriptor (`EngineOptions.adoptedFd`).
 * The kernel numbers the sockets of a group as they are bound, and when one leaves, the last takes its number; since the
 * owner keeps all of them open, none leaves, and a shard's socket outlives whoever serves it. docs/adr/0004 says more.
 * Called by `ShardGroup`.
 *
 * Invariant: nothing stays open when it rejects; socket i of the group is that of shard i.
 */

import { COUNTER_PLACES, PEER_INTS } from '../batch/layout.js';
import type { Binding, NativeUdpSocket } from '../native/binding.js';
import type { EngineOptions, SocketAddress } from './batch-socket.js';
import { knowsReusePort } from './dgram-bind.js';
import { openHandle } from './native-socket.js';
import { chooseBinding, ENGINES, type EngineParts, type OpenRequest } from './open-socket.js';

export interface SocketGroup {
  /** Where all are bound. */
  readonly address: SocketAddress;
  /** How many can share the port: what was asked for, or 1. */
  readonly count: number;
  /** The descriptor of each shard, owned by the group; undefined: none is held, and each shard binds its own socket. */
  readonly descriptors: readonly number[] | undefined;
  /** Why the kernel does not steer by connection id; undefined: it does. */
  readonly unsteered: string | undefined;
  /** Closes the descriptors. Who has adopted one keeps its own. Idempotent. */
  close(): void;
}

/** Open groups: what was not closed must not be collected, or its sockets would leave. */
const held = new Set<SocketGroup>();

/** A socket that nobody reads has one peer: itself. */
const PEERS = 1;

/**
 * Opens a group of `count` sockets. Rejects with ERR_ENGINE_UNAVAILABLE when `'native'` was asked for and cannot be loaded,
 * and with the system error (`code`, `errno`, `syscall`, `address`, `port`) when the kernel refuses.
 */
export async function openSocketGroup(
  request: OpenRequest,
  count: number,
  engines: EngineParts = ENGINES,
): Promise<SocketGroup> {
  const choice = chooseBinding(request.engine, request.engineBecause, engines.load);
  if (choice.binding !== undefined) return holdSockets(choice.binding, request.options, count);
  const { reason } = choice;
  const found = await engines.openDgram({ ...request.options, reusePort: false }, reason);
  const address = found.local;
  await found.close();
  const canShare = knowsReusePort(process.versions.node);
  return {
    address,
    count: canShare ? count : 1,
    descriptors: undefined,
    unsteered: canShare
      ? reason
      : `${reason}; sockets of node:dgram share a port from Node 22.12 on`,
    close: () => undefined,
  };
}

function holdSockets(binding: Binding, options: EngineOptions, count: number): SocketGroup {
  const handles: NativeUdpSocket[] = [];
  const closeAll = (): void => {
    for (const handle of handles.splice(0)) handle.close();
  };
  try {
    const first = open(binding, options, count);
    handles.push(first);
    const { address, port, family, steering } = first.info();
    while (handles.length < count) handles.push(open(binding, { ...options, port }, 0));
    const group: SocketGroup = {
      address: Object.freeze({ address, port, family }),
      count,
      descriptors: Object.freeze(handles.map((handle) => handle.fd())),
      unsteered: steering ? undefined : 'the kernel refuses SO_ATTACH_REUSEPORT_CBPF',
      close() {
        held.delete(group);
        closeAll();
      },
    };
    held.add(group);
    return group;
  } catch (error) {
    closeAll();
    throw error;
  }
}

/** `shards`: of the group that this socket is the first of; 0: it joins one. */
function open(binding: Binding, options: EngineOptions, shards: number): NativeUdpSocket {
  const columns = new Int32Array((PEERS + 1) * PEER_INTS);
  const socket = { ...options, maxPeers: PEERS, reusePort: true, shards };
  return openHandle(binding, socket, new Float64Array(COUNTER_PLACES), columns);
}
