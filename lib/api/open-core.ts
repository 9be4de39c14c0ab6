/**
 * The core of an endpoint with this process around it: its clock, its chance, its memory, the addresses of its socket.
 *
 * It opens no socket, and makes no turns. Called by `Endpoint`, once.
 *
 * Invariant: the core takes no connections of peers until it is told to.
 */

import { Endpoint as CoreEndpoint } from '../core/endpoint/endpoint.js';
import type { EndpointOptions as CoreOptions } from '../core/endpoint/endpoint-options.js';
import type { Protection } from '../core/ports.js';
import { openPrimitives } from '../crypto/choose-primitives.js';
import { loggedPrimitives } from '../crypto/handshake-key-log.js';
import { type KeyLog, keyLogLine, openKeyLog } from '../crypto/key-log.js';
import { systemRandom } from '../crypto/random.js';
import { addressBytes } from '../io/address-bytes.js';
import type { BatchSocket, SocketAddress } from '../io/batch-socket.js';
import { epochUs, nowUs } from '../io/clock.js';
import { addressesOf } from '../io/driver.js';
import { openMemory } from '../io/memory.js';
import { guard } from './emit.js';
import type { EndpointConfig } from './endpoint-options.js';
import { warnOfFault } from './fault-warning.js';

/** What the core asks of the endpoint that holds it. */
export type CoreHooks = Required<Pick<CoreOptions, 'authorize' | 'wake' | 'tracerFor'>>;

/** @param protection owned by the core from now on */
export function openCore(
  config: EndpointConfig,
  engine: BatchSocket,
  protection: Protection,
  hooks: CoreHooks,
): CoreEndpoint {
  const keyLog = openKeyLog(guarded(config.keyLog));
  return new CoreEndpoint({
    ...hooks,
    config: config.transport,
    protection,
    primitives: loggedPrimitives(openPrimitives().primitives, keyLog),
    random: systemRandom,
    memory: openMemory(),
    addresses: addressesOf(engine),
    identity: config.identity,
    nowUs: nowUs(),
    epochUs: epochUs(),
    psk: config.preSharedKey,
    suites: config.suites,
    // Those that share a port must not know each other's tokens, but shards tell their ids apart.
    resetPlace: config.bind.reusePort && !config.shard ? undefined : placeOf(engine.local),
    shard: config.shard,
    isAccepting: false,
    onFault: warnOfFault,
    onSecret: keyLog && ((secret) => keyLog(keyLogLine(secret))),
  });
}

/** What the application's key log throws surfaces as an uncaught exception, as that of a listener does. */
function guarded(keyLog: KeyLog | undefined): KeyLog | undefined {
  return keyLog && ((line) => guard(() => keyLog(line)));
}

/** What tells this endpoint from others of its identity, and is the same when it is bound again. */
function placeOf({ address, port }: SocketAddress): Uint8Array {
  return Uint8Array.of(...addressBytes(address), port >> 8, port & 0xff);
}
