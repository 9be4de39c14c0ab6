/**
 * The initiator's machine: one attempt, from the first message to the peer's first protected packet.
 *
 *   waiting -> initiated -> established -> confirmed          (each -> ended)
 *
 * `established` has keys: IK after the response; XX after sending the final message, which goes out again until the
 * responder's first protected packet shows that it has arrived. It sends nothing itself: methods leave the message in
 * `outgoing`. It knows no other attempt: outbound.ts does. Numbers are drop reasons.
 *
 * Invariant: a message that is dropped changes nothing, except that an authentic response of a peer that is not wanted
 * ends the attempt.
 */

import { type AnswerContext, buildFinal, macOfAnswer, openResponse } from './answers.js';
import { sameBytes } from './bytes.js';
import {
  ACCEPTED,
  DROP_BAD_LENGTH,
  DROP_BAD_MAC,
  DROP_NOT_AUTHENTIC,
  DROP_OWN_KEY,
  DROP_SECOND_RETRY,
  DROP_SIMULTANEOUS,
  DROP_UNAUTHORIZED,
  DROP_WRONG_STATE,
} from './drop-reasons.js';
import type { HandshakeState } from './handshake-state.js';
import { buildInitiation } from './initiation.js';
import type { InitiatorOptions } from './initiator-options.js';
import { mac1Of } from './messages.js';
import { type HandshakeFailure, type Outcome, outcomeOf } from './outcome.js';
import {
  ANSWER_BYTES_MAX,
  COOKIE_MESSAGE_BYTES,
  type HandshakePattern,
  patternFor,
  type Suite,
  suiteOf,
} from './protocol.js';
import { Retransmission } from './retransmission.js';
import { chooseFrom, fillInCookie } from './retry.js';
import type { Source } from './source.js';

export type InitiatorState = 'waiting' | 'initiated' | 'established' | 'confirmed' | 'ended';

/** What the table says once a response shows who the responder is. */
export type CommitDecision = 'commit' | 'yield' | 'unauthorized';

export class Initiator {
  readonly #options: InitiatorOptions;
  readonly #pattern: HandshakePattern;
  readonly #retransmission: Retransmission;
  #state: InitiatorState = 'waiting';
  #version: number;
  #suite: Suite;
  #sawVersions = false;
  #sawCookie = false;
  #wasHinted = false;
  /** The initiation; once there is one, the final message. */
  #message: Uint8Array | undefined;
  #noise: HandshakeState | undefined;
  /** Why it ended, when it was not by success. */
  failure: HandshakeFailure | undefined;
  /** What to send now; whoever sends it sets it back. */
  outgoing: Uint8Array | undefined;
  /** Set once, when established; the table takes it. */
  outcome: Outcome | undefined;
  /** The responder's static key: given, or learned from the response. */
  remoteStatic: Uint8Array | undefined;

  constructor(options: InitiatorOptions, nowUs: number) {
    this.#options = options;
    this.remoteStatic = options.remoteStatic;
    this.#pattern = patternFor(options.remoteStatic !== undefined, options.psk !== undefined);
    this.#version = options.versions[0];
    this.#suite = suiteOf(options.suites[0])!;
    this.#retransmission = new Retransmission(options.random, nowUs, options.retransmission);
  }

  get state(): InitiatorState {
    return this.#state;
  }

  get localId(): Uint8Array {
    return this.#options.localId;
  }

  get source(): Source {
    return this.#options.source;
  }

  get localEphemeral(): Uint8Array | undefined {
    return this.#noise?.localEphemeral;
  }

  /** When to call `onTimer`; Infinity when there is nothing to wait for. */
  get deadlineUs(): number {
    if (this.#state === 'confirmed' || this.#state === 'ended') return Number.POSITIVE_INFINITY;
    return this.#retransmission.deadlineUs;
  }

  /** Sends the first message now. */
  start(nowUs: number): void {
    const options = this.#options;
    const built = buildInitiation({
      primitives: options.primitives,
      identity: options.identity,
      remoteStatic: options.remoteStatic,
      psk: options.psk,
      pattern: this.#pattern,
      suite: this.#suite,
      head: {
        version: this.#version,
        sourceId: options.localId,
        pattern: this.#pattern.id,
        suite: this.#suite.id,
        versions: options.versions,
        suites: options.suites,
        token: options.token ?? new Uint8Array(0),
      },
      timestampUs: options.nextTimestampUs(nowUs),
      parameters: options.parameters,
    });
    if (built === undefined) {
      this.end('lowOrderKey');
      return;
    }
    this.#noise = built.noise;
    this.#state = 'initiated';
    this.#send(built.bytes);
    this.#retransmission.restart(nowUs);
  }

  /** Gives way to a handshake of the peer's: forgets its own, and begins a new one if nothing has come of it by then. */
  yieldUntil(untilUs: number): void {
    this.#forget();
    this.#sawCookie = false;
    this.#state = 'waiting';
    this.#retransmission.waitUntil(untilUs);
  }

  /** The peer is there, but has given way: send again at once; only the first time. */
  hint(nowUs: number): void {
    if (this.#state !== 'initiated' || this.#wasHinted) return;
    this.#wasHinted = true;
    this.outgoing = this.#message;
    this.#retransmission.restart(nowUs);
  }

  onTimer(nowUs: number): void {
    if (nowUs < this.deadlineUs) return;
    this.#retransmission.skipStandstill(nowUs);
    if (this.#retransmission.isExpired(nowUs)) {
      // IK has been answered: whether the connection lives is for the connection's own timers to find out.
      this.end(
        this.#state === 'established' && this.#message === undefined ? undefined : 'timeout',
      );
    } else if (this.#state === 'waiting') {
      this.start(nowUs);
    } else {
      this.outgoing = this.#message;
      this.#retransmission.sent(nowUs);
    }
  }

  onCookie(message: Uint8Array): number {
    if (message.length !== COOKIE_MESSAGE_BYTES) return DROP_BAD_LENGTH;
    if (this.#state !== 'initiated' || !this.#message) return DROP_WRONG_STATE;
    if (this.#sawCookie) return DROP_SECOND_RETRY;
    const withCookie = fillInCookie(this.#options, message, this.#message);
    if (withCookie === undefined) return DROP_BAD_MAC;
    this.#sawCookie = true;
    this.#send(withCookie);
    return ACCEPTED;
  }

  onVersionList(message: Uint8Array, nowUs: number): number {
    if (message.length > ANSWER_BYTES_MAX) return DROP_BAD_LENGTH;
    if (this.#state !== 'initiated' || !this.#message) return DROP_WRONG_STATE;
    const choice = chooseFrom(this.#options, message, this.#message, this.#sawVersions);
    if (typeof choice === 'number') return choice;
    this.#sawVersions = true;
    if (choice === 'nothing') {
      this.end('noCommonVersion');
      return ACCEPTED;
    }
    this.#version = choice.version;
    this.#suite = choice.suite;
    this.#forget();
    this.#sawCookie = false;
    this.start(nowUs);
    return ACCEPTED;
  }

  /** @param decide asked once the responder has shown who it is */
  onResponse(
    message: Uint8Array,
    source: Source,
    nowUs: number,
    decide: (remoteStatic: Uint8Array) => CommitDecision,
  ): number {
    if (this.#state !== 'initiated' || !this.#message || !this.#noise) return DROP_WRONG_STATE;
    const opened = openResponse(this.#context(mac1Of(this.#message)), this.#noise, message);
    if (typeof opened === 'number') return opened;
    // From here on it is the responder who speaks: one that is not wanted ends the attempt.
    const noise = this.#noise;
    const remoteStatic = noise.remoteStatic!;
    if (!this.#options.allowOwnKey && sameBytes(remoteStatic, this.#options.identity.publicKey)) {
      return this.#refuse('ownKey', DROP_OWN_KEY);
    }
    const decision = decide(remoteStatic);
    if (decision === 'unauthorized') return this.#refuse('unauthorized', DROP_UNAUTHORIZED);
    if (decision === 'yield') return DROP_SIMULTANEOUS;
    if (!this.#finish(noise, message, opened.remoteId, nowUs)) {
      return this.#refuse('lowOrderKey', DROP_NOT_AUTHENTIC);
    }
    this.remoteStatic = remoteStatic;
    this.#state = 'established';
    this.outcome = outcomeOf(noise, {
      role: 'initiator',
      version: this.#version,
      pattern: this.#pattern.name,
      suite: this.#suite,
      remoteParameters: opened.parameters,
      localId: this.localId,
      remoteId: opened.remoteId,
      source,
    });
    return ACCEPTED;
  }

  /** The first packet that opens with our receiving key. */
  confirm(): void {
    if (this.#state !== 'established') return;
    this.#state = 'confirmed';
    this.#message = undefined;
  }

  /** No more messages, no more secrets. `failure`: why, when somebody has to be told. */
  end(failure: HandshakeFailure | undefined): void {
    this.#forget();
    this.#state = 'ended';
    this.failure = failure;
  }

  /** What is left to do once the response is good: the final message, if the pattern has one. */
  #finish(
    noise: HandshakeState,
    response: Uint8Array,
    remoteId: Uint8Array,
    nowUs: number,
  ): boolean {
    this.#message = undefined;
    if (noise.done) {
      this.#retransmission.waitUntil(this.#retransmission.expiresUs);
      return true;
    }
    const context = this.#context(macOfAnswer(response));
    const final = buildFinal(context, noise, remoteId, this.localId, this.#options.parameters);
    if (final === undefined) return false;
    this.#send(final);
    this.#retransmission.restart(nowUs);
    return true;
  }

  #refuse(failure: HandshakeFailure, reason: number): number {
    this.end(failure);
    return reason;
  }

  #context(answeredMac: Uint8Array): AnswerContext {
    return {
      primitives: this.#options.primitives,
      version: this.#version,
      pattern: this.#pattern,
      answeredMac,
    };
  }

  #send(message: Uint8Array): void {
    this.#message = message;
    this.outgoing = message;
  }

  #forget(): void {
    this.#noise?.wipe();
    this.#noise = undefined;
    this.#message = undefined;
    this.outgoing = undefined;
  }
}
