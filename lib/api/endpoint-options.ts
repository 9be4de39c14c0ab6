/**
 * The options of an endpoint: the table, and what the core is configured with.
 *
 * It opens nothing. Called by `Endpoint.bind`.
 *
 * Invariant: everything that can be refused without asking the kernel is refused here, synchronously.
 */

import { DEFAULT_CONFIG, type TransportConfig } from '../core/config.js';
import type { CryptoEngine } from '../crypto/choose-protection.js';
import { generateIdentity, type Identity, identityFromPrivateKey } from '../crypto/identity.js';
import type { KeyLog } from '../crypto/key-log.js';
import type { SocketAddress } from '../io/batch-socket.js';
import {
  BIND_OPTIONS,
  type BindConfig,
  type BindOptions,
  readEnvironment,
  resolveBindOptions,
} from './bind-options.js';
import { OptionError } from './errors.js';
import { type OptionTable, type OptionValues, parseOptions } from './option-table.js';
import { parseShard, type ShardOptions } from './shard-options.js';

export type { KeyLog };

/** Whether to talk with the peer that has this static public key (32 bytes, borrowed for the call). */
export type Authorize = (publicKey: Uint8Array, address: SocketAddress) => boolean;

/** Options of `Endpoint.bind`; those of `bind` from `burstwire/udp` too. All may be left out. */
export interface EndpointOptions extends BindOptions {
  /** Who we are. Copied. Default: a new identity, so that nobody knows us again. */
  readonly identity?: Identity | undefined;
  /**
   * `'cubic'` (RFC 9438, the default), `'bbr'` (version 3, draft-ietf-ccwg-bbr), `'newreno'` (RFC 9002 section 7), or
   * `'ledbat'` (LEDBAT++), which yields to everybody else. What each was measured to do: docs/congestion.md.
   */
  readonly congestion?: 'cubic' | 'bbr' | 'newreno' | 'ledbat' | undefined;
  /**
   * AEAD of the packets of connections that this endpoint begins; all three are spoken by those that it takes. Default
   * `'aes-128-gcm'`.
   */
  readonly aead?: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305' | undefined;
  /** What seals packets; `'auto'` (default): the fastest that runs here. BURSTWIRE_CRYPTO overrules it. */
  readonly cryptoEngine?: CryptoEngine | undefined;
  /** Ceiling of path MTU discovery (RFC 8899): bytes of UDP payload, 1,200 to 65,507. Default 65,507. */
  readonly maxDatagramSize?: number | undefined;
  /** Silence after which a connection ends, ms, 1,000 to 86,400,000. Default 30,000. */
  readonly idleTimeout?: number | undefined;
  /**
   * Silence after which a PING is sent, ms, 100 to 86,400,000; 0: never. Default 10,000. Up to a fifth less by chance, and
   * from one second on where a stream of the peer has stopped in its middle.
   */
  readonly keepAlive?: number | undefined;
  /** Streams of each kind that the peer may have open at once, 1 to 65,536. Default 1,024. */
  readonly maxStreams?: number | undefined;
  /** Largest receive window of a stream, bytes, 16 KiB to 1 GiB; reached by auto-tuning. Default 16 MiB. */
  readonly maxStreamData?: number | undefined;
  /** Largest receive window of a connection, bytes, 16 KiB to 1 GiB. Default 24 MiB. */
  readonly maxConnectionData?: number | undefined;
  /** Largest message that is received, bytes, 0 to 256 MiB. Default 16 MiB. */
  readonly maxMessageSize?: number | undefined;
  /** Connections at once, 1 to 65,536. Default 16,384. */
  readonly maxConnections?: number | undefined;
  /** Bytes a second that the whole endpoint sends at most; 0, the default: no limit. */
  readonly rateLimit?: number | undefined;
  /** Bytes a second that each connection sends at most; 0, the default: no limit. */
  readonly connectionRateLimit?: number | undefined;
  /** 32 bytes that both sides must have, mixed into the handshake (Noise psk2, psk3). Copied. */
  readonly preSharedKey?: Uint8Array | undefined;
  /**
   * Whether to talk with a peer; asked for everyone whose key we did not name in `connect`. Default: everybody may
   * connect to us. Only `true` is yes. What it throws surfaces as an uncaught exception and counts as no; so does
   * anything that is neither true nor false, such as a promise.
   */
  readonly authorize?: Authorize | undefined;
  /**
   * One of several endpoints of one identity behind one port, each in a worker or process of its own: see `ShardGroup`,
   * which makes this. Needs `reusePort` and `port`. Connection ids name the shard, so whoever sees packets sees which one
   * serves them.
   */
  readonly shard?: ShardOptions | undefined;
  /** A folder for qlog files, one a connection (JSON-SEQ, for qvis). Default: none are written. */
  readonly qlog?: string | undefined;
  /**
   * Called with one line for each traffic secret and each encrypted piece of a handshake, so that a capture can be
   * decrypted (docs/diagnostics.md): whoever has the lines can read every packet. What it throws surfaces as an uncaught
   * exception. The variable BURSTWIRE_KEYLOG names a file to which the lines of all endpoints are appended. Default: no
   * secret is ever given out.
   */
  readonly keyLog?: KeyLog | undefined;
}

const KEY_BYTES = 32;
const KIB = 1024;
const GIB = 1 << 30;
const DAY_MS = 86_400_000;
const RATE_MAX = 1e12;

const isKey = (value: unknown): value is Uint8Array =>
  value instanceof Uint8Array && value.byteLength === KEY_BYTES;
const isIdentity = (value: unknown): value is Identity =>
  typeof value === 'object' &&
  value !== null &&
  isKey((value as Identity).publicKey) &&
  isKey((value as Identity).privateKey);
const isFunction = <F>(value: unknown): value is F => typeof value === 'function';

/** The rules behind `EndpointOptions`. */
export const ENDPOINT_OPTIONS = {
  ...BIND_OPTIONS,
  identity: {
    kind: 'checked',
    expected: 'an identity as generateIdentity() makes it',
    accepts: isIdentity,
    isSecret: true,
    doc: 'who we are',
  },
  congestion: {
    kind: 'choice',
    default: 'cubic',
    choices: ['cubic', 'bbr', 'newreno', 'ledbat'],
    doc: 'congestion control',
  },
  aead: {
    kind: 'choice',
    default: 'aes-128-gcm',
    choices: ['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'],
    doc: 'what packets are sealed with',
  },
  cryptoEngine: {
    kind: 'choice',
    default: 'auto',
    choices: ['auto', 'native', 'node', 'noble'],
    doc: 'who seals packets',
  },
  maxDatagramSize: {
    kind: 'integer',
    default: DEFAULT_CONFIG.maxDatagramSize,
    min: 1200,
    max: 65_507,
    unit: 'bytes',
    doc: 'ceiling of path MTU discovery',
  },
  idleTimeout: {
    kind: 'integer',
    default: 30_000,
    min: 1000,
    max: DAY_MS,
    unit: 'ms',
    doc: 'silence that ends a connection',
  },
  keepAlive: {
    kind: 'integer',
    default: 10_000,
    min: 0,
    max: DAY_MS,
    unit: 'ms',
    doc: 'silence that a PING breaks; 0: never',
  },
  maxStreams: {
    kind: 'integer',
    default: DEFAULT_CONFIG.maxStreams,
    min: 1,
    max: 65_536,
    unit: 'streams',
    doc: 'streams of each kind that a peer may have open',
  },
  maxStreamData: {
    kind: 'integer',
    default: DEFAULT_CONFIG.maxStreamData,
    min: 16 * KIB,
    max: GIB,
    unit: 'bytes',
    doc: 'largest receive window of a stream',
  },
  maxConnectionData: {
    kind: 'integer',
    default: DEFAULT_CONFIG.maxConnectionData,
    min: 16 * KIB,
    max: GIB,
    unit: 'bytes',
    doc: 'largest receive window of a connection',
  },
  maxMessageSize: {
    kind: 'integer',
    default: DEFAULT_CONFIG.maxMessageSize,
    min: 0,
    max: 256 << 20,
    unit: 'bytes',
    doc: 'largest message received',
  },
  maxConnections: {
    kind: 'integer',
    default: DEFAULT_CONFIG.maxConnections,
    min: 1,
    max: 65_536,
    unit: 'connections',
    doc: 'connections at once',
  },
  rateLimit: {
    kind: 'integer',
    default: 0,
    min: 0,
    max: RATE_MAX,
    unit: 'bytes/s',
    doc: 'sent by the endpoint at most; 0: no limit',
  },
  connectionRateLimit: {
    kind: 'integer',
    default: 0,
    min: 0,
    max: RATE_MAX,
    unit: 'bytes/s',
    doc: 'sent by a connection at most; 0: no limit',
  },
  preSharedKey: { kind: 'bytes', byteLength: KEY_BYTES, doc: 'key that both sides must have' },
  authorize: {
    kind: 'checked',
    expected: 'a function',
    accepts: isFunction<Authorize>,
    doc: 'whether to talk with a peer',
  },
  shard: {
    kind: 'checked',
    expected: 'an object { index, count, fd } as ShardGroup makes it',
    accepts: (value: unknown): value is object => typeof value === 'object' && value !== null,
    doc: 'one of several endpoints behind one port',
  },
  qlog: { kind: 'text', doc: 'folder for qlog files' },
  keyLog: {
    kind: 'checked',
    expected: 'a function',
    accepts: isFunction<KeyLog>,
    doc: 'is given the secrets of all connections',
  },
} as const satisfies OptionTable;

export interface EndpointConfig {
  readonly bind: BindConfig;
  readonly transport: TransportConfig;
  readonly identity: Identity;
  /** Ids of handshake suites, the preferred one first. */
  readonly suites: readonly number[];
  readonly cryptoEngine: CryptoEngine;
  readonly preSharedKey: Uint8Array | undefined;
  readonly authorize: Authorize | undefined;
  readonly shard: ShardOptions | undefined;
  readonly qlog: string | undefined;
  readonly keyLog: KeyLog | undefined;
}

/** Ids of suites by the name of their AEAD (docs/handshake.md). */
const SUITE_IDS = { 'aes-128-gcm': 1, 'aes-256-gcm': 2, 'chacha20-poly1305': 3 } as const;
const KEEP_ALIVE_MIN_MS = 100;

/**
 * Checks the options of `Endpoint.bind` and applies the environment.
 *
 * @throws OptionError with any of its codes
 */
export function parseEndpointOptions(given: unknown): EndpointConfig {
  const parsed = parseOptions('Endpoint.bind', ENDPOINT_OPTIONS, given);
  const { values } = parsed;
  if (values.keepAlive > 0 && values.keepAlive < KEEP_ALIVE_MIN_MS) {
    throw new OptionError(
      'ERR_OPTION_RANGE',
      'keepAlive',
      values.keepAlive,
      `Endpoint.bind: option 'keepAlive' must be 0 or at least ${KEEP_ALIVE_MIN_MS} ms, not ${values.keepAlive}`,
    );
  }
  const preferred = SUITE_IDS[values.aead];
  const bind = resolveBindOptions(values, parsed.given, readEnvironment());
  return Object.freeze({
    bind,
    transport: transportOf(values),
    identity: identityOf(values.identity),
    suites: [preferred, ...Object.values(SUITE_IDS).filter((id) => id !== preferred)],
    cryptoEngine: values.cryptoEngine,
    preSharedKey: values.preSharedKey?.slice(),
    authorize: values.authorize,
    shard: parseShard(values.shard, bind),
    qlog: values.qlog,
    keyLog: values.keyLog,
  });
}

/** A copy of our own: what the caller does with the arrays changes nothing. */
function identityOf(given: Identity | undefined): Identity {
  if (given === undefined) return generateIdentity();
  const identity = identityFromPrivateKey(given.privateKey);
  if (Buffer.compare(identity.publicKey, given.publicKey) === 0) return identity;
  throw new OptionError(
    'ERR_OPTION_RANGE',
    'identity',
    undefined,
    "Endpoint.bind: option 'identity' holds a public key that is not that of its private key",
  );
}

function transportOf(values: OptionValues<typeof ENDPOINT_OPTIONS>): TransportConfig {
  const unlimited = (rate: number): number => (rate === 0 ? Number.POSITIVE_INFINITY : rate);
  return {
    ...DEFAULT_CONFIG,
    congestion: values.congestion,
    maxDatagramSize: values.maxDatagramSize,
    idleTimeoutUs: values.idleTimeout * 1000,
    keepAliveUs: values.keepAlive === 0 ? Number.POSITIVE_INFINITY : values.keepAlive * 1000,
    maxStreams: values.maxStreams,
    maxStreamData: values.maxStreamData,
    maxConnectionData: values.maxConnectionData,
    initialStreamData: Math.min(DEFAULT_CONFIG.initialStreamData, values.maxStreamData),
    initialConnectionData: Math.min(DEFAULT_CONFIG.initialConnectionData, values.maxConnectionData),
    maxMessageSize: values.maxMessageSize,
    maxConnections: values.maxConnections,
    rateLimit: unlimited(values.rateLimit),
    connectionRateLimit: unlimited(values.connectionRateLimit),
  };
}
