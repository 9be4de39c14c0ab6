/**
 * What an endpoint is made of: the outside world as ports, and the configuration.
 *
 * Types only. `lib/api/endpoint` fills it in with the real ones, simulators with theirs.
 */

import type { TransportConfig } from '../config.js';
import type { Connection } from '../connection/connection.js';
import type { Authorize } from '../handshake/context.js';
import type {
  Addresses,
  HandshakePrimitives,
  KeyPair,
  Memory,
  Protection,
  Random,
  SecretSink,
  Tracer,
} from '../ports.js';
import type { ShardPlace } from './shard.js';

export interface EndpointOptions {
  readonly config: TransportConfig;
  readonly protection: Protection;
  readonly primitives: HandshakePrimitives;
  readonly random: Random;
  readonly memory: Memory;
  readonly addresses: Addresses;
  /** X25519; borrowed for good. */
  readonly identity: KeyPair;
  readonly nowUs: number;
  /** Microseconds since 1970 when `nowUs` was 0. */
  readonly epochUs: number;
  /**
   * Tells endpoints of this identity apart, and is the same again after a restart: the bound address. Only then does a
   * peer of the endpoint before learn by a stateless reset that it is gone. Default: chance, so that it does not.
   */
  readonly resetPlace?: Uint8Array | undefined;
  /**
   * Several endpoints of this identity and this `resetPlace` are behind one port, and this is one of them: its connection
   * ids say so, and cookies are good at all of them. Default: it is alone.
   */
  readonly shard?: ShardPlace | undefined;
  /** 32 bytes: then only peers that have it are talked with. */
  readonly psk?: Uint8Array | undefined;
  /** Ids of the suites spoken, best first; default all, AES-128-GCM first. */
  readonly suites?: readonly number[] | undefined;
  /** Whether incoming connections are taken from the beginning; default true. */
  readonly isAccepting?: boolean | undefined;
  /** Whether to talk with this key; default: with every key. `attempt`: undefined when the peer has begun. */
  readonly authorize?: Authorize | undefined;
  /** Called when there is something to send that no turn has asked for: the driver makes one. Must not throw. */
  readonly wake?: (() => void) | undefined;
  /**
   * Hears of what was thrown inside the endpoint: no memory, or a mistake in here. The connection concerned ends, the rest
   * goes on. What this throws itself leaves the call of the endpoint that is under way.
   */
  readonly onFault?: ((error: unknown) => void) | undefined;
  /** A diagnostics sink for a connection that has just begun, or undefined. */
  readonly tracerFor?: ((connection: Connection) => Tracer | undefined) | undefined;
  /** A key log. Without it no secret leaves the key schedule. */
  readonly onSecret?: SecretSink | undefined;
}
