/**
 * The remembered DH of two static keys: who gets in, who leaves, and that no handshake can tell.
 */

import { describe, expect, it } from 'vitest';
import {
  STATIC_SECRETS_MAX,
  StaticSecrets,
} from '../../../../lib/core/handshake/static-secrets.js';
import { exchange, hex, Node } from '../../../support/handshake-net.js';
import { type CountingPrimitives, testPrimitives } from '../../../support/test-primitives.js';

/** The nth of many different public keys. */
function publicKey(n: number): Uint8Array {
  const key = new Uint8Array(32).fill(9);
  key[0] = n;
  key[1] = n >>> 8;
  return key;
}

function setUp(most?: number) {
  const given = testPrimitives();
  const identity = given.generateKeyPair();
  const secrets = new StaticSecrets(given, identity, most);
  /** The DH with our static key, and how many multiplications it took. */
  const dh = (key: Uint8Array): { secret: string; cost: number } => {
    const before = given.calls.dh;
    const secret = secrets.primitives.dh(identity.privateKey, key);
    return { secret: hex(secret!), cost: given.calls.dh - before };
  };
  return { given, identity, secrets, dh };
}

describe('StaticSecrets', () => {
  it('computes the secret of a confirmed peer once, and hands out copies', () => {
    const { given, identity, secrets, dh } = setUp();
    const right = hex(given.dh(identity.privateKey, publicKey(1))!);
    secrets.remember(publicKey(1));
    expect(dh(publicKey(1))).toEqual({ secret: right, cost: 1 });
    expect(dh(publicKey(1))).toEqual({ secret: right, cost: 0 });
    secrets.primitives.dh(identity.privateKey, publicKey(1))!.fill(0);
    secrets.remember(publicKey(1));
    expect(dh(publicKey(1))).toEqual({ secret: right, cost: 0 });
  });

  it('keeps nothing for strangers', () => {
    const { secrets, dh } = setUp();
    for (let n = 0; n < 50; n++) expect(dh(publicKey(n)).cost).toBe(1);
    for (let n = 0; n < 50; n++) expect(dh(publicKey(n)).cost).toBe(1);
    expect(secrets.size).toBe(0);
  });

  it('leaves other private keys alone, equal bytes or not', () => {
    const { given, identity, secrets, dh } = setUp();
    secrets.remember(publicKey(1));
    dh(publicKey(1));
    const before = given.calls.dh;
    const other = given.generateKeyPair().privateKey;
    expect(secrets.primitives.dh(other, publicKey(1))).toEqual(given.dh(other, publicKey(1)));
    secrets.primitives.dh(identity.privateKey.slice(), publicKey(1));
    expect(given.calls.dh - before).toBe(3);
  });

  it('lets the one that was confirmed longest ago leave', () => {
    const { secrets, dh } = setUp(3);
    for (const n of [1, 2, 3]) {
      secrets.remember(publicKey(n));
      dh(publicKey(n));
    }
    secrets.remember(publicKey(1));
    secrets.remember(publicKey(4));
    expect(secrets.size).toBe(3);
    expect([1, 2, 3, 4].map((n) => dh(publicKey(n)).cost)).toEqual([0, 1, 0, 1]);
  });

  it('never holds more than its bound', () => {
    const { secrets } = setUp();
    for (let n = 0; n < 2 * STATIC_SECRETS_MAX; n++) secrets.remember(publicKey(n));
    expect(secrets.size).toBe(STATIC_SECRETS_MAX);
  });

  it('remembers no low-order point', () => {
    const { given, identity, secrets } = setUp();
    const zero = new Uint8Array(32);
    secrets.remember(zero);
    for (let n = 1; n <= 2; n++) {
      expect(secrets.primitives.dh(identity.privateKey, zero)).toBeUndefined();
      expect(given.calls.dh).toBe(n);
    }
  });
});

describe('a handshake', () => {
  /** One IK handshake from left to right; the DHs that each side did. */
  function handshake(left: Node, right: Node, confirmed = true): [number, number] {
    const counts = () =>
      [left, right].map((node) => (node.primitives as CountingPrimitives).calls.dh);
    const before = counts();
    left.connect(right);
    exchange(left, right);
    const [leftEnd, rightEnd] = [left.outcomes().at(-1)!, right.outcomes().at(-1)!];
    expect(leftEnd.sendSecret).toEqual(rightEnd.receiveSecret);
    expect(leftEnd.handshakeHash).toEqual(rightEnd.handshakeHash);
    if (confirmed) {
      right.confirm(rightEnd.localId);
      left.confirm(leftEnd.localId);
    }
    // Initiations must not come too fast, and carry a rising time.
    left.nowUs += 1_000_000;
    right.nowUs += 1_000_000;
    const after = counts();
    return [after[0] - before[0], after[1] - before[1]];
  }

  it('costs one DH less on each side from the third on', () => {
    const [left, right] = [new Node('l'), new Node('r')];
    expect(handshake(left, right)).toEqual([4, 4]);
    expect(handshake(left, right)).toEqual([4, 4]);
    expect(handshake(left, right)).toEqual([3, 3]);
    expect(handshake(left, right)).toEqual([3, 3]);
  });

  it('is remembered by neither side until it is confirmed', () => {
    const [left, right] = [new Node('l'), new Node('r')];
    for (let n = 0; n < 4; n++) expect(handshake(left, right, false)).toEqual([4, 4]);
  });
});
