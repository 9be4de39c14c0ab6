/**
 * All handshakes of an endpoint, sans-IO: datagrams and time go in, datagrams and events come out.
 *
 * The endpoint calls `receive` for every datagram whose first byte is 0x80 or above, `connect` for the application,
 * `onFirstProtectedPacket` for each connection once, `onTimer` at `deadlineUs`; and takes what has come of it. There
 * is no socket, no clock and no dice in here.
 *
 * Invariant: every message is counted once in `counts`, and none can make it throw.
 */

import { checkRoom, HandshakeContext, type HandshakesOptions } from './context.js';
import { DROP_BAD_LENGTH, DROP_REASONS, DROP_UNKNOWN_TYPE } from './drop-reasons.js';
import { Inbound } from './inbound.js';
import type { InitiatorState } from './initiator.js';
import { LoadMeter } from './load-meter.js';
import { type ConnectRequest, Outbound } from './outbound.js';
import type { HandshakeDatagram, HandshakeEvent } from './outcome.js';
import { Prefilter } from './prefilter.js';
import {
  HEADER_BYTES,
  MAC_BYTES,
  PARAMETERS_BYTES_MAX,
  TYPE_COOKIE,
  TYPE_FINAL,
  TYPE_INITIATION,
  TYPE_RESPONSE,
  TYPE_VERSIONS,
} from './protocol.js';
import type { ResponderState } from './responder.js';
import { RetryTokens } from './retry-token.js';
import type { Source } from './source.js';

/** One handshake, for diagnostics. */
export interface HandshakeSummary {
  readonly role: 'initiator' | 'responder';
  readonly state: InitiatorState | ResponderState;
  readonly localId: Uint8Array;
  /** When it sends again or ends. */
  readonly deadlineUs: number;
}

export class Handshakes {
  /** Messages by what became of them: ACCEPTED or a drop reason. Read by diagnostics. */
  readonly counts = new Float64Array(DROP_REASONS);
  /** Tokens for confirmed peers. */
  readonly tokens: RetryTokens;
  readonly #context: HandshakeContext;
  readonly #inbound: Inbound;
  readonly #outbound: Outbound;

  /** Throws TypeError for keys of the wrong size. */
  constructor(options: HandshakesOptions) {
    const { primitives, random, identity, nowUs, epochUs, cookieSecret } = options;
    this.#context = new HandshakeContext(options);
    const { settings } = this.#context;
    this.tokens = options.tokens ?? new RetryTokens({ primitives, random });
    const prefilter = new Prefilter({
      primitives,
      random,
      publicKey: identity.publicKey,
      versions: settings.versions,
      suites: settings.suites,
      patterns: settings.patterns,
      tokens: this.tokens,
      nowUs,
      sharedCookies: cookieSecret && { secret: cookieSecret, epochUs },
      ...(settings.rateLimit ? { rateLimit: settings.rateLimit } : {}),
    });
    const load = new LoadMeter(settings.cookiesFrom, settings.busyPerSecond);
    this.#inbound = new Inbound(this.#context, prefilter, load);
    this.#outbound = new Outbound(this.#context, this.#inbound);
    this.#inbound.join(this.#outbound);
  }

  /** Half-open inbound handshakes. */
  get halfOpen(): number {
    return this.#inbound.size;
  }

  /** Attempts of ours that are not over. */
  get attempts(): number {
    return this.#outbound.size;
  }

  /** When to call `onTimer`; Infinity when there is nothing to wait for. */
  get deadlineUs(): number {
    return Math.min(this.#inbound.deadlineUs, this.#outbound.deadlineUs);
  }

  /**
   * While there is one, handshakes that peers begin end with it as our transport parameters, and without an event; except
   * those that meet an attempt of ours with the same peer. Borrows it for good. Throws RangeError when it is too long.
   */
  refuseWith(parameters: Uint8Array | undefined): void {
    checkRoom('parameters', parameters, PARAMETERS_BYTES_MAX);
    this.#context.refusal = parameters;
  }

  /** Begins a handshake and returns its number, which events carry. Throws TypeError for a key of the wrong size. */
  connect(request: ConnectRequest, nowUs: number): number {
    return this.#outbound.connect(request, nowUs);
  }

  /** Ends an attempt without an event. An unknown number is ignored. */
  cancel(attempt: number): void {
    this.#outbound.cancel(attempt);
  }

  /** An id that no connection and no handshake has. Throws RangeError when chance gives none. */
  newConnectionId(): Uint8Array {
    return this.#context.newConnectionId(
      (id) => this.#inbound.isTaken(id) || this.#outbound.isTaken(id),
    );
  }

  /** Takes a handshake message (borrows it for the call) and returns what became of it: see drop-reasons.ts. */
  receive(message: Uint8Array, source: Source, nowUs: number): number {
    const reason = this.#dispatch(message, source, nowUs);
    this.counts[reason]++;
    return reason;
  }

  /** A packet has opened with the receiving key of this connection: the first one confirms it. */
  onFirstProtectedPacket(localId: Uint8Array): void {
    if (!this.#outbound.confirm(localId)) this.#inbound.confirm(localId);
  }

  /** The connection is gone before it was confirmed. */
  forget(localId: Uint8Array): void {
    this.#inbound.forget(localId);
  }

  onTimer(nowUs: number): void {
    this.#inbound.onTimer(nowUs);
    this.#outbound.onTimer(nowUs);
  }

  /** Datagrams to send, in turn. Transferred. */
  takeOutgoing(): HandshakeDatagram[] {
    return this.#context.takeOutgoing();
  }

  /** What has happened, in turn. Transferred. */
  takeEvents(): HandshakeEvent[] {
    return this.#context.takeEvents();
  }

  /** States and deadlines of all handshakes, without secrets: for diagnostics and for comparing two moments. */
  describe(): HandshakeSummary[] {
    const attempts = [...this.#outbound.attempts()].map(
      ({ state, localId, deadlineUs }): HandshakeSummary => ({
        role: 'initiator',
        state,
        localId: localId.slice(),
        deadlineUs,
      }),
    );
    const responders = [...this.#inbound.responders()].map(
      ({ state, localId, expiresUs }): HandshakeSummary => ({
        role: 'responder',
        state,
        localId: localId.slice(),
        deadlineUs: expiresUs,
      }),
    );
    return [...attempts, ...responders];
  }

  #dispatch(message: Uint8Array, source: Source, nowUs: number): number {
    if (message.length < HEADER_BYTES + MAC_BYTES) return DROP_BAD_LENGTH;
    switch (message[0]) {
      case TYPE_INITIATION:
        return this.#inbound.onInitiation(message, source, nowUs);
      case TYPE_FINAL:
        return this.#inbound.onFinal(message, source);
      case TYPE_RESPONSE:
      case TYPE_COOKIE:
      case TYPE_VERSIONS:
        return this.#outbound.receive(message, source, nowUs);
      default:
        return DROP_UNKNOWN_TYPE;
    }
  }
}
