/**
 * Our own attempts: begins them, gives each message to the one it is for, keeps their timers.
 *
 * Called by handshakes.ts; asks inbound.ts (through `InboundView`) what the peer has begun in the meantime.
 *
 * Invariant: an attempt is in the table from `connect` until it is confirmed, has failed or was fulfilled by an inbound
 * handshake; then nothing of it is left.
 */

import { compare, mapKey, sameBytes } from './bytes.js';
import { checkRoom, type HandshakeContext } from './context.js';
import { DROP_NO_HANDSHAKE, DROP_SIMULTANEOUS } from './drop-reasons.js';
import { type CommitDecision, Initiator } from './initiator.js';
import { destinationOf } from './messages.js';
import { PARAMETERS_BYTES_MAX, TOKEN_BYTES_MAX, TYPE_COOKIE, TYPE_RESPONSE } from './protocol.js';
import { copySource, type Source } from './source.js';
import { isSamePeer, type Peer } from './tie-break.js';

export interface ConnectRequest {
  readonly source: Source;
  /** The responder's static key, when known: IK. Copied. Without it: XX. */
  readonly remoteStatic?: Uint8Array;
  /** A token of an earlier connection. Copied. */
  readonly token?: Uint8Array;
  /** Transport parameters for this attempt; default those of the endpoint. Borrowed while it lasts. */
  readonly parameters?: Uint8Array;
}

/** What an attempt has to know of the other table. */
export interface InboundView {
  hasHalfOpen(peer: Peer): boolean;
  discard(peer: Peer): void;
  isTaken(id: Uint8Array): boolean;
}

export class Outbound {
  readonly #context: HandshakeContext;
  readonly #inbound: InboundView;
  /** In the order of `connect`. */
  readonly #attempts = new Map<number, Initiator>();
  readonly #byId = new Map<string, number>();
  #lastAttempt = 0;

  constructor(context: HandshakeContext, inbound: InboundView) {
    this.#context = context;
    this.#inbound = inbound;
  }

  get size(): number {
    return this.#attempts.size;
  }

  get deadlineUs(): number {
    let deadlineUs = Number.POSITIVE_INFINITY;
    for (const attempt of this.#attempts.values()) {
      deadlineUs = Math.min(deadlineUs, attempt.deadlineUs);
    }
    return deadlineUs;
  }

  attempts(): IterableIterator<Initiator> {
    return this.#attempts.values();
  }

  isTaken(id: Uint8Array): boolean {
    return this.#byId.has(mapKey(id));
  }

  /**
   * Begins an attempt and returns its number. Throws TypeError for a key of the wrong size, RangeError for a token or
   * parameters that are too long.
   */
  connect(request: ConnectRequest, nowUs: number): number {
    const { settings } = this.#context;
    if (request.remoteStatic !== undefined && request.remoteStatic.length !== 32) {
      throw new TypeError(`remoteStatic has 32 bytes, not ${request.remoteStatic.length}`);
    }
    checkRoom('token', request.token, TOKEN_BYTES_MAX);
    checkRoom('parameters', request.parameters, PARAMETERS_BYTES_MAX);
    const localId = this.#context.newConnectionId(
      (id) => this.isTaken(id) || this.#inbound.isTaken(id),
    );
    const attempt = new Initiator(
      {
        primitives: settings.primitives,
        random: settings.random,
        identity: settings.identity,
        versions: settings.versions,
        suites: settings.suites,
        parameters: request.parameters ?? settings.parameters,
        localId,
        source: copySource(request.source),
        allowOwnKey: settings.allowOwnKey,
        nextTimestampUs: (timeUs) => this.#context.nextTimestampUs(timeUs),
        ...(request.remoteStatic ? { remoteStatic: request.remoteStatic.slice() } : {}),
        ...(request.token ? { token: request.token.slice() } : {}),
        ...(settings.psk ? { psk: settings.psk } : {}),
        ...(settings.retransmission ? { retransmission: settings.retransmission } : {}),
      },
      nowUs,
    );
    const number = ++this.#lastAttempt;
    this.#attempts.set(number, attempt);
    this.#byId.set(mapKey(localId), number);
    // The peer may be about to connect to us: one connection is enough.
    if (this.#inbound.hasHalfOpen(attempt)) attempt.yieldUntil(nowUs + settings.yieldUs);
    else this.#start(number, attempt, nowUs);
    this.#settle(number, attempt);
    return number;
  }

  /** What throws leaves nothing behind: the caller has no number to cancel. */
  #start(number: number, attempt: Initiator, nowUs: number): void {
    try {
      attempt.start(nowUs);
    } catch (error) {
      this.cancel(number);
      throw error;
    }
  }

  /** A response, a cookie or a version list. */
  receive(message: Uint8Array, source: Source, nowUs: number): number {
    const number = this.#byId.get(mapKey(destinationOf(message)));
    if (number === undefined) return DROP_NO_HANDSHAKE;
    const attempt = this.#attempts.get(number)!;
    let reason: number;
    if (message[0] === TYPE_RESPONSE) {
      reason = this.#onResponse(number, attempt, message, source, nowUs);
    } else if (message[0] === TYPE_COOKIE) reason = attempt.onCookie(message);
    else reason = attempt.onVersionList(message, nowUs);
    this.#settle(number, attempt);
    return reason;
  }

  /** An attempt whose timer throws has failed: else it would be due for ever. What was thrown goes on to the caller. */
  onTimer(nowUs: number): void {
    for (const [number, attempt] of this.#attempts) {
      if (attempt.deadlineUs > nowUs) continue;
      try {
        attempt.onTimer(nowUs);
      } catch (error) {
        attempt.end('internalError');
        throw error;
      } finally {
        this.#settle(number, attempt);
      }
    }
  }

  /** True when the connection id is one of ours; then its attempt is over. */
  confirm(localId: Uint8Array): boolean {
    const number = this.#byId.get(mapKey(localId));
    const attempt = number === undefined ? undefined : this.#attempts.get(number);
    if (number === undefined || attempt?.state !== 'established') return false;
    attempt.confirm();
    this.#remove(number, attempt);
    if (attempt.remoteStatic) this.#context.staticSecrets.remember(attempt.remoteStatic);
    // Not before: until now the peer may have committed to what it has begun itself.
    this.#inbound.discard(attempt);
    this.#context.emit({ kind: 'confirmed', localId: attempt.localId, attempt: number });
    return true;
  }

  /** Ends an attempt without an event: the caller knows. */
  cancel(number: number): void {
    const attempt = this.#attempts.get(number);
    if (attempt === undefined) return;
    attempt.end(undefined);
    this.#remove(number, attempt);
  }

  /** Our own attempts with a peer. */
  rivalsOf(peer: Peer): Initiator[] {
    return [...this.#attempts.values()].filter((attempt) => isSamePeer(attempt, peer));
  }

  isOwnEphemeral(ephemeral: Uint8Array): boolean {
    for (const attempt of this.#attempts.values()) {
      const own = attempt.localEphemeral;
      if (own !== undefined && sameBytes(own, ephemeral)) return true;
    }
    return false;
  }

  /** Sends what a rival has left to send after a hint. */
  flush(): void {
    for (const [number, attempt] of this.#attempts) this.#settle(number, attempt);
  }

  /**
   * The peer's handshake is confirmed: it stands for one attempt of ours with the same peer, which is over. A committed
   * one first (the peer has never had it), else the oldest.
   */
  fulfil(peer: Peer): number | undefined {
    let chosen: number | undefined;
    for (const [number, attempt] of this.#attempts) {
      if (!isSamePeer(attempt, peer)) continue;
      if (attempt.state === 'established') {
        chosen = number;
        this.#context.emit({ kind: 'discarded', localId: attempt.localId });
        break;
      }
      chosen ??= number;
    }
    if (chosen !== undefined) this.cancel(chosen);
    return chosen;
  }

  #onResponse(
    number: number,
    attempt: Initiator,
    message: Uint8Array,
    source: Source,
    nowUs: number,
  ): number {
    const { settings } = this.#context;
    const known = attempt.remoteStatic !== undefined;
    const decide = (remoteStatic: Uint8Array): CommitDecision => {
      if (known) return 'commit';
      if (!settings.authorize(remoteStatic, source, number)) return 'unauthorized';
      const isLarger = compare(settings.identity.publicKey, remoteStatic) > 0;
      const peer = { remoteStatic, source };
      return isLarger && this.#inbound.hasHalfOpen(peer) ? 'yield' : 'commit';
    };
    const reason = attempt.onResponse(message, source, nowUs, decide);
    if (reason === DROP_SIMULTANEOUS) attempt.yieldUntil(nowUs + settings.yieldUs);
    return reason;
  }

  /** Hands on what an attempt has made: a message, an outcome, its end. */
  #settle(number: number, attempt: Initiator): void {
    if (attempt.outgoing !== undefined && this.#context.send(attempt.outgoing, attempt.source)) {
      attempt.outgoing = undefined;
    }
    if (attempt.outcome !== undefined) {
      const { outcome } = attempt;
      attempt.outcome = undefined;
      this.#context.emit({ kind: 'established', outcome, attempt: number });
    }
    if (attempt.state !== 'ended') return;
    if (attempt.failure !== undefined) {
      this.#context.emit({ kind: 'failed', attempt: number, reason: attempt.failure });
    }
    this.#remove(number, attempt);
  }

  #remove(number: number, attempt: Initiator): void {
    this.#attempts.delete(number);
    this.#byId.delete(mapKey(attempt.localId));
  }
}
