/**
 * The packet keys of one connection over its life: installs them, updates them, retires them (RFC 9001 section 6).
 *
 * It works over the Protection port, which holds the keys and does the packets; here are the secrets and the rules:
 * when an update may begin, when it must, when the old key goes, when the connection has to end. The connection tells
 * it what was acknowledged and which packets opened with a new key.
 *
 * Invariant: the next opening key is always prepared, except in the time in which the previous one still opens late
 * packets; so a peer's update costs the same time as any packet.
 */

import {
  KEY_COUNT_FORGED,
  KEY_COUNT_SEALED,
  KEY_COUNTS,
  KEY_SLOT_BITS,
} from '../../batch/layout.js';
import type { HandshakePrimitives, Protection } from '../ports.js';
import { wipe } from './bytes.js';
import type { Suite } from './protocol.js';
import { headerKey, nextSecret, phaseKey, SECRET_BYTES } from './traffic-secrets.js';

/** Packets that a key seals before we update it; default. */
export const UPDATE_AFTER_PACKETS = 2 ** 22;
/** Packets that a key may seal at all (RFC 9001 appendix B, packets of up to 64 KiB). */
export const SEALED_PACKETS_MAX = 2 ** 23;
/** Forged packets, all keys of the connection together, before it must end (RFC 9001 section 6.6). */
export const FORGED_PACKETS_MAX_GCM = 2 ** 52;
export const FORGED_PACKETS_MAX_CHACHA = 2 ** 36;

/** Where the secrets lie. */
const SENDING = 0;
const RECEIVING = SECRET_BYTES;

/** Why the connection has to end. */
export type KeyViolation =
  /** Too many forged packets: the AEAD promises nothing any more. */
  | 'integrityLimit'
  /** The key is used up and the peer has not let us update it. */
  | 'sealLimit'
  /** The peer broke the rules of key updates. */
  | 'keyUpdate';

export type SecretListener = (
  direction: 'send' | 'receive',
  phase: number,
  secret: Uint8Array,
) => void;

export interface KeyScheduleOptions {
  readonly protection: Protection;
  readonly primitives: HandshakePrimitives;
  readonly suite: Suite;
  /** 32 bytes each. Transferred: wiped here. */
  readonly sendSecret: Uint8Array;
  readonly receiveSecret: Uint8Array;
  /**
   * Lent each secret for the call, when its key is installed: of what we send when we begin to, of what the peer sends
   * one phase ahead.
   */
  readonly onSecret?: SecretListener | undefined;
  /** Where the secrets are kept: the first 64 bytes, owned from now on. Default: an array of its own. */
  readonly place?: Uint8Array;
  /** Default 2^22. */
  readonly updateAfterPackets?: number;
  /** Default 2^23. */
  readonly sealedPacketsMax?: number;
  /** Default: the limit of the suite's AEAD. */
  readonly forgedPacketsMax?: number;
}

export class KeySchedule {
  /** Key ids for the KEY column: seal with the one, open with the other. */
  readonly sealKey: number;
  readonly openKey: number;
  readonly #protection: Protection;
  readonly #primitives: HandshakePrimitives;
  readonly #suite: Suite;
  readonly #onSecret: SecretListener | undefined;
  readonly #updateAfter: number;
  readonly #sealedMax: number;
  readonly #forgedMax: number;
  /** 64 bytes: the secret of the phase that seals, and that of the next phase that will open. */
  readonly #secrets: Uint8Array;
  #sendPhase = 0;
  #receivePhase = 0;
  /** First packet number sealed in this phase; once one of them is acknowledged, the phase is. */
  #firstSealed = 0;
  #isAcknowledged = false;
  /** The number that the peer's phase of now was seen with first. */
  #firstOpened = Number.POSITIVE_INFINITY;
  #isConfirmed = false;
  #retireAtUs = Number.POSITIVE_INFINITY;
  #violation: KeyViolation | undefined;
  #isClosed = false;

  private constructor(options: KeyScheduleOptions, sealKey: number, openKey: number) {
    this.#protection = options.protection;
    this.#primitives = options.primitives;
    this.#suite = options.suite;
    this.#onSecret = options.onSecret;
    this.#secrets = options.place ?? new Uint8Array(2 * SECRET_BYTES);
    this.sealKey = sealKey;
    this.openKey = openKey;
    const isChaCha = options.suite.aead === 'chacha20-poly1305';
    this.#updateAfter = options.updateAfterPackets ?? UPDATE_AFTER_PACKETS;
    this.#sealedMax = options.sealedPacketsMax ?? SEALED_PACKETS_MAX;
    this.#forgedMax =
      options.forgedPacketsMax ?? (isChaCha ? FORGED_PACKETS_MAX_CHACHA : FORGED_PACKETS_MAX_GCM);
    options.onSecret?.('send', 0, options.sendSecret);
    options.onSecret?.('receive', 0, options.receiveSecret);
    const next = nextSecret(options.primitives, options.receiveSecret);
    this.#keep(SENDING, options.sendSecret);
    wipe(options.receiveSecret);
    this.#keep(RECEIVING, next);
    this.#prepareNext();
  }

  /** Installs the keys of the first phase; undefined when the provider has no place left (the secrets are wiped). */
  static install(options: KeyScheduleOptions): KeySchedule | undefined {
    const { protection } = options;
    let sealKey = -1;
    let openKey = -1;
    try {
      sealKey = installFirst(options, 'seal', options.sendSecret);
      openKey = sealKey < 0 ? -1 : installFirst(options, 'open', options.receiveSecret);
      if (openKey >= 0) return new KeySchedule(options, sealKey, openKey);
    } catch (error) {
      if (openKey >= 0) protection.retireKey(openKey);
      if (sealKey >= 0) protection.retireKey(sealKey);
      wipe(options.sendSecret, options.receiveSecret);
      throw error;
    }
    if (sealKey >= 0) protection.retireKey(sealKey);
    wipe(options.sendSecret, options.receiveSecret);
    return undefined;
  }

  /** Which phase bit our packets carry, and how many updates there were. */
  get sendPhase(): number {
    return this.#sendPhase;
  }

  get receivePhase(): number {
    return this.#receivePhase;
  }

  /** When to call `onTimer`; Infinity when there is nothing to wait for. */
  get deadlineUs(): number {
    return this.#retireAtUs;
  }

  /** Whether the connection has to end, and why. Looks at the provider's counters. */
  get mustClose(): KeyViolation | undefined {
    if (this.#isClosed) return this.#violation;
    if (this.#count(this.openKey, KEY_COUNT_FORGED) >= this.#forgedMax) return 'integrityLimit';
    if (this.#count(this.sealKey, KEY_COUNT_SEALED) >= this.#sealedMax) return 'sealLimit';
    return this.#violation;
  }

  /** The handshake is confirmed: updates are allowed from here on. */
  confirm(): void {
    this.#isConfirmed = true;
  }

  /**
   * Packets up to `largest` were acknowledged by an ACK that came in a packet of the given key. An ACK of a packet of
   * this phase must not come under the phase before (RFC 9001 section 6.2).
   */
  onAcknowledged(largest: number, openedWithPreviousKey: boolean): void {
    if (largest < this.#firstSealed) return;
    const isBehind = openedWithPreviousKey || this.#receivePhase < this.#sendPhase;
    if (this.#sendPhase > 0 && isBehind) this.#violation ??= 'keyUpdate';
    else this.#isAcknowledged = true;
  }

  /** Whether this side may begin an update now (RFC 9001 sections 6.1 and 6.5). */
  get mayUpdate(): boolean {
    const isSettled = this.#sendPhase === this.#receivePhase && this.#retireAtUs === Infinity;
    return this.#isConfirmed && this.#isAcknowledged && isSettled && !this.#isClosed;
  }

  /** Call before sealing a batch: begins an update when the key has sealed enough and it may. True when it did. */
  updateWhenDue(nextPacketNumber: number): boolean {
    if (this.#count(this.sealKey, KEY_COUNT_SEALED) < this.#updateAfter) return false;
    return this.update(nextPacketNumber);
  }

  /** Begins an update, if it may. `nextPacketNumber`: the first that will be sealed with the new key. */
  update(nextPacketNumber: number): boolean {
    if (!this.mayUpdate) return false;
    return this.#updateSealing(nextPacketNumber);
  }

  /**
   * A row came out of `open` with FLAG_KEY_UPDATED: the peer seals with its next key. We answer with ours, unless it
   * was us who began. `packetNumber`: of that row; `ptoUs`: the probe timeout, the old key opens late packets for three
   * of them; `nextPacketNumber`: the first that we will seal from here on.
   */
  onPeerUpdated(
    packetNumber: number,
    nowUs: number,
    ptoUs: number,
    nextPacketNumber: number,
  ): void {
    this.#receivePhase++;
    this.#firstOpened = packetNumber;
    this.#retireAtUs = nowUs + 3 * ptoUs;
    if (this.#sendPhase < this.#receivePhase) this.#updateSealing(nextPacketNumber);
  }

  /** A row came with FLAG_PREVIOUS_KEY: late is fine, a number above those of the new phase is not (section 6.4). */
  onPreviousKey(packetNumber: number): void {
    if (packetNumber > this.#firstOpened) this.#violation ??= 'keyUpdate';
  }

  /** Retires the key of the phase before and prepares the one of the next. */
  onTimer(nowUs: number): void {
    if (nowUs < this.#retireAtUs) return;
    this.#retireAtUs = Number.POSITIVE_INFINITY;
    this.#protection.retirePrevious(this.openKey);
    this.#prepareNext();
  }

  /** Retires both keys and wipes the secrets. May be called again. */
  close(): void {
    if (this.#isClosed) return;
    this.#violation = this.mustClose;
    this.#isClosed = true;
    this.#retireAtUs = Number.POSITIVE_INFINITY;
    this.#protection.retireKey(this.sealKey);
    this.#protection.retireKey(this.openKey);
    this.#secrets.fill(0, 0, 2 * SECRET_BYTES);
  }

  #updateSealing(nextPacketNumber: number): boolean {
    const protection = this.#protection;
    const primitives = this.#primitives;
    const suite = this.#suite;
    const before = this.#take(SENDING);
    const secret = nextSecret(primitives, before);
    wipe(before);
    const { key, iv } = phaseKey(primitives, secret, suite);
    const isUpdated = protection.updateKey(this.sealKey, key, iv);
    wipe(key, iv);
    if (!isUpdated) {
      wipe(secret);
      return false;
    }
    this.#sendPhase++;
    this.#onSecret?.('send', this.#sendPhase, secret);
    this.#keep(SENDING, secret);
    this.#firstSealed = nextPacketNumber;
    this.#isAcknowledged = false;
    return true;
  }

  #prepareNext(): void {
    const protection = this.#protection;
    const primitives = this.#primitives;
    const suite = this.#suite;
    const secret = this.#take(RECEIVING);
    const { key, iv } = phaseKey(primitives, secret, suite);
    protection.updateKey(this.openKey, key, iv);
    wipe(key, iv);
    this.#onSecret?.('receive', this.#receivePhase + 1, secret);
    this.#keep(RECEIVING, nextSecret(primitives, secret));
    wipe(secret);
  }

  /** A copy of a secret, for the caller to wipe: what native code is given costs three times its bytes for good. */
  #take(at: number): Uint8Array {
    return this.#secrets.slice(at, at + SECRET_BYTES);
  }

  /** Copies the secret and wipes it. */
  #keep(at: number, secret: Uint8Array): void {
    this.#secrets.set(secret, at);
    wipe(secret);
  }

  #count(key: number, place: number): number {
    const slot = key & ((1 << KEY_SLOT_BITS) - 1);
    return this.#protection.counts[slot * KEY_COUNTS + place];
  }
}

function installFirst(
  options: KeyScheduleOptions,
  direction: 'seal' | 'open',
  secret: Uint8Array,
): number {
  const { protection, primitives, suite } = options;
  const { key, iv } = phaseKey(primitives, secret, suite);
  const header = headerKey(primitives, secret, suite);
  const id = protection.installKey({ aead: suite.aead, direction, key, iv, headerKey: header });
  wipe(key, iv, header);
  return id;
}
