/**
 * All that the core may ask of the world: packet protection, the primitives of a handshake, chance.
 *
 * Types only. `lib/crypto` implements them; the core takes them as parameters and knows nobody else. There is no
 * clock: time comes in with each call (`nowUs`).
 *
 * Invariant: nothing in here throws for what a peer sent.
 */

import type { PacketBatch } from '../batch/packet-batch.js';

/** The AEADs of packets. Keys of 16, 32 and 32 bytes; IV 12; tag 16; header key as long as the key. */
export type AeadName = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';

/** One direction's key. The provider copies the bytes; the caller wipes its own. */
export interface TrafficKey {
  readonly aead: AeadName;
  /** 'seal' for what we send, 'open' for what we receive. */
  readonly direction: 'seal' | 'open';
  readonly key: Uint8Array;
  /** 12 bytes; the nonce of a packet is this XOR its packet number. */
  readonly iv: Uint8Array;
  /** Header protection (RFC 9001 section 5.4): stays the same over key updates. */
  readonly headerKey: Uint8Array;
}

/** Packets, a batch at a time, in place in the slab. */
export interface Protection {
  readonly name: 'native' | 'node' | 'noble';
  /** What does the work: 'ipsec-mb avx512', 'openssl evp', 'node:crypto', '@noble/ciphers'. */
  readonly kernel: string;
  /** KEY_COUNTS places a slot (see layout). */
  readonly counts: Float64Array;

  /** Returns a key id, or -1 when every slot is taken. Throws TypeError for wrong sizes. */
  installKey(key: TrafficKey): number;
  /**
   * The next key of the same slot (RFC 9001 section 6). Sealing: from now on packets are sealed with it and carry the
   * other phase bit. Opening: it is tried for packets of the other phase; the first that opens with it makes it the
   * current one (FLAG_KEY_UPDATED), and the one before opens late packets until `retirePrevious`.
   * False for a stale id, or for an opening key while a next one is already waiting or a previous one is still kept.
   */
  updateKey(id: number, key: Uint8Array, iv: Uint8Array): boolean;
  /** Wipes the key of the phase before. */
  retirePrevious(id: number): void;
  /** Wipes all keys of the slot; the id is stale from now on. A stale id is ignored. */
  retireKey(id: number): void;

  /**
   * Seals rows `from` to `to` (exclusive). In: OFFSET, LENGTH (header + payload + 16 bytes of room for the tag), KEY,
   * PACKET_NUMBER; the first byte (0x40) and the connection id are written. Where SOURCE_LENGTH is above 0, the last
   * SOURCE_LENGTH bytes of the payload are copied from `batch.sources[SOURCE]` at SOURCE_OFFSET first. Out: packet
   * number, phase bit, ciphertext, tag and header protection in the slab; STATUS. Rows with STATUS != 0 are left alone.
   * Returns rows sealed.
   */
  seal(batch: PacketBatch, from: number, to: number): number;
  /**
   * Opens rows. In: OFFSET, LENGTH, KEY. Out: plaintext in place, header unmasked, HEADER_LENGTH, PLAINTEXT_LENGTH,
   * PACKET_NUMBER, FLAGS, STATUS. Rows with STATUS != 0 are left alone. Returns rows opened.
   */
  open(batch: PacketBatch, from: number, to: number): number;
}

/** The AEAD of a handshake: one message at a time, whole buffers. */
export interface HandshakeCipher {
  /** Ciphertext with its 16-byte tag. `nonce` is 12 bytes. */
  encrypt(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** The plaintext, or undefined when the tag does not fit. */
  decrypt(
    key: Uint8Array,
    nonce: Uint8Array,
    ad: Uint8Array,
    ciphertext: Uint8Array,
  ): Uint8Array | undefined;
}

export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
}

/** What Noise calls DH, cipher and hash functions, and what the prefilter needs. Own properties that need no `this`. */
export interface HandshakePrimitives {
  generateKeyPair(): KeyPair;
  /** X25519 (RFC 7748); undefined when the result is all zero (a low-order point). */
  dh(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined;
  cipher(name: 'AESGCM' | 'ChaChaPoly'): HandshakeCipher;
  sha256(...parts: readonly Uint8Array[]): Uint8Array;
  hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
  /** XChaCha20-Poly1305 with a 24-byte nonce: tokens and cookies. */
  xSeal(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  xOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    ad: Uint8Array,
    ciphertext: Uint8Array,
  ): Uint8Array | undefined;
  /** Constant time; false for different lengths. */
  equal(left: Uint8Array, right: Uint8Array): boolean;
}

/** Memory that outlives a turn, and copies of many pieces in one call. */
export interface Memory {
  /** A new array; its bytes are not zeroed. Transferred to the caller. */
  allocate(byteLength: number): Uint8Array;
  /**
   * Copies `count` pieces of `source`, one behind the other, to the front of `target`. Piece i is
   * `pieces[2 * i]` (byte offset in `source`) and `pieces[2 * i + 1]` (bytes). The caller has checked that all fit.
   */
  gather(target: Uint8Array, source: Uint8Array, pieces: Int32Array, count: number): void;
}

/** Addresses as the core needs them: a peer id is all that it keeps. */
export interface Addresses {
  /** Bytes of the address and the port of a live peer id, for cookies and rate limits. Cold path. */
  sourceOf(peer: number): {
    readonly address: Uint8Array;
    readonly port: number;
    readonly peer: number;
  };
  /** The id stays with this address until it is unpinned as often. */
  pin(peer: number): void;
  unpin(peer: number): void;
}

/** What a connection tells a diagnostics sink, when there is one. Borrowed bytes are only good during the call. */
export interface Tracer {
  /** `payload`: the frames, in clear, at `at` to `end` of `bytes`; `byteLength`: of the whole datagram. */
  packetSent(
    nowUs: number,
    packetNumber: number,
    byteLength: number,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): void;
  packetReceived(
    nowUs: number,
    packetNumber: number,
    byteLength: number,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): void;
  packetLost(
    nowUs: number,
    packetNumber: number,
    byteLength: number,
    trigger: 'packet' | 'time' | 'pto',
  ): void;
  metrics(nowUs: number, metrics: TracedMetrics): void;
  state(nowUs: number, state: string): void;
}

export interface TracedMetrics {
  readonly congestionWindow: number;
  readonly bytesInFlight: number;
  readonly slowStartThreshold: number;
  readonly smoothedRttUs: number;
  readonly minRttUs: number;
  readonly latestRttUs: number;
  readonly rttVarianceUs: number;
  readonly ptoCount: number;
}

/** A traffic secret on its way to a key log: whose packets it protects. All bytes are borrowed for the call. */
export interface TrafficSecret {
  /** 32 bytes, the same on both sides. */
  readonly handshakeHash: Uint8Array;
  readonly sender: 'initiator' | 'responder';
  /** Key updates of this direction so far. */
  readonly phase: number;
  readonly aead: AeadName;
  /** The connection id that packets of this direction carry at first, 8 bytes. */
  readonly destinationId: Uint8Array;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** Is lent each traffic secret when its key is installed. Must not throw. */
export type SecretSink = (secret: TrafficSecret) => void;

/** Cryptographically strong chance. */
export interface Random {
  fill(bytes: Uint8Array): void;
}
