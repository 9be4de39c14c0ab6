/**
 * What the two tables of handshakes share: settings with their defaults, the queue of datagrams, the list of
 * events, the DH results that may be kept.
 *
 * Called by handshakes.ts, which makes it, and by inbound.ts and outbound.ts.
 *
 * Invariant: the queue of datagrams never grows above `outgoingMax`.
 */

import type { HandshakePrimitives, KeyPair, Random } from '../ports.js';
import type { HandshakeDatagram, HandshakeEvent } from './outcome.js';
import {
  CONNECTION_ID_BYTES,
  PARAMETERS_BYTES_MAX,
  PATTERNS,
  SUITES,
  SUITES_MAX,
  suiteOf,
  VERSION_1,
  VERSIONS_MAX,
} from './protocol.js';
import type { RateLimiterOptions } from './rate-limiter.js';
import type { ReplayRegisterOptions } from './replay-register.js';
import type { RetransmissionOptions } from './retransmission.js';
import type { RetryTokens } from './retry-token.js';
import { copySource, type Source } from './source.js';
import { StaticSecrets } from './static-secrets.js';

/** Dice that have shown that many ids in use, one after the other, are no dice. */
const ID_TRIES = 16;

/** See `HandshakesOptions.authorize`. */
export type Authorize = (
  remoteStatic: Uint8Array,
  source: Source,
  attempt: number | undefined,
) => boolean;

export interface HandshakesOptions {
  readonly primitives: HandshakePrimitives;
  readonly random: Random;
  /** X25519; borrowed for good. */
  readonly identity: KeyPair;
  readonly nowUs: number;
  /** Microseconds since 1970 when `nowUs` was 0. An initiator's time must rise over restarts: peers remember it. */
  readonly epochUs: number;
  /** 32 bytes: then only handshakes with this key are made and answered. Borrowed for good. */
  readonly psk?: Uint8Array;
  /** Versions spoken, best first; default version 1. */
  readonly versions?: readonly number[];
  /** Ids of the suites spoken, best first; default 1, 2, 3. */
  readonly suites?: readonly number[];
  /** Ids of the patterns answered; default: all that fit `psk`. Without 2 and 4, strangers get silence. */
  readonly patterns?: readonly number[];
  /** Transport parameters, encoded; default none. Borrowed for good. */
  readonly parameters?: Uint8Array;
  /**
   * Whether to talk with this key; default: with every key. Not asked for a key that `connect` was given. `attempt`: the
   * one of ours that has learnt the key; undefined when the peer has begun.
   */
  readonly authorize?: Authorize;
  /** Talk with a peer that has our own static key; default false. */
  readonly allowOwnKey?: boolean;
  /** Half-open inbound handshakes, then silence; default 1,024. */
  readonly halfOpenMax?: number;
  /** From that many half-open ones on, initiations need a cookie; default 64. 0: always. */
  readonly cookiesFrom?: number;
  /** More initiations worth a DH than that in a second: initiations need a cookie; default 500. */
  readonly busyPerSecond?: number;
  /** How long an inbound handshake may stay half-open; default 10 s. */
  readonly halfOpenUs?: number;
  /** How long a handshake of ours that gave way waits for the peer's; default 2.5 s. */
  readonly yieldUs?: number;
  /** Datagrams that wait to be taken, then silence; default 1,024. */
  readonly outgoingMax?: number;
  readonly retransmission?: RetransmissionOptions;
  readonly rateLimit?: RateLimiterOptions;
  readonly replay?: ReplayRegisterOptions;
  /** Default: tokens under a key of its own. */
  readonly tokens?: RetryTokens;
  /** 32 bytes: cookies of all who have it are the same, by the clock; default: chance. Borrowed for good. */
  readonly cookieSecret?: Uint8Array;
  /** Fills in a connection id (8 bytes, not all zero); default: chance. */
  readonly fillConnectionId?: (id: Uint8Array) => void;
  /** Whether a connection has this id already; default: none has. */
  readonly isRouted?: (id: Uint8Array) => boolean;
}

export type Settings = Required<
  Omit<
    HandshakesOptions,
    | 'psk'
    | 'retransmission'
    | 'rateLimit'
    | 'replay'
    | 'tokens'
    | 'fillConnectionId'
    | 'cookieSecret'
    | 'nowUs'
  >
> &
  Pick<HandshakesOptions, 'psk' | 'retransmission' | 'rateLimit' | 'replay' | 'tokens'>;

function checkSize(name: string, bytes: Uint8Array | undefined, size: number): void {
  if (bytes !== undefined && bytes.length !== size) {
    throw new TypeError(`${name} has ${size} bytes, not ${bytes.length}`);
  }
}

/** Throws RangeError for more bytes than a message has room for. */
export function checkRoom(name: string, bytes: Uint8Array | undefined, most: number): void {
  if (bytes !== undefined && bytes.length > most) {
    throw new RangeError(`${name} has at most ${most} bytes, not ${bytes.length}`);
  }
}

function checkList(name: string, list: readonly number[] | undefined, most: number): void {
  if (list === undefined) return;
  const isDistinct = new Set(list).size === list.length;
  if (list.length < 1 || list.length > most || !isDistinct) {
    throw new RangeError(`${name} holds 1 to ${most} different numbers, not [${list.join(', ')}]`);
  }
}

/** Throws TypeError for keys of the wrong size, RangeError for lists and parameters that no message can carry. */
function settingsOf(options: HandshakesOptions): Settings {
  checkSize('identity.publicKey', options.identity.publicKey, 32);
  checkSize('identity.privateKey', options.identity.privateKey, 32);
  checkSize('psk', options.psk, 32);
  checkSize('cookieSecret', options.cookieSecret, 32);
  checkRoom('parameters', options.parameters, PARAMETERS_BYTES_MAX);
  checkList('versions', options.versions, VERSIONS_MAX);
  checkList('suites', options.suites, SUITES_MAX);
  const unknown = options.suites?.find((id) => suiteOf(id) === undefined);
  if (unknown !== undefined) throw new RangeError(`no such suite: ${unknown}`);
  const fitting = PATTERNS.filter((pattern) => pattern.psk === (options.psk !== undefined));
  return {
    ...options,
    versions: options.versions ?? [VERSION_1],
    suites: options.suites ?? SUITES.map((suite) => suite.id),
    patterns: fitting
      .map((pattern) => pattern.id)
      .filter((id) => options.patterns?.includes(id) ?? true),
    parameters: options.parameters ?? new Uint8Array(0),
    authorize: options.authorize ?? (() => true),
    isRouted: options.isRouted ?? (() => false),
    allowOwnKey: options.allowOwnKey ?? false,
    halfOpenMax: options.halfOpenMax ?? 1024,
    cookiesFrom: options.cookiesFrom ?? 64,
    busyPerSecond: options.busyPerSecond ?? 500,
    halfOpenUs: options.halfOpenUs ?? 10_000_000,
    yieldUs: options.yieldUs ?? 2_500_000,
    outgoingMax: options.outgoingMax ?? 1024,
  };
}

export class HandshakeContext {
  /** With the primitives of `staticSecrets`. */
  readonly settings: Settings;
  readonly staticSecrets: StaticSecrets;
  /** Transport parameters that tell a peer no, while no connection of peers is taken. */
  refusal: Uint8Array | undefined = undefined;
  readonly #fillConnectionId: (id: Uint8Array) => void;
  readonly #outgoing: HandshakeDatagram[] = [];
  readonly #events: HandshakeEvent[] = [];
  #lastTimestampUs = 0;

  constructor(options: HandshakesOptions) {
    const settings = settingsOf(options);
    this.staticSecrets = new StaticSecrets(settings.primitives, settings.identity);
    this.settings = { ...settings, primitives: this.staticSecrets.primitives };
    this.#fillConnectionId = options.fillConnectionId ?? ((id) => options.random.fill(id));
  }

  get isOutgoingFull(): boolean {
    return this.#outgoing.length >= this.settings.outgoingMax;
  }

  /** Queues a datagram; false when there is no room. Copies the source, borrows the bytes for good. */
  send(bytes: Uint8Array, source: Source): boolean {
    if (this.isOutgoingFull) return false;
    this.#outgoing.push({ bytes, source: copySource(source) });
    return true;
  }

  takeOutgoing(): HandshakeDatagram[] {
    return this.#outgoing.splice(0);
  }

  emit(event: HandshakeEvent): void {
    this.#events.push(event);
  }

  takeEvents(): HandshakeEvent[] {
    return this.#events.splice(0);
  }

  /** An id that neither a connection nor, as `isTaken` says, a handshake has. Throws RangeError when the dice give none. */
  newConnectionId(isTaken: (id: Uint8Array) => boolean): Uint8Array {
    const { isRouted } = this.settings;
    const id = new Uint8Array(CONNECTION_ID_BYTES);
    for (let tries = 0; tries < ID_TRIES; tries++) {
      this.#fillConnectionId(id);
      if (id.some((byte) => byte !== 0) && !isTaken(id) && !isRouted(id)) return id;
    }
    throw new RangeError(`no free connection id in ${ID_TRIES} tries`);
  }

  /** Rises with each call, whatever the clock does. */
  nextTimestampUs(nowUs: number): number {
    const timeUs = Math.floor(nowUs + this.settings.epochUs);
    this.#lastTimestampUs = Math.max(this.#lastTimestampUs + 1, timeUs);
    return this.#lastTimestampUs;
  }
}
