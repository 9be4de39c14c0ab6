/**
 * The key schedule over a real provider: keys that fit, updates from either side and from both at once, limits, wiping.
 */

import { describe, expect, it } from 'vitest';
import {
  FLAG_KEY_UPDATED,
  FLAG_PREVIOUS_KEY,
  FLAGS,
  KEY,
  KEY_COUNT_FORGED,
  KEY_COUNTS,
  LENGTH,
  OFFSET,
  PACKET_NUMBER,
  STATUS,
  STATUS_FORGED,
  STATUS_NO_KEY,
} from '../../../../lib/batch/layout.js';
import { PacketBatch } from '../../../../lib/batch/packet-batch.js';
import { KeySchedule } from '../../../../lib/core/handshake/key-schedule.js';
import { SUITES, type Suite } from '../../../../lib/core/handshake/protocol.js';
import { headerKey, nextSecret, phaseKey } from '../../../../lib/core/handshake/traffic-secrets.js';
import type { Protection } from '../../../../lib/core/ports.js';
import { openNodeProtection } from '../../../../lib/crypto/node-protection.js';
import { hex } from '../../../support/handshake-net.js';
import { testPrimitives } from '../../../support/test-primitives.js';

const primitives = testPrimitives();
const PTO_US = 100_000;

/** One end: its keys and the number of its next packet. */
class End {
  readonly protection: Protection = openNodeProtection({ maxSlots: 4 });
  readonly keys: KeySchedule;
  nextNumber = 0;
  nowUs = 0;

  constructor(send: number, receive: number, suite: Suite, limits = {}) {
    this.keys = KeySchedule.install({
      protection: this.protection,
      primitives,
      suite,
      sendSecret: new Uint8Array(32).fill(send),
      receiveSecret: new Uint8Array(32).fill(receive),
      ...limits,
    })!;
    this.keys.confirm();
  }

  /** A sealed packet as bytes. */
  seal(): { readonly number: number; readonly bytes: Uint8Array } {
    this.keys.updateWhenDue(this.nextNumber);
    const batch = new PacketBatch(64, 1);
    batch.bytes[0] = 0x40;
    batch.rows[OFFSET] = 0;
    batch.rows[LENGTH] = 40;
    batch.rows[KEY] = this.keys.sealKey;
    batch.doubles[PACKET_NUMBER >> 1] = this.nextNumber;
    expect(this.protection.seal(batch, 0, 1)).toBe(1);
    return { number: this.nextNumber++, bytes: batch.bytes.slice(0, 40) };
  }

  /** Opens a packet and obeys its flags; STATUS and FLAGS. */
  open(packet: { readonly bytes: Uint8Array }): {
    readonly status: number;
    readonly flags: number;
  } {
    const batch = new PacketBatch(64, 1);
    batch.bytes.set(packet.bytes);
    batch.rows[LENGTH] = packet.bytes.length;
    batch.rows[KEY] = this.keys.openKey;
    this.protection.open(batch, 0, 1);
    const flags = batch.rows[FLAGS];
    const number = batch.doubles[PACKET_NUMBER >> 1];
    if (flags & FLAG_KEY_UPDATED) {
      this.keys.onPeerUpdated(number, this.nowUs, PTO_US, this.nextNumber);
    }
    if (flags & FLAG_PREVIOUS_KEY) this.keys.onPreviousKey(number);
    return { status: batch.rows[STATUS], flags };
  }
}

function pair(suite: Suite = SUITES[0], limits = {}): [End, End] {
  return [new End(1, 2, suite, limits), new End(2, 1, suite, limits)];
}

/** A packet there, its acknowledgement back. */
function roundTrip(from: End, to: End): void {
  const packet = from.seal();
  expect(to.open(packet).status).toBe(0);
  const opened = from.open(to.seal());
  expect(opened.status).toBe(0);
  from.keys.onAcknowledged(packet.number, (opened.flags & FLAG_PREVIOUS_KEY) !== 0);
}

describe('key schedule', () => {
  it.each(SUITES.map((suite) => [suite.aead, suite] as const))('updates with %s', (_, suite) => {
    const [a, b] = pair(suite);
    for (let update = 1; update <= 4; update++) {
      roundTrip(a, b);
      roundTrip(b, a);
      const late = a.seal();
      const [starter, other] = update % 2 ? [a, b] : [b, a];
      expect(starter.keys.update(starter.nextNumber)).toBe(true);
      roundTrip(starter, other);
      roundTrip(other, starter);
      for (const end of [a, b]) {
        expect([end.keys.sendPhase, end.keys.receivePhase]).toEqual([update, update]);
        expect(end.keys.mustClose).toBeUndefined();
      }
      expect(b.open(late)).toEqual({ status: 0, flags: FLAG_PREVIOUS_KEY });
      a.nowUs += 3 * PTO_US;
      b.nowUs += 3 * PTO_US;
      expect(a.keys.deadlineUs).toBeLessThanOrEqual(a.nowUs);
      a.keys.onTimer(a.nowUs);
      b.keys.onTimer(b.nowUs);
      expect(a.keys.deadlineUs).toBe(Number.POSITIVE_INFINITY);
    }
  });

  it('may not begin before confirmation, before an acknowledgement, twice, or while the old key is kept', () => {
    const [a, b] = pair();
    expect(a.keys.update(0)).toBe(false);
    roundTrip(a, b);
    expect(a.keys.update(a.nextNumber)).toBe(true);
    expect(a.keys.update(a.nextNumber)).toBe(false);
    roundTrip(a, b);
    expect(a.keys.update(a.nextNumber)).toBe(false);
    a.keys.onTimer(3 * PTO_US - 1);
    expect(a.keys.mayUpdate).toBe(false);
    a.keys.onTimer(3 * PTO_US);
    expect(a.keys.mayUpdate).toBe(true);
  });

  it('two updates that cross are one', () => {
    const [a, b] = pair();
    roundTrip(a, b);
    roundTrip(b, a);
    expect(a.keys.update(a.nextNumber)).toBe(true);
    expect(b.keys.update(b.nextNumber)).toBe(true);
    const [left, right] = [a.seal(), b.seal()];
    expect(b.open(left)).toEqual({ status: 0, flags: FLAG_KEY_UPDATED });
    expect(a.open(right)).toEqual({ status: 0, flags: FLAG_KEY_UPDATED });
    expect([a.keys.sendPhase, a.keys.receivePhase]).toEqual([1, 1]);
    expect([b.keys.sendPhase, b.keys.receivePhase]).toEqual([1, 1]);
    roundTrip(a, b);
  });

  it('updates by count', () => {
    const [a, b] = pair(SUITES[0], { updateAfterPackets: 5 });
    for (let packet = 0; packet < 40; packet++) {
      roundTrip(a, b);
      a.nowUs += PTO_US;
      b.nowUs = a.nowUs;
      a.keys.onTimer(a.nowUs);
      b.keys.onTimer(b.nowUs);
    }
    expect(a.keys.sendPhase).toBeGreaterThan(4);
    expect(a.keys.sendPhase).toBe(b.keys.receivePhase);
  });

  it('a peer that acknowledges the new phase under the old key broke the rules', () => {
    const [a, b] = pair();
    roundTrip(a, b);
    a.keys.update(a.nextNumber);
    const packet = a.seal();
    a.keys.onAcknowledged(packet.number, false);
    expect(a.keys.mustClose).toBe('keyUpdate');
    expect(b.keys.mustClose).toBeUndefined();
  });

  it('so did one that uses the old key for a number behind the new phase', () => {
    const [a, b] = pair();
    roundTrip(a, b);
    const late = { ...b.seal() };
    expect(a.keys.update(a.nextNumber)).toBe(true);
    roundTrip(a, b);
    expect(a.open(late).flags).toBe(FLAG_PREVIOUS_KEY);
    expect(a.keys.mustClose).toBeUndefined();
    a.keys.onPreviousKey(1000);
    expect(a.keys.mustClose).toBe('keyUpdate');
  });

  it('ends at the integrity limit and at the seal limit', () => {
    const [a, b] = pair(SUITES[0], { forgedPacketsMax: 3, sealedPacketsMax: 4 });
    for (let forged = 0; forged < 3; forged++) {
      expect(b.keys.mustClose).toBeUndefined();
      const packet = a.seal();
      packet.bytes[20] ^= 1;
      expect(b.open(packet).status).toBe(STATUS_FORGED);
    }
    expect(b.protection.counts[KEY_COUNTS * (b.keys.openKey & 3) + KEY_COUNT_FORGED]).toBe(3);
    expect(b.keys.mustClose).toBe('integrityLimit');
    a.seal();
    expect(a.keys.mustClose).toBe('sealLimit');
  });

  it('closes: keys are stale, secrets are wiped, nothing more may happen', () => {
    const sendSecret = new Uint8Array(32).fill(1);
    const receiveSecret = new Uint8Array(32).fill(2);
    const protection = openNodeProtection({ maxSlots: 2 });
    const options = { protection, primitives, suite: SUITES[0], sendSecret, receiveSecret };
    const keys = KeySchedule.install(options)!;
    expect(receiveSecret).toEqual(new Uint8Array(32));
    const full = { ...options, sendSecret: sendSecret.slice(), receiveSecret: sendSecret.slice() };
    expect(KeySchedule.install(full)).toBeUndefined();
    expect(full.sendSecret).toEqual(new Uint8Array(32));
    keys.close();
    keys.close();
    expect(sendSecret).toEqual(new Uint8Array(32));
    expect(keys.mayUpdate).toBe(false);
    const batch = new PacketBatch(64, 1);
    batch.rows[LENGTH] = 40;
    batch.rows[KEY] = keys.sealKey;
    expect(protection.seal(batch, 0, 1)).toBe(0);
    expect(batch.rows[STATUS]).toBe(STATUS_NO_KEY);
  });
});

/** Computed with another program (Python's hmac). */
const GOLDEN = [
  '5db4a91b7489e46fd9c1623c9dfb35bb89e602514ae4fb077603f0d7d72adca2',
  'f9089b5e3beedd6c0a6f47b8',
  'b109633b7ae11b14222e2a035a6cb97378664eea6eb5f300f2160c53eb3ab251',
  '7e311aa3dbf520310cbe1d7d2ec6f9b4bcb344e313f6dbf50c3bdf6986dbaf43',
];

describe('a key log', () => {
  it('is lent the secret of each phase when its key is installed, and keeps nothing of ours', () => {
    const logged: string[] = [];
    const lent: Uint8Array[] = [];
    const onSecret = (direction: string, phase: number, secret: Uint8Array): void => {
      logged.push(`${direction} ${phase} ${hex(secret)}`);
      lent.push(secret);
    };
    const [a, b] = [new End(1, 2, SUITES[0], { onSecret }), new End(2, 1, SUITES[0])];
    const chain = (seed: number, phases: number): string[] => {
      let secret = new Uint8Array(32).fill(seed);
      return Array.from({ length: phases }, () => {
        const now = hex(secret);
        secret = nextSecret(primitives, secret) as typeof secret;
        return now;
      });
    };
    for (let update = 1; update <= 2; update++) {
      roundTrip(a, b);
      roundTrip(b, a);
      expect(a.keys.update(a.nextNumber)).toBe(true);
      roundTrip(a, b);
      roundTrip(b, a);
      for (const end of [a, b]) {
        end.nowUs += 3 * PTO_US;
        end.keys.onTimer(end.nowUs);
      }
    }
    const sent = chain(1, 3).map((secret, phase) => `send ${phase} ${secret}`);
    const received = chain(2, 4).map((secret, phase) => `receive ${phase} ${secret}`);
    expect(logged.toSorted()).toEqual([...sent, ...received].toSorted());
    a.keys.close();
    expect(lent.map(hex)).toEqual(lent.map(() => '00'.repeat(32)));
  });
});

describe('golden values', () => {
  it('of the labels', () => {
    const secret = Uint8Array.from({ length: 32 }, (_, index) => index);
    const { key, iv } = phaseKey(primitives, secret, SUITES[0]);
    const wide = phaseKey(primitives, secret, SUITES[2]);
    expect(hex(wide.key).startsWith(hex(key))).toBe(true);
    expect([
      hex(wide.key),
      hex(iv),
      hex(headerKey(primitives, secret, SUITES[1])),
      hex(nextSecret(primitives, secret)),
    ]).toEqual(GOLDEN);
  });
});
