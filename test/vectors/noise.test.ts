/**
 * The Noise interpreter against the public `cacophony` vectors: every pattern with 25519, AESGCM or ChaChaPoly, SHA256.
 */

import { describe, expect, it } from 'vitest';
import type { CipherName, CipherState } from '../../lib/core/handshake/cipher-state.js';
import { HandshakeState } from '../../lib/core/handshake/handshake-state.js';
import { nodePrimitives } from '../../lib/crypto/primitives.js';
import { keyPairOf } from '../support/test-primitives.js';
import { readVectors } from '../support/vectors.js';

interface Vector {
  readonly protocol_name: string;
  readonly init_prologue: string;
  readonly init_psks?: readonly string[];
  readonly init_static?: string;
  readonly init_ephemeral?: string;
  readonly init_remote_static?: string;
  readonly resp_prologue: string;
  readonly resp_psks?: readonly string[];
  readonly resp_static?: string;
  readonly resp_ephemeral?: string;
  readonly resp_remote_static?: string;
  readonly handshake_hash: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
}

const file = readVectors<{ vectors: readonly Vector[] }>('noise/cacophony.json');
const NAME = /^Noise_([A-Za-z0-9+]+)_25519_(AESGCM|ChaChaPoly)_SHA256$/;
const vectors = (file?.vectors ?? []).filter((vector) => NAME.test(vector.protocol_name));

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (data: Uint8Array | undefined): string => Buffer.from(data ?? []).toString('hex');

function side(vector: Vector, role: 'init' | 'resp'): HandshakeState {
  const [, pattern, cipher] = NAME.exec(vector.protocol_name)!;
  const own = vector[`${role}_static`];
  const ephemeral = vector[`${role}_ephemeral`];
  const remote = vector[`${role}_remote_static`];
  return new HandshakeState({
    primitives: nodePrimitives,
    pattern,
    cipher: cipher as CipherName,
    initiator: role === 'init',
    prologue: bytes(vector[`${role}_prologue`]),
    psks: (vector[`${role}_psks`] ?? []).map(bytes),
    ...(own === undefined ? {} : { s: keyPairOf(bytes(own)) }),
    ...(ephemeral === undefined ? {} : { e: keyPairOf(bytes(ephemeral)) }),
    ...(remote === undefined ? {} : { rs: bytes(remote) }),
  });
}

function run(vector: Vector): void {
  const initiator = side(vector, 'init');
  const responder = side(vector, 'resp');
  const messages = [...vector.messages];

  for (let turn = 0; !initiator.done; turn++) {
    const [writer, reader] = turn % 2 === 0 ? [initiator, responder] : [responder, initiator];
    const { payload, ciphertext } = messages.shift()!;
    const message = writer.writeMessage(bytes(payload));
    expect(hex(message)).toBe(ciphertext);
    damageThenRead(reader, message!, payload);
  }
  expect(responder.done).toBe(true);
  expect(hex(initiator.getHandshakeHash())).toBe(vector.handshake_hash);
  expect(hex(responder.getHandshakeHash())).toBe(vector.handshake_hash);

  const oneWay = initiator.oneWay;
  const left = initiator.split();
  const right = responder.split();
  let fromInitiator = oneWay || (vector.messages.length - messages.length) % 2 === 0;
  for (const { payload, ciphertext } of messages) {
    const [out, into] = fromInitiator ? [left.send, right.receive] : [right.send, left.receive];
    transport(out, into, payload, ciphertext);
    if (!oneWay) fromInitiator = !fromInitiator;
  }
}

/** Damaged messages in front of the good one must leave no trace. Where the payload is in clear, nothing can tell. */
function damageThenRead(reader: HandshakeState, message: Uint8Array, payload: string): void {
  const hash = hex(reader.getHandshakeHash());
  if (!hex(message).endsWith(payload)) {
    const damaged = message.slice();
    damaged[damaged.length - 1] ^= 1;
    expect(reader.readMessage(damaged)).toBeUndefined();
    expect(reader.readMessage(message.subarray(0, message.length - 1))).toBeUndefined();
  }
  expect(reader.readMessage(message.subarray(0, Math.min(31, message.length - 1)))).toBeUndefined();
  expect(hex(reader.getHandshakeHash())).toBe(hash);
  expect(hex(reader.readMessage(message))).toBe(payload);
}

function transport(out: CipherState, into: CipherState, payload: string, ciphertext: string): void {
  const none = new Uint8Array(0);
  const sealed = out.encryptWithAd(none, bytes(payload));
  expect(hex(sealed)).toBe(ciphertext);
  const forged = sealed.slice();
  forged[0] ^= 0x80;
  expect(into.decryptWithAd(none, forged)).toBeUndefined();
  expect(hex(into.decryptWithAd(none, sealed))).toBe(payload);
}

describe.skipIf(file === undefined)('Noise vectors (cacophony)', () => {
  it('has the 59 patterns with both ciphers', () => {
    expect(vectors.length).toBe(118);
  });

  it.each(vectors.map((vector) => [vector.protocol_name, vector] as const))('%s', (_, vector) => {
    run(vector);
  });
});
