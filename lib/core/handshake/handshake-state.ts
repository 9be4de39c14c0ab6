/**
 * HandshakeState of the Noise Protocol Framework (revision 34, section 5.3): the one interpreter of all patterns.
 *
 * It knows tokens, not packets: what goes around a Noise message is messages.ts's business, and when to send it the
 * machines'. Called by initiator.ts and responder.ts.
 *
 * Invariant: a message that was not good leaves no trace: `readMessage` returns undefined and the state is as before,
 * so that the next, good one can still be read. The peer cannot make it throw; the caller's mistakes do.
 */

import type { HandshakePrimitives, KeyPair } from '../ports.js';
import { concat, wipe } from './bytes.js';
import type { CipherName, CipherState } from './cipher-state.js';
import { isOneWay, type Pattern, patternOf, type Token, usesPsk } from './noise-patterns.js';
import { type SymmetricSnapshot, SymmetricState } from './symmetric-state.js';

/** Bytes of an X25519 key. */
export const DH_BYTES = 32;
/** Bytes of an AEAD tag. */
export const TAG_BYTES = 16;
/** The specification's limit of one message (section 3). */
const MESSAGE_BYTES = 65535;

export interface HandshakeStateOptions {
  readonly primitives: HandshakePrimitives;
  /** `IK`, `XXpsk3`, ...: see noise-patterns.ts. */
  readonly pattern: string;
  readonly cipher: CipherName;
  readonly initiator: boolean;
  readonly prologue: Uint8Array;
  /** Own static key pair; borrowed until the handshake ends. */
  readonly s?: KeyPair;
  /** A prepared ephemeral: for test vectors and for nothing else. */
  readonly e?: KeyPair;
  /** The remote static public key, where the pattern presupposes it. */
  readonly rs?: Uint8Array;
  /** 32 bytes each, one for each psk token in turn; borrowed until the handshake ends. */
  readonly psks?: readonly Uint8Array[];
}

interface Snapshot {
  readonly symmetric: SymmetricSnapshot;
  readonly rs: Uint8Array | undefined;
  readonly re: Uint8Array | undefined;
  readonly pskIndex: number;
}

/** `Noise_IK_25519_AESGCM_SHA256` and its like. */
export function protocolName(pattern: string, cipher: CipherName): string {
  return `Noise_${pattern}_25519_${cipher}_SHA256`;
}

export class HandshakeState {
  readonly #primitives: HandshakePrimitives;
  readonly #pattern: Pattern;
  readonly #usesPsk: boolean;
  readonly #symmetric: SymmetricState;
  readonly #initiator: boolean;
  readonly #s: KeyPair | undefined;
  readonly #psks: readonly Uint8Array[];
  #e: KeyPair | undefined;
  #rs: Uint8Array | undefined;
  #re: Uint8Array | undefined;
  #pskIndex = 0;
  #messageIndex = 0;

  /** Throws TypeError when keys that the pattern needs are missing or of the wrong size. */
  constructor(options: HandshakeStateOptions) {
    this.#primitives = options.primitives;
    this.#pattern = patternOf(options.pattern);
    this.#usesPsk = usesPsk(this.#pattern);
    this.#initiator = options.initiator;
    this.#s = options.s;
    this.#e = options.e;
    this.#rs = options.rs;
    this.#psks = options.psks ?? [];
    this.#checkKeys();
    const name = protocolName(options.pattern, options.cipher);
    this.#symmetric = new SymmetricState(options.primitives, name, options.cipher);
    this.#symmetric.mixHash(options.prologue);
    const initiatorStatic = options.initiator ? this.#s?.publicKey : this.#rs;
    const responderStatic = options.initiator ? this.#rs : this.#s?.publicKey;
    for (const _ of this.#pattern.initiatorPre) this.#symmetric.mixHash(initiatorStatic!);
    for (const _ of this.#pattern.responderPre) this.#symmetric.mixHash(responderStatic!);
  }

  /** Whether every message has been written or read. */
  get done(): boolean {
    return this.#messageIndex === this.#pattern.messages.length;
  }

  /** Whether the next message is ours to write. */
  get myTurn(): boolean {
    return !this.done && (this.#messageIndex % 2 === 0) === this.#initiator;
  }

  get oneWay(): boolean {
    return isOneWay(this.#pattern);
  }

  get remoteStatic(): Uint8Array | undefined {
    return this.#rs;
  }

  get remoteEphemeral(): Uint8Array | undefined {
    return this.#re;
  }

  get localEphemeral(): Uint8Array | undefined {
    return this.#e?.publicKey;
  }

  getHandshakeHash(): Uint8Array {
    return this.#symmetric.getHandshakeHash();
  }

  /** The next message, or undefined when a key of the peer is a low-order point; then nothing has changed. */
  writeMessage(payload: Uint8Array): Uint8Array | undefined {
    if (!this.myTurn) throw new TypeError('it is not this side that writes the next Noise message');
    const before = this.#snapshot();
    const hadEphemeral = this.#e;
    const parts: Uint8Array[] = [];
    for (const token of this.#pattern.messages[this.#messageIndex]) {
      if (token === 'e') parts.push(this.#writeEphemeral());
      else if (token === 's') parts.push(this.#symmetric.encryptAndHash(this.#s!.publicKey));
      else if (!this.#mixToken(token)) {
        this.#e = hadEphemeral;
        this.#restore(before);
        return undefined;
      }
    }
    parts.push(this.#symmetric.encryptAndHash(payload));
    const message = concat(...parts);
    if (message.length > MESSAGE_BYTES) {
      this.#e = hadEphemeral;
      this.#restore(before);
      throw new RangeError(`a Noise message of ${message.length} bytes is above ${MESSAGE_BYTES}`);
    }
    this.#messageIndex++;
    return message;
  }

  /**
   * The payload, or undefined when the message is not good; then nothing has changed. `accept` has the last word: what
   * authenticates and yet makes no sense to it leaves no trace either.
   */
  readMessage(
    message: Uint8Array,
    accept?: (payload: Uint8Array) => boolean,
  ): Uint8Array | undefined {
    if (this.done || this.myTurn) {
      throw new TypeError('it is not this side that reads the next Noise message');
    }
    if (message.length > MESSAGE_BYTES) return undefined;
    const before = this.#snapshot();
    const payload = this.#readTokens(message);
    if (payload === undefined || (accept && !accept(payload))) {
      this.#restore(before);
      return undefined;
    }
    this.#messageIndex++;
    return payload;
  }

  /**
   * The two CipherStates: first the one for what this side sends, second for what it receives. Only once, when done.
   * Chaining key and ephemeral are overwritten. With a one-way pattern the initiator uses the first alone.
   */
  split(): { readonly send: CipherState; readonly receive: CipherState } {
    if (!this.done) throw new TypeError('the Noise handshake is not finished');
    const [first, second] = this.#symmetric.split();
    this.wipe();
    return this.#initiator ? { send: first, receive: second } : { send: second, receive: first };
  }

  /** Overwrites what is secret here. The static key and the psks belong to the caller. */
  wipe(): void {
    this.#symmetric.wipe();
    wipe(this.#e?.privateKey);
  }

  #checkKeys(): void {
    const tokens = this.#pattern.messages.filter(
      (_, index) => (index % 2 === 0) === this.#initiator,
    );
    const ownPre = this.#initiator ? this.#pattern.initiatorPre : this.#pattern.responderPre;
    const remotePre = this.#initiator ? this.#pattern.responderPre : this.#pattern.initiatorPre;
    const { name } = this.#pattern;
    if ((ownPre.length > 0 || tokens.some((list) => list.includes('s'))) && !this.#s) {
      throw new TypeError(`Noise ${name} needs an own static key pair`);
    }
    if (remotePre.length > 0 && this.#rs?.length !== DH_BYTES) {
      throw new TypeError(`Noise ${name} needs the remote static key, 32 bytes`);
    }
    const psks = this.#pattern.messages.flat().filter((token) => token === 'psk').length;
    if (this.#psks.length !== psks || this.#psks.some((psk) => psk.length !== 32)) {
      throw new TypeError(`Noise ${name} needs ${psks} pre-shared key(s) of 32 bytes`);
    }
  }

  #writeEphemeral(): Uint8Array {
    this.#e ??= this.#primitives.generateKeyPair();
    this.#symmetric.mixHash(this.#e.publicKey);
    if (this.#usesPsk) this.#symmetric.mixKey(this.#e.publicKey);
    return this.#e.publicKey;
  }

  #readTokens(message: Uint8Array): Uint8Array | undefined {
    let offset = 0;
    for (const token of this.#pattern.messages[this.#messageIndex]) {
      if (token === 'e') {
        if (message.length < offset + DH_BYTES) return undefined;
        this.#re = message.slice(offset, offset + DH_BYTES);
        offset += DH_BYTES;
        this.#symmetric.mixHash(this.#re);
        if (this.#usesPsk) this.#symmetric.mixKey(this.#re);
      } else if (token === 's') {
        const length = DH_BYTES + (this.#symmetric.hasKey() ? TAG_BYTES : 0);
        if (message.length < offset + length) return undefined;
        this.#rs = this.#symmetric.decryptAndHash(message.subarray(offset, offset + length));
        if (this.#rs === undefined) return undefined;
        offset += length;
      } else if (!this.#mixToken(token)) {
        return undefined;
      }
    }
    return this.#symmetric.decryptAndHash(message.subarray(offset));
  }

  /** A token that puts no bytes on the wire. False when the DH result is all zero. */
  #mixToken(token: Token): boolean {
    if (token === 'psk') {
      this.#symmetric.mixKeyAndHash(this.#psks[this.#pskIndex++]);
      return true;
    }
    // The first letter is the initiator's key, the second the responder's.
    const own = token[this.#initiator ? 0 : 1] === 'e' ? this.#e : this.#s;
    const remote = token[this.#initiator ? 1 : 0] === 'e' ? this.#re : this.#rs;
    const shared = this.#primitives.dh(own!.privateKey, remote!);
    if (shared === undefined) return false;
    this.#symmetric.mixKey(shared);
    wipe(shared);
    return true;
  }

  #snapshot(): Snapshot {
    return {
      symmetric: this.#symmetric.snapshot(),
      rs: this.#rs,
      re: this.#re,
      pskIndex: this.#pskIndex,
    };
  }

  #restore(snapshot: Snapshot): void {
    this.#symmetric.restore(snapshot.symmetric);
    this.#rs = snapshot.rs;
    this.#re = snapshot.re;
    this.#pskIndex = snapshot.pskIndex;
  }
}
