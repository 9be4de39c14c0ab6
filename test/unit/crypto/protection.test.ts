/**
 * What lib/core/ports.ts promises of a Protection, for every provider: statuses, columns, limits, key life.
 */

import { describe, expect, it } from 'vitest';
import {
  KEY_COUNT_FORGED,
  KEY_COUNT_LARGEST,
  KEY_COUNT_OPENED,
  KEY_COUNT_SEALED,
  KEY_COUNTS,
  KEY_SLOT_BITS,
  LENGTH,
  OFFSET,
  REPLAY_WINDOW,
  ROW_SHIFT,
  STATUS,
  STATUS_FORGED,
  STATUS_KEY_EXHAUSTED,
  STATUS_NO_KEY,
  STATUS_REPLAYED,
  STATUS_TOO_OLD,
  STATUS_TOO_SHORT,
} from '../../../lib/batch/layout.js';
import type { Protection, TrafficKey } from '../../../lib/core/ports.js';
import {
  AEADS,
  batchToOpen,
  batchToSeal,
  bytesOf,
  CONNECTION_ID,
  filled,
  guardsHold,
  OVERHEAD,
  payloadOf,
  resultOf,
  statusesOf,
  trafficKey,
} from './packets.js';
import { providers } from './providers.js';
import { sealReference } from './reference-packet.js';

const SIZES = [0, 1, 2, 3, 15, 16, 17, 31, 64, 255, 1200, 1371, 9000];

function countsOf(protection: Protection, id: number): number[] {
  const at = (id & ((1 << KEY_SLOT_BITS) - 1)) * KEY_COUNTS;
  return [...protection.counts.subarray(at, at + KEY_COUNTS)];
}

/** Seals one packet each and returns their bytes. */
function sealed(protection: Protection, id: number, numbers: readonly number[]): Uint8Array[] {
  const batch = batchToSeal(
    numbers.map((number) => ({ key: id, number, payload: filled(40, number) })),
  );
  expect(protection.seal(batch, 0, batch.length)).toBe(numbers.length);
  return numbers.map((_, index) => bytesOf(batch, index));
}

/** Opens packets in one batch; returns the statuses. */
function opened(protection: Protection, id: number, packets: readonly Uint8Array[]): number[] {
  const batch = batchToOpen(packets.map((packet) => ({ key: id, packet })));
  protection.open(batch, 0, batch.length);
  expect(guardsHold(batch)).toBe(true);
  return statusesOf(batch);
}

describe.each(providers)('$name', ({ engine, open }) => {
  function pair(aead: (typeof AEADS)[number] = 'aes-128-gcm') {
    const protection = open();
    const sealId = protection.installKey(trafficKey(aead, 'seal'));
    const openId = protection.installKey(trafficKey(aead, 'open'));
    return { protection, sealId, openId };
  }

  it('has its name and says what does the work', () => {
    const protection = open();
    expect(protection.name).toBe(engine);
    expect(protection.kernel).not.toBe('');
  });

  it.each(AEADS)('%s: seals what the document says, and opens it again', (aead) => {
    const { protection, sealId, openId } = pair(aead);
    const payloads = SIZES.map((size) => filled(size, size));
    const batch = batchToSeal(
      payloads.map((payload, index) => ({ key: sealId, number: 3 * index, payload })),
    );
    expect(protection.seal(batch, 0, batch.length)).toBe(SIZES.length);
    expect(guardsHold(batch)).toBe(true);
    const secrets = trafficKey(aead, 'seal');
    const packets = payloads.map((payload, index) => {
      const wanted = sealReference(secrets, CONNECTION_ID, BigInt(3 * index), 0, payload).packet;
      expect(Buffer.from(bytesOf(batch, index)).equals(wanted)).toBe(true);
      return wanted;
    });
    const back = batchToOpen(packets.map((packet) => ({ key: openId, packet })));
    expect(protection.open(back, 0, back.length)).toBe(SIZES.length);
    expect(guardsHold(back)).toBe(true);
    payloads.forEach((payload, index) => {
      expect(Buffer.from(payloadOf(back, index)).equals(payload)).toBe(true);
      expect(bytesOf(back, index)[0]).toBe(0x40);
      expect(resultOf(back, index)).toEqual({
        status: 0,
        flags: 0,
        headerLength: 13,
        plaintextLength: payload.length,
        number: 3 * index,
      });
    });
    const last = 3 * (SIZES.length - 1);
    expect(countsOf(protection, sealId)[KEY_COUNT_SEALED]).toBe(SIZES.length);
    expect(countsOf(protection, sealId)[KEY_COUNT_LARGEST]).toBe(last);
    expect(countsOf(protection, openId)).toEqual([0, SIZES.length, 0, last]);
  });

  it.each(AEADS)('%s: seals and opens the largest datagram', (aead) => {
    const { protection, sealId, openId } = pair(aead);
    const payload = filled(65_527 - OVERHEAD, 1);
    const batch = batchToSeal([{ key: sealId, number: 0, payload }]);
    expect(protection.seal(batch, 0, 1)).toBe(1);
    const back = batchToOpen([{ key: openId, packet: bytesOf(batch, 0) }]);
    expect(protection.open(back, 0, 1)).toBe(1);
    expect(Buffer.from(payloadOf(back, 0)).equals(payload)).toBe(true);
  });

  it('touches only the rows it is given, and none that has a status', () => {
    const { protection, sealId } = pair();
    const payload = filled(30, 1);
    const batch = batchToSeal([0, 1, 2, 3].map((number) => ({ key: sealId, number, payload })));
    batch.rows[(2 << ROW_SHIFT) + STATUS] = 5;
    const before = [0, 1, 2, 3].map((row) => bytesOf(batch, row));
    expect(protection.seal(batch, 1, 3)).toBe(1);
    expect(statusesOf(batch)).toEqual([0, 0, 5, 0]);
    const touched = [0, 1, 2, 3].map(
      (row) => !Buffer.from(bytesOf(batch, row)).equals(before[row]),
    );
    expect(touched).toEqual([false, true, false, false]);
    expect(protection.open(batch, 2, 2)).toBe(0);
  });

  it('interleaves keys of several suites in one batch', () => {
    const protection = open();
    const sealIds = AEADS.map((aead, i) => protection.installKey(trafficKey(aead, 'seal', i)));
    const openIds = AEADS.map((aead, i) => protection.installKey(trafficKey(aead, 'open', i)));
    const batch = batchToSeal(
      Array.from({ length: 200 }, (_, i) => ({
        key: sealIds[(i * 7) % 3],
        number: i,
        payload: filled(i, i),
      })),
    );
    expect(protection.seal(batch, 0, 200)).toBe(200);
    const back = batchToOpen(
      Array.from({ length: 200 }, (_, i) => ({
        key: openIds[(i * 7) % 3],
        packet: bytesOf(batch, i),
      })),
    );
    expect(protection.open(back, 0, 200)).toBe(200);
    for (let i = 0; i < 200; i++) expect(payloadOf(back, i)).toEqual(filled(i, i));
  });

  it('answers STATUS_NO_KEY for no key, a stale one, and one of the other direction', () => {
    const { protection, sealId, openId } = pair();
    const [packet] = sealed(protection, sealId, [0]);
    for (const id of [-1, 0, 1, sealId, openId + 1, 2 ** 31 - 1, -(2 ** 31)]) {
      expect(opened(protection, id, [packet])).toEqual([STATUS_NO_KEY]);
    }
    const batch = batchToSeal([{ key: openId, number: 0, payload: filled(3, 1) }]);
    const before = bytesOf(batch, 0);
    expect(protection.seal(batch, 0, 1)).toBe(0);
    expect(statusesOf(batch)).toEqual([STATUS_NO_KEY]);
    expect(bytesOf(batch, 0)).toEqual(before);
    protection.retireKey(openId);
    expect(opened(protection, openId, [packet])).toEqual([STATUS_NO_KEY]);
  });

  it('answers STATUS_TOO_SHORT below 29 bytes and for rows that leave the slab', () => {
    const { protection, sealId, openId } = pair();
    for (let length = 0; length < OVERHEAD; length++) {
      expect(opened(protection, openId, [filled(length, 1)])).toEqual([STATUS_TOO_SHORT]);
    }
    const wild = [
      [0, -1],
      [-1, 64],
      [0, 2 ** 31 - 1],
      [2 ** 31 - 1, 64],
      [2 ** 31 - 1, 2 ** 31 - 1],
      [-(2 ** 31), 64],
      [64, 64],
    ];
    for (const id of [sealId, openId]) {
      for (const [offset, length] of wild) {
        const batch = batchToSeal([{ key: id, number: 0, payload: filled(64, 1) }]);
        const before = batch.bytes.slice();
        batch.rows[OFFSET] = offset;
        batch.rows[LENGTH] = length;
        const done = id === sealId ? protection.seal(batch, 0, 1) : protection.open(batch, 0, 1);
        expect([done, statusesOf(batch)]).toEqual([0, [STATUS_TOO_SHORT]]);
        expect(Buffer.from(batch.bytes).equals(before)).toBe(true);
      }
    }
    expect(countsOf(protection, openId)).toEqual([0, 0, 0, -1]);
  });

  it('wipes a forged payload, leaves the header as it came, and counts', () => {
    const { protection, sealId, openId } = pair();
    const [packet] = sealed(protection, sealId, [7]);
    const forged = packet.slice();
    forged[20] ^= 1;
    const batch = batchToOpen([{ key: openId, packet: forged }]);
    expect(protection.open(batch, 0, 1)).toBe(0);
    expect(guardsHold(batch)).toBe(true);
    expect(resultOf(batch, 0)).toEqual({
      status: STATUS_FORGED,
      flags: 0,
      headerLength: 0,
      plaintextLength: 0,
      number: 0,
    });
    expect(bytesOf(batch, 0).slice(0, 13)).toEqual(packet.slice(0, 13));
    expect(
      bytesOf(batch, 0)
        .slice(13)
        .every((byte) => byte === 0),
    ).toBe(true);
    expect(countsOf(protection, openId)).toEqual([0, 0, 1, -1]);
    expect(opened(protection, openId, [packet])).toEqual([0]);
  });

  it('refuses replays and what is older than the window, and says their numbers', () => {
    const { protection, sealId, openId } = pair();
    const numbers = [0, 1, 2, REPLAY_WINDOW + 1, REPLAY_WINDOW + 2];
    const [zero, one, two, high, higher] = sealed(protection, sealId, numbers);
    expect(opened(protection, openId, [two, two, high])).toEqual([0, STATUS_REPLAYED, 0]);
    expect(opened(protection, openId, [two, zero, one])).toEqual([
      STATUS_REPLAYED,
      STATUS_TOO_OLD,
      0,
    ]);
    const batch = batchToOpen([{ key: openId, packet: zero }]);
    expect(protection.open(batch, 0, 1)).toBe(0);
    expect(resultOf(batch, 0)).toMatchObject({ number: 0, headerLength: 13, plaintextLength: 40 });
    expect(countsOf(protection, openId)).toEqual([0, 3, 0, REPLAY_WINDOW + 1]);
    expect(opened(protection, openId, [higher])).toEqual([0]);
  });

  it('seals rising numbers below 2^53 only', () => {
    const { protection, sealId } = pair();
    const payload = filled(5, 1);
    const refused = [-1, -0.5, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 2 ** 60];
    for (const number of refused) {
      const batch = batchToSeal([{ key: sealId, number, payload }]);
      const before = bytesOf(batch, 0);
      expect(protection.seal(batch, 0, 1)).toBe(0);
      expect(statusesOf(batch)).toEqual([STATUS_KEY_EXHAUSTED]);
      expect(bytesOf(batch, 0)).toEqual(before);
    }
    const numbers = [5, 5, 4, 6, 6.5, 7, 2 ** 53 - 1, 2 ** 53 - 1];
    const batch = batchToSeal(numbers.map((number) => ({ key: sealId, number, payload })));
    expect(protection.seal(batch, 0, batch.length)).toBe(4);
    const no = STATUS_KEY_EXHAUSTED;
    expect(statusesOf(batch)).toEqual([0, no, no, 0, no, 0, 0, no]);
    expect(countsOf(protection, sealId)[KEY_COUNT_SEALED]).toBe(4);
    expect(countsOf(protection, sealId)[KEY_COUNT_LARGEST]).toBe(2 ** 53 - 1);
  });

  it('stops a key at its limit, and an update starts the count anew', () => {
    const protection = open({ sealLimit: 3 });
    const id = protection.installKey(trafficKey('aes-128-gcm', 'seal'));
    const sealFive = (from: number) => {
      const rows = [0, 1, 2, 3, 4].map((i) => ({
        key: id,
        number: from + i,
        payload: filled(9, i),
      }));
      const batch = batchToSeal(rows);
      protection.seal(batch, 0, 5);
      return statusesOf(batch);
    };
    const no = STATUS_KEY_EXHAUSTED;
    expect(sealFive(0)).toEqual([0, 0, 0, no, no]);
    expect(sealFive(10)).toEqual([no, no, no, no, no]);
    protection.updateKey(id, filled(16, 5), filled(12, 6));
    expect(sealFive(3)).toEqual([0, 0, 0, no, no]);
    expect(countsOf(protection, id)).toEqual([3, 0, 0, 5]);
  });

  it('answers -1 when every slot is taken, and goes on when one is free', () => {
    const protection = open({ maxSlots: 2 });
    const key = trafficKey('aes-256-gcm', 'seal');
    const [first, second] = [protection.installKey(key), protection.installKey(key)];
    expect(protection.installKey(key)).toBe(-1);
    protection.retireKey(first);
    const third = protection.installKey(key);
    expect(third).toBeGreaterThan(0);
    expect(third).not.toBe(first);
    sealed(protection, second, [0]);
    sealed(protection, third, [0]);
  });

  it.each(AEADS)('%s: updates keys in either direction', (aead) => {
    const { protection, sealId, openId } = pair(aead);
    const next = trafficKey(aead, 'seal', 0, 1);
    const [zero, one, two] = sealed(protection, sealId, [0, 1, 2]);
    expect(opened(protection, openId, [zero])).toEqual([0]);

    expect(protection.updateKey(sealId, next.key, next.iv)).toBe(true);
    expect(countsOf(protection, sealId)[KEY_COUNT_SEALED]).toBe(0);
    expect(countsOf(protection, sealId)[KEY_COUNT_LARGEST]).toBe(2);
    const [three, four, five] = sealed(protection, sealId, [3, 4, 5]);
    const wanted = sealReference(next, CONNECTION_ID, 3n, 1, filled(40, 3)).packet;
    expect(Buffer.from(three).equals(wanted)).toBe(true);

    // Nobody has told the opening side: the other phase has no key.
    expect(opened(protection, openId, [three])).toEqual([STATUS_FORGED]);
    expect(protection.updateKey(openId, next.key, next.iv)).toBe(true);
    expect(protection.updateKey(openId, next.key, next.iv)).toBe(false);
    const batch = batchToOpen([one, four, two, three].map((packet) => ({ key: openId, packet })));
    expect(protection.open(batch, 0, 4)).toBe(4);
    expect([0, 1, 2, 3].map((row) => resultOf(batch, row).flags)).toEqual([0, 16, 32, 0]);
    expect(bytesOf(batch, 1)[0]).toBe(0x44);

    expect(protection.updateKey(openId, next.key, next.iv)).toBe(false);
    protection.retirePrevious(openId);
    expect(opened(protection, openId, [two])).toEqual([STATUS_FORGED]);
    expect(opened(protection, openId, [five])).toEqual([0]);
    expect(countsOf(protection, openId)).toEqual([0, 6, 2, 5]);

    const third = trafficKey(aead, 'seal', 0, 2);
    expect(protection.updateKey(openId, third.key, third.iv)).toBe(true);
    expect(protection.updateKey(sealId, third.key, third.iv)).toBe(true);
    const [six] = sealed(protection, sealId, [6]);
    expect(
      Buffer.from(six).equals(sealReference(third, CONNECTION_ID, 6n, 0, filled(40, 6)).packet),
    ).toBe(true);
    expect(opened(protection, openId, [six])).toEqual([0]);
  });

  it('is not moved to the next phase by a forgery or a replay', () => {
    const { protection, sealId, openId } = pair();
    const next = trafficKey('aes-128-gcm', 'seal', 0, 1);
    const [zero] = sealed(protection, sealId, [0]);
    protection.updateKey(openId, next.key, next.iv);
    expect(opened(protection, openId, [zero])).toEqual([0]);
    const replay = sealReference(next, CONNECTION_ID, 0n, 1, filled(9, 1)).packet;
    const real = sealReference(next, CONNECTION_ID, 1n, 1, filled(9, 2)).packet;
    const forged = Uint8Array.from(real);
    forged[forged.length - 1] ^= 0x80;
    const batch = batchToOpen([forged, replay, real].map((packet) => ({ key: openId, packet })));
    expect(protection.open(batch, 0, 3)).toBe(1);
    expect(statusesOf(batch)).toEqual([STATUS_FORGED, STATUS_REPLAYED, 0]);
    expect([0, 1, 2].map((row) => resultOf(batch, row).flags)).toEqual([0, 0, 16]);
  });

  it('keeps ECN flags and drops stale flags of its own', () => {
    const { protection, sealId, openId } = pair();
    const [packet] = sealed(protection, sealId, [0]);
    const batch = batchToOpen([{ key: openId, packet }]);
    batch.rows[2] = 1 | 8 | 16 | 32;
    expect(protection.open(batch, 0, 1)).toBe(1);
    expect(batch.rows[2]).toBe(1 | 8);
  });

  it('gives slots out again with another generation, and starts their counters anew', () => {
    const protection = open();
    const seen = new Set<number>();
    for (let i = 0; i < 300; i++) {
      const id = protection.installKey(trafficKey('aes-128-gcm', 'seal', i));
      expect(id).toBeGreaterThan(0);
      expect(seen.has(id)).toBe(false);
      seen.add(id);
      expect(countsOf(protection, id)).toEqual([0, 0, 0, -1]);
      sealed(protection, id, [4]);
      expect(countsOf(protection, id)).toEqual([1, 0, 0, 4]);
      protection.retireKey(id);
    }
    const [first] = seen;
    protection.retireKey(first);
    protection.retirePrevious(first);
    expect(protection.updateKey(first, filled(16, 1), filled(12, 1))).toBe(false);
  });

  it('throws a TypeError with a code for wrong keys, and tells no byte of them', () => {
    const protection = open();
    const good = trafficKey('aes-256-gcm', 'seal');
    const wrong: readonly Partial<Record<keyof TrafficKey, unknown>>[] = [
      { key: filled(16, 1) },
      { key: filled(33, 1) },
      { key: [...filled(32, 1)] },
      { iv: filled(11, 1) },
      { iv: filled(16, 1) },
      { iv: undefined },
      { headerKey: filled(16, 1) },
      { headerKey: new Uint8Array() },
      { aead: 'aes-192-gcm' },
      { aead: 'toString' },
      { direction: 'both' },
    ];
    const failure = expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_KEY' });
    for (const part of wrong) {
      const key = { ...good, ...part } as TrafficKey;
      expect(() => protection.installKey(key)).toThrow(failure);
    }
    const id = protection.installKey(good);
    expect(() => protection.updateKey(id, filled(16, 1), good.iv)).toThrow(failure);
    expect(() => protection.updateKey(id, good.key, filled(13, 1))).toThrow(failure);
  });

  it('copies keys: the caller may wipe its own at once', () => {
    const protection = open();
    const key = trafficKey('chacha20-poly1305', 'seal');
    const id = protection.installKey(key);
    const next = trafficKey('chacha20-poly1305', 'seal', 0, 1);
    const wipe = (...arrays: Uint8Array[]) => arrays.forEach((bytes) => void bytes.fill(0));
    wipe(key.key, key.iv, key.headerKey);
    const fresh = trafficKey('chacha20-poly1305', 'seal');
    const [packet] = sealed(protection, id, [1]);
    const wanted = sealReference(fresh, CONNECTION_ID, 1n, 0, filled(40, 1)).packet;
    expect(Buffer.from(packet).equals(wanted)).toBe(true);
    protection.updateKey(id, next.key, next.iv);
    wipe(next.key, next.iv);
    const again = { ...trafficKey('chacha20-poly1305', 'seal', 0, 1), headerKey: fresh.headerKey };
    const [second] = sealed(protection, id, [2]);
    const wantedSecond = sealReference(again, CONNECTION_ID, 2n, 1, filled(40, 2)).packet;
    expect(Buffer.from(second).equals(wantedSecond)).toBe(true);
  });

  it('counts forgeries over all keys of a slot', () => {
    const { protection, openId } = pair();
    const junk = Array.from({ length: 100 }, (_, i) => filled(29 + i, i));
    expect(opened(protection, openId, junk).every((status) => status === STATUS_FORGED)).toBe(true);
    expect(countsOf(protection, openId)[KEY_COUNT_FORGED]).toBe(100);
    expect(countsOf(protection, openId)[KEY_COUNT_OPENED]).toBe(0);
  });
});
