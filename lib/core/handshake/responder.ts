/**
 * The responder's machine: one inbound handshake, from an initiation that was good to the first protected packet.
 *
 *   answered -> established -> confirmed          (each -> ended)
 *
 * `answered` has sent the response. IK is established with it; XX waits for the final message. Until `confirmed` the
 * application hears nothing: an initiation may be a replay, a protected packet cannot. It sends nothing on its own and
 * nothing again but the same response to the same initiation. inbound.ts holds all of them.
 *
 * Invariant: a message that is dropped changes nothing, except that an authentic final message of a peer that is not
 * wanted ends the handshake.
 */

import type { HandshakePrimitives } from '../ports.js';
import { type AnswerContext, buildResponse, macOfAnswer, openFinal } from './answers.js';
import { ACCEPTED, DROP_WRONG_STATE } from './drop-reasons.js';
import type { HandshakeState } from './handshake-state.js';
import type { OpenedInitiation } from './initiation.js';
import { type Outcome, outcomeOf } from './outcome.js';
import type { HandshakePattern, Suite } from './protocol.js';
import type { Source } from './source.js';

export type ResponderState = 'answered' | 'established' | 'confirmed' | 'ended';

export interface ResponderOptions {
  readonly primitives: HandshakePrimitives;
  readonly version: number;
  readonly pattern: HandshakePattern;
  readonly suite: Suite;
  readonly opened: OpenedInitiation;
  /** mac1 of the initiation: its name. Copied. */
  readonly mac1: Uint8Array;
  readonly localId: Uint8Array;
  readonly remoteId: Uint8Array;
  readonly source: Source;
  readonly parameters: Uint8Array;
  /** The parameters say no: what the handshake makes is thrown away. */
  readonly isRefusal: boolean;
  readonly expiresUs: number;
}

export class Responder {
  readonly #options: ResponderOptions;
  readonly #noise: HandshakeState;
  readonly mac1: Uint8Array;
  /** When it is forgotten; later, if nobody looked after it for a while. */
  expiresUs: number;
  #state: ResponderState = 'answered';
  #response: Uint8Array | undefined;
  /** Set once, when established; the table takes it. */
  outcome: Outcome | undefined;
  /** The initiator's static key, once it is known. */
  remoteStatic: Uint8Array | undefined;

  constructor(options: ResponderOptions) {
    this.#options = options;
    this.#noise = options.opened.noise;
    this.mac1 = options.mac1.slice();
    this.expiresUs = options.expiresUs;
    this.remoteStatic = options.opened.remoteStatic;
  }

  get state(): ResponderState {
    return this.#state;
  }

  get localId(): Uint8Array {
    return this.#options.localId;
  }

  get isRefusal(): boolean {
    return this.#options.isRefusal;
  }

  get source(): Source {
    return this.#options.source;
  }

  get remoteEphemeral(): Uint8Array {
    return this.#noise.remoteEphemeral!;
  }

  /** Whether it takes a place among the half-open ones. */
  get halfOpen(): boolean {
    return this.#state === 'answered' || this.#state === 'established';
  }

  /** The same bytes for every repetition of the initiation; undefined once it is over. */
  get response(): Uint8Array | undefined {
    return this.#response;
  }

  /** Makes the response; false when the initiator's keys are low-order points. */
  answer(): boolean {
    const { opened, remoteId, localId, parameters } = this.#options;
    const context = this.#context(this.mac1);
    this.#response = buildResponse(context, this.#noise, remoteId, localId, parameters);
    if (this.#response === undefined) {
      this.end();
      return false;
    }
    if (this.#noise.done) this.#establish(opened.parameters, this.source);
    return true;
  }

  /**
   * XX's last message. `decide` is asked once the initiator has shown who it is: 0, or the reason to drop it and to end.
   */
  onFinal(
    message: Uint8Array,
    source: Source,
    decide: (remoteStatic: Uint8Array) => number,
  ): number {
    if (this.#state !== 'answered' || this.#response === undefined) return DROP_WRONG_STATE;
    const context = this.#context(macOfAnswer(this.#response));
    const opened = openFinal(context, this.#noise, message, this.#options.remoteId);
    if (typeof opened === 'number') return opened;
    const remoteStatic = this.#noise.remoteStatic!;
    const reason = decide(remoteStatic);
    if (reason !== ACCEPTED) {
      this.end();
      return reason;
    }
    this.remoteStatic = remoteStatic;
    this.#establish(opened.parameters, source);
    return ACCEPTED;
  }

  /** The first packet that opens with our receiving key. */
  confirm(): void {
    if (this.#state !== 'established') return;
    this.#state = 'confirmed';
    this.#response = undefined;
  }

  /** No more messages, no more secrets. */
  end(): void {
    this.#state = 'ended';
    this.#response = undefined;
    this.#noise.wipe();
  }

  #establish(parameters: Uint8Array, source: Source): void {
    const { version, pattern, suite, localId, remoteId } = this.#options;
    this.#state = 'established';
    this.outcome = outcomeOf(this.#noise, {
      role: 'responder',
      version,
      pattern: pattern.name,
      suite,
      remoteParameters: parameters,
      localId,
      remoteId,
      source,
    });
  }

  #context(answeredMac: Uint8Array): AnswerContext {
    const { primitives, version, pattern } = this.#options;
    return { primitives, version, pattern, answeredMac };
  }
}
