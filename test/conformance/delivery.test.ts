/**
 * Whatever is sent, in whichever way, arrives exactly once and in order, byte by byte.
 */

import { describe, expect, it } from 'vitest';
import { burstOf, FENCE_BYTES } from './support/collector.js';
import { exchange, openPair, type Pair } from './support/exchange.js';
import { firstDifference, payloadOf, payloads } from './support/payloads.js';
import { sendSegments, sendWays } from './support/senders.js';
import { variants } from './support/variants.js';

const COUNTS = [0, 1, 20, 21, 45, 64, 65, 1024, 1025, 5000];

describe.each(variants)('delivery: $name', (variant) => {
  describe.each(sendWays)('$name', (way) => {
    it.each(COUNTS)('delivers %i datagrams exactly once and in order', async (count) => {
      const pair = await openPair(variant);
      const all = payloads(0, count, 100);
      await exchange(pair, all, way);
      expect(firstDifference(pair.inbox.payloads, all)).toBeUndefined();
      expect(pair.receiver.stats().kernelDrops).toBe(0);
    });
  });

  it.each(sendWays.filter((way) => way !== sendSegments))(
    'delivers mixed sizes by $name',
    async (way) => {
      const pair = await openPair(variant);
      // Runs of equal sizes, a shorter one behind a run, a longer one behind a shorter one, and empty ones.
      const sizes = [700, 700, 700, 300, 700, 0, 0, 1, 1, 1, 1472, 1472, 20, 1472, 9000, 0, 700];
      const all = payloads(0, 340, (number) => sizes[number % sizes.length]);
      await exchange(pair, all, way);
      expect(firstDifference(pair.inbox.payloads, all)).toBeUndefined();
    },
  );

  it.each([1, 500, 1200, 1400, 1472, 9000, 65507])(
    'cuts a buffer into segments of %i bytes, the last one shorter',
    async (size) => {
      const pair = await openPair(variant);
      const count = size > 10_000 ? 4 : 131;
      const all = payloads(0, count, size);
      const tail = Math.floor(size / 2);
      if (tail > 0) all.push(payloadOf(count, tail));
      const bytes = Buffer.concat(all);
      const { sender, receiver, inbox, to } = pair;
      // Not more at once than the receiver's buffer holds.
      const burst = burstOf(receiver, size);
      for (let from = 0; from < all.length; from += burst) {
        const upTo = Math.min(all.length, from + burst);
        const part = bytes.subarray(from * size, upTo * size);
        expect(sender.sendSegments(part, size, to)).toBe(upTo - from);
        await inbox.count(upTo);
      }
      await inbox.fence(sender, to);
      expect(firstDifference(inbox.payloads, all)).toBeUndefined();
    },
  );

  it.each(sendWays.filter((way) => way !== sendSegments))(
    'delivers empty datagrams by $name',
    async (way) => {
      const pair = await openPair(variant);
      const all = payloads(0, 70, 0);
      await exchange(pair, all, way);
      expect(pair.inbox.payloads.map(({ length }) => length)).toEqual(all.map(() => 0));
      expect(pair.receiver.stats().bytesReceived).toBe(FENCE_BYTES);
    },
  );

  it.each(sendWays)('delivers the largest datagrams, 65,507 bytes, by $name', async (way) => {
    const pair = await openPair(variant);
    const all = payloads(0, 5, 65507);
    await exchange(pair, all, way);
    expect(firstDifference(pair.inbox.payloads, all)).toBeUndefined();
  });

  it('sends every kind of view and buffer', async () => {
    const pair = await openPair(variant);
    const { sender, inbox, to } = pair;
    const bytes = payloadOf(7, 64);
    const shared = new Uint8Array(new SharedArrayBuffer(64));
    shared.set(bytes);
    const kinds = [
      bytes,
      Buffer.from(bytes),
      new DataView(bytes.buffer, 8, 16),
      new Uint16Array(bytes.buffer, 16, 8),
      new Float64Array(bytes.buffer, 8, 2),
      bytes.buffer,
      shared,
      shared.buffer,
    ];
    expect(sender.sendBatch(kinds, to)).toBe(kinds.length);
    for (const kind of kinds) expect(sender.send(kind, to)).toBe(1);
    for (const kind of kinds) expect(sender.sendSegments(kind, 65507, to)).toBe(1);
    await inbox.fence(sender, to);
    const once = [bytes, bytes, bytes.subarray(8, 24), bytes.subarray(16, 32)];
    once.push(bytes.subarray(8, 24), bytes, bytes, bytes);
    expect(firstDifference(inbox.payloads, [...once, ...once, ...once])).toBeUndefined();
  });

  it('delivers to many destinations what each was sent', async () => {
    const pairs: Pair[] = [];
    for (let index = 0; index < 16; index++) pairs.push(await openPair(variant));
    const { sender } = pairs[0];
    const all = payloads(0, 800, (number) => 40 + (number % 3));
    const to = all.map((_, index) => pairs[(index * 7) % pairs.length].to);
    expect(sender.sendBatch(all, to)).toBe(all.length);
    for (const { inbox, to: address } of pairs) {
      await inbox.fence(sender, address);
      const expected = all.filter((_, index) => to[index] === address);
      expect(firstDifference(inbox.payloads, expected)).toBeUndefined();
    }
  });
});
