/**
 * Handshakes that others begin: admits initiations, answers them, remembers the half-open ones for a while.
 *
 * Order of an initiation: prefilter (no DH) -> known already? -> share of its address (under load) -> suite, downgrade, caps -> DH -> own key, replay,
 * authorize, tie-break -> response (or refusal). Called by handshakes.ts; asks outbound.ts for our own attempts.
 *
 * Invariant: at most `halfOpenMax` handshakes are half-open, and a dropped message leaves nothing behind.
 */

import { mapKey } from './bytes.js';
import type { HandshakeContext } from './context.js';
import {
  ACCEPTED,
  DROP_DOWNGRADE,
  DROP_DUPLICATE,
  DROP_HALF_OPEN_FULL,
  DROP_NO_COOKIE,
  DROP_NO_HANDSHAKE,
  DROP_NOT_AUTHENTIC,
  DROP_QUEUE_FULL,
  DROP_RATE_LIMITED,
  DROP_REFLECTED,
  DROP_REFUSED,
  DROP_UNKNOWN_VERSION,
} from './drop-reasons.js';
import { asksForOurBest, judge, judgeFinal } from './inbound-rules.js';
import { type OpenedInitiation, openInitiation } from './initiation.js';
import type { LoadMeter } from './load-meter.js';
import { destinationOf, type Initiation, mac1Of } from './messages.js';
import type { Outbound } from './outbound.js';
import { wipeOutcome } from './outcome.js';
import type { Prefilter } from './prefilter.js';
import { patternById, suiteOf } from './protocol.js';
import { ReplayRegister } from './replay-register.js';
import { Responder } from './responder.js';
import { STANDSTILL_US } from './retransmission.js';
import { copySource, type Source } from './source.js';
import { isSamePeer, type Peer } from './tie-break.js';

export class Inbound {
  readonly #context: HandshakeContext;
  readonly #prefilter: Prefilter;
  readonly #load: LoadMeter;
  readonly #replay: ReplayRegister;
  /** Half-open, by the mac1 of the initiation, in the order of their beginning. */
  readonly #halfOpen = new Map<string, Responder>();
  readonly #byId = new Map<string, Responder>();
  /** Initiations whose handshake is over: until when they are known. */
  readonly #done = new Map<string, number>();
  #outbound!: Outbound;

  constructor(context: HandshakeContext, prefilter: Prefilter, load: LoadMeter) {
    this.#context = context;
    this.#prefilter = prefilter;
    this.#load = load;
    this.#replay = new ReplayRegister(context.settings.replay);
  }

  /** The two tables know each other; this closes the circle. */
  join(outbound: Outbound): void {
    this.#outbound = outbound;
  }

  get size(): number {
    return this.#halfOpen.size;
  }

  get deadlineUs(): number {
    for (const responder of this.#halfOpen.values()) return responder.expiresUs;
    return Number.POSITIVE_INFINITY;
  }

  responders(): IterableIterator<Responder> {
    return this.#halfOpen.values();
  }

  isTaken(id: Uint8Array): boolean {
    return this.#byId.has(mapKey(id));
  }

  hasHalfOpen(peer: Peer): boolean {
    for (const responder of this.#halfOpen.values()) if (isSamePeer(responder, peer)) return true;
    return false;
  }

  /** Our own handshake with this peer is confirmed: what it has begun itself is void. */
  discard(peer: Peer): void {
    for (const responder of this.#halfOpen.values()) {
      if (isSamePeer(responder, peer)) this.#remove(responder);
    }
  }

  onInitiation(message: Uint8Array, source: Source, nowUs: number): number {
    const underLoad = this.#load.isHigh(this.#halfOpen.size, nowUs);
    const checked = this.#prefilter.check(message, source, nowUs, underLoad);
    if (typeof checked === 'number') return this.#retry(message, source, nowUs, checked);
    const known = this.#halfOpen.get(mapKey(mac1Of(message)));
    if (known?.response !== undefined) return this.#reply(known.response, source, DROP_DUPLICATE);
    if (known !== undefined || this.#done.has(mapKey(mac1Of(message)))) return DROP_DUPLICATE;
    if (underLoad && !this.#prefilter.takeToken(source, nowUs)) return DROP_RATE_LIMITED;
    return this.#begin(message, checked, source, nowUs);
  }

  onFinal(message: Uint8Array, source: Source): number {
    const responder = this.#byId.get(mapKey(destinationOf(message)));
    if (responder === undefined) return DROP_NO_HANDSHAKE;
    const reason = responder.onFinal(message, source, (remoteStatic) =>
      judgeFinal(this.#context, this.#outbound, { remoteStatic, source }, responder.expiresUs),
    );
    if (responder.state === 'ended') this.#remove(responder);
    this.#announce(responder);
    return reason;
  }

  /** True when the connection id is one of ours; the application may hear of it now. */
  confirm(localId: Uint8Array): boolean {
    const responder = this.#byId.get(mapKey(localId));
    if (responder?.state !== 'established') return false;
    responder.confirm();
    this.#remove(responder);
    if (responder.remoteStatic) this.#context.staticSecrets.remember(responder.remoteStatic);
    const attempt = this.#outbound.fulfil(responder);
    const event = { kind: 'confirmed', localId: responder.localId } as const;
    this.#context.emit(attempt === undefined ? event : { ...event, attempt });
    return true;
  }

  /** The caller has no use for it any more. */
  forget(localId: Uint8Array): void {
    const responder = this.#byId.get(mapKey(localId));
    if (responder !== undefined) this.#remove(responder);
  }

  onTimer(nowUs: number): void {
    if (nowUs - this.deadlineUs > STANDSTILL_US) this.#beginAnew(nowUs);
    for (const [key, responder] of this.#halfOpen) {
      if (responder.expiresUs > nowUs) break;
      // First of all, so that it is not due again whatever the rest does.
      this.#halfOpen.delete(key);
      this.#remove(responder);
    }
    for (const [key, untilUs] of this.#done) {
      if (untilUs > nowUs) break;
      this.#done.delete(key);
    }
  }

  /**
   * It stood still. Initiators that it has answered count on that, and may have been heard of only now: all have their time
   * again.
   */
  #beginAnew(nowUs: number): void {
    const expiresUs = nowUs + this.#context.settings.halfOpenUs;
    for (const responder of this.#halfOpen.values()) responder.expiresUs = expiresUs;
  }

  /** Of what the prefilter drops, two reasons get a stateless answer, when there is room for it. */
  #retry(message: Uint8Array, source: Source, nowUs: number, reason: number): number {
    if (reason !== DROP_NO_COOKIE && reason !== DROP_UNKNOWN_VERSION) return reason;
    if (this.#context.isOutgoingFull) return DROP_QUEUE_FULL;
    const isCookie = reason === DROP_NO_COOKIE;
    const answer = isCookie
      ? this.#prefilter.cookieReply(message, source, nowUs)
      : this.#prefilter.versionList(message);
    return this.#reply(answer, source, reason);
  }

  /** A message that nobody has seen before and that may cost a DH. */
  #begin(message: Uint8Array, initiation: Initiation, source: Source, nowUs: number): number {
    const { settings } = this.#context;
    if (!settings.suites.includes(initiation.suite)) {
      return this.#reply(this.#prefilter.versionList(message), source, DROP_UNKNOWN_VERSION);
    }
    if (!asksForOurBest(initiation, settings)) return DROP_DOWNGRADE;
    if (this.#halfOpen.size >= settings.halfOpenMax) return DROP_HALF_OPEN_FULL;
    if (this.#context.isOutgoingFull) return DROP_QUEUE_FULL;
    if (this.#outbound.isOwnEphemeral(initiation.noise.subarray(0, 32))) return DROP_REFLECTED;

    this.#load.count(nowUs);
    const opened = openInitiation(
      settings.primitives,
      settings.identity,
      settings.psk,
      initiation,
      patternById(initiation.pattern)!,
      suiteOf(initiation.suite)!,
    );
    if (typeof opened === 'number') return opened;
    const reason = judge(this.#context, this.#outbound, this.#replay, opened, source, nowUs);
    if (reason !== ACCEPTED) {
      opened.noise.wipe();
      return reason;
    }
    return this.#answer(message, initiation, opened, source, nowUs);
  }

  #answer(
    message: Uint8Array,
    initiation: Initiation,
    opened: OpenedInitiation,
    source: Source,
    nowUs: number,
  ): number {
    const { settings } = this.#context;
    const refusal = this.#refusalOf({ remoteStatic: opened.remoteStatic, source });
    const responder = new Responder({
      primitives: settings.primitives,
      version: initiation.version,
      pattern: patternById(initiation.pattern)!,
      suite: suiteOf(initiation.suite)!,
      opened,
      mac1: mac1Of(message),
      localId: this.#context.newConnectionId(
        (id) => this.isTaken(id) || this.#outbound.isTaken(id),
      ),
      remoteId: initiation.sourceId.slice(),
      source: copySource(source),
      parameters: refusal ?? settings.parameters,
      isRefusal: refusal !== undefined,
      expiresUs: nowUs + settings.halfOpenUs,
    });
    if (!responder.answer()) return DROP_NOT_AUTHENTIC;
    if (responder.remoteStatic !== undefined) {
      this.#replay.accept(responder.remoteStatic, opened.timestampUs, nowUs);
    }
    this.#halfOpen.set(mapKey(responder.mac1), responder);
    this.#byId.set(mapKey(responder.localId), responder);
    this.#context.send(responder.response!, source);
    this.#announce(responder);
    return refusal === undefined ? ACCEPTED : DROP_REFUSED;
  }

  /** What to refuse this peer with; undefined when it is welcome, or when we are calling it ourselves. */
  #refusalOf(peer: Peer): Uint8Array | undefined {
    const { refusal } = this.#context;
    const isExpected = refusal !== undefined && this.#outbound.rivalsOf(peer).length > 0;
    return isExpected ? undefined : refusal;
  }

  #announce(responder: Responder): void {
    const { outcome } = responder;
    if (outcome === undefined) return;
    responder.outcome = undefined;
    if (responder.isRefusal) wipeOutcome(outcome);
    else this.#context.emit({ kind: 'established', outcome });
  }

  #reply(bytes: Uint8Array, source: Source, reason: number): number {
    return this.#context.send(bytes, source) ? reason : DROP_QUEUE_FULL;
  }

  #remove(responder: Responder): void {
    const key = mapKey(responder.mac1);
    this.#halfOpen.delete(key);
    this.#byId.delete(mapKey(responder.localId));
    this.#done.set(key, responder.expiresUs);
    if (this.#done.size > this.#context.settings.halfOpenMax) {
      for (const oldest of this.#done.keys()) {
        this.#done.delete(oldest);
        break;
      }
    }
    if (responder.state === 'established') {
      this.#context.emit({ kind: 'discarded', localId: responder.localId });
    }
    wipeOutcome(responder.outcome);
    if (responder.halfOpen) responder.end();
  }
}
