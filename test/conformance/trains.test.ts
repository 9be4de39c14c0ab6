/**
 * Trains: when they form, when they do not, and that the counters tell the truth about it.
 *
 * What each datagram carries is tested in delivery.test.ts; the run rule itself, against a reference, in
 * native/test/trains_property_test.cc.
 */

import { describe, expect, it } from 'vitest';
import type { SocketAddress, UdpSocket, UdpStats } from '../../lib/udp.js';
import { Collector, FENCE_BYTES } from './support/collector.js';
import { openPair, type Pair } from './support/exchange.js';
import { payloadOf, payloads } from './support/payloads.js';
import { open } from './support/sockets.js';
import { nativeVariants, type Variant, variants } from './support/variants.js';

/** The ways that form trains by themselves, each sending `all` to one address. */
const WAYS: readonly (readonly [
  string,
  (socket: UdpSocket, all: readonly Uint8Array[], to: SocketAddress) => number,
])[] = [
  ['sendBatch', (socket, all, to) => socket.sendBatch(all, to)],
  ['sendSegments', (socket, all, to) => socket.sendSegments(Buffer.concat(all), all[0].length, to)],
  [
    'createSendBatch',
    (socket, all, to) => {
      const out = socket.createSendBatch();
      for (const bytes of all) out.reserve(bytes.length, to).set(bytes);
      return out.flush();
    },
  ],
];

async function sendOnce(pair: Pair, send: () => number): Promise<UdpStats> {
  send();
  const stats = pair.sender.stats();
  await pair.inbox.fence(pair.sender, pair.to);
  return stats;
}

describe.each(nativeVariants)('trains: $name', (variant) => {
  it.each(WAYS)('form by themselves with gso, and never without: %s', async (_name, send) => {
    const pair = await openPair(variant);
    const all = payloads(0, 130, 200);
    const stats = await sendOnce(pair, () => send(pair.sender, all, pair.to));
    expect(stats.datagramsSent).toBe(130);
    // 64, 64 and 2.
    expect(stats.trainsSent).toBe(variant.gso ? 3 : 0);
    expect(pair.receiver.stats().segmentsReceived).toBe(variant.gso && variant.gro ? 130 : 0);
    expect(pair.sender.engine.gso).toBe(variant.gso);
    expect(pair.receiver.engine.gro).toBe(variant.gro);
  });

  it('are never one datagram long', async () => {
    const pair = await openPair(variant);
    const { sender, to } = pair;
    const stats = await sendOnce(pair, () => {
      sender.send(payloadOf(1, 500), to);
      sender.sendSegments(payloadOf(2, 500), 500, to);
      sender.sendSegments(payloadOf(3, 499), 500, to);
      sender.sendBatch([payloadOf(4, 500)], to);
      // Each longer than the one before: nothing can follow anything.
      sender.sendBatch(
        payloads(5, 15, (number) => number * 10),
        to,
      );
      sender.sendBatch([new Uint8Array(0), new Uint8Array(0), payloadOf(1, 1)], to);
      return 0;
    });
    expect(stats.trainsSent).toBe(0);
    expect(stats.datagramsSent).toBe(17);
  });

  it('take one shorter datagram, and end there', async () => {
    const pair = await openPair(variant);
    const sizes = [500, 500, 300, 300, 300, 299, 299];
    const all = sizes.map((size, index) => payloadOf(index, size));
    const stats = await sendOnce(pair, () => pair.sender.sendBatch(all, pair.to));
    // 500 500 300 | 300 300 299 | 299
    expect(stats.trainsSent).toBe(variant.gso ? 2 : 0);
    expect(pair.inbox.payloads.map(({ length }) => length)).toEqual(sizes);
  });

  it('stay within 65,507 bytes', async () => {
    const pair = await openPair(variant);
    const all = payloads(0, 16, 9000);
    const stats = await sendOnce(pair, () => pair.sender.sendBatch(all, pair.to));
    // 7 times 9,000 fit.
    expect(stats.trainsSent).toBe(variant.gso ? 3 : 0);
    expect(pair.inbox.datagrams.length).toBe(16);
  });

  it('end where the destination changes', async () => {
    const first = await openPair(variant);
    const second = await open(variant);
    const inbox = new Collector(second);
    const all = payloads(0, 12, 100);
    const blocks = all.map((_, index) => (index < 6 ? first.to : second.address));
    const turns = all.map((_, index) => (index % 2 === 0 ? first.to : second.address));
    const { sender } = first;
    expect(sender.sendBatch(all, blocks)).toBe(12);
    expect(sender.stats().trainsSent).toBe(variant.gso ? 2 : 0);
    expect(sender.sendBatch(all, turns)).toBe(12);
    expect(sender.stats().trainsSent).toBe(variant.gso ? 2 : 0);
    await first.inbox.fence(sender, first.to);
    await inbox.fence(sender, second.address);
    expect(first.inbox.datagrams.length).toBe(12);
    expect(inbox.datagrams.length).toBe(12);
  });

  it('end where the ECN mark changes', async () => {
    const pair = await openPair(variant);
    const { sender, to } = pair;
    const marks = [0, 0, 1, 1, 1, 2, 3, 3, 0, 0] as const;
    const stats = await sendOnce(pair, () => {
      const out = sender.createSendBatch();
      for (const ecn of marks) out.reserve(100, to, { ecn }).fill(ecn);
      return out.flush();
    });
    expect(stats.trainsSent).toBe(variant.gso ? 4 : 0);
    expect(pair.inbox.datagrams.map(({ ecn }) => ecn)).toEqual(marks);
    expect(pair.inbox.payloads.map(([first]) => first)).toEqual(marks);
  });

  it('end where the source changes', async () => {
    const receiver = await open(variant, { address: '0.0.0.0' });
    const inbox = new Collector(receiver);
    const sender = await open(variant, { address: '0.0.0.0' });
    const to = { address: '127.0.0.1', port: receiver.address.port, family: 'IPv4' } as const;
    const sources = ['127.0.0.2', '127.0.0.2', '127.0.0.3', '127.0.0.3', '127.0.0.2'];
    const out = sender.createSendBatch();
    for (const address of sources) out.reserve(64, to, { from: { address, port: 9 } });
    expect(out.flush()).toBe(sources.length);
    expect(sender.stats().trainsSent).toBe(variant.gso ? 2 : 0);
    await inbox.fence(sender, to);
    expect(inbox.datagrams.map(({ remote }) => remote.address)).toEqual(sources);
    expect(new Set(inbox.datagrams.map(({ remote }) => remote.port))).toEqual(
      new Set([sender.address.port]),
    );
  });

  it('from different buffers are sent without being one buffer first', async () => {
    const pair = await openPair(variant);
    const all = payloads(0, 64, 333);
    expect(new Set(all.map(({ buffer }) => buffer)).size).toBe(64);
    const stats = await sendOnce(pair, () => pair.sender.sendBatch(all, pair.to));
    expect(stats.trainsSent).toBe(variant.gso ? 1 : 0);
    expect(stats.sendCalls).toBe(1);
  });
});

describe.each(nativeVariants.filter(({ gso, gro }) => gso && gro))(
  'system calls: $name',
  (variant) => {
    it('are at most 0.03 for each datagram in bulk, in both directions', async () => {
      const pair = await openPair(variant);
      const { sender, receiver, inbox, to } = pair;
      const bytes = new Uint8Array(1400 * 180);
      for (let call = 0; call < 45; call++) {
        expect(sender.sendSegments(bytes, 1400, to)).toBe(180);
        await inbox.count((call + 1) * 180);
      }
      const sent = sender.stats();
      const received = receiver.stats();
      expect(sent.datagramsSent).toBe(8100);
      expect(received.datagramsReceived).toBe(8100);
      expect(sent.sendCalls / sent.datagramsSent).toBeLessThanOrEqual(0.03);
      expect(received.receiveCalls / received.datagramsReceived).toBeLessThanOrEqual(0.03);
    });
  },
);

describe.each(variants)('counters: $name', (variant: Variant) => {
  it('agree with what was sent and received', async () => {
    const pair = await openPair(variant);
    const { sender, receiver, inbox, to } = pair;
    const all = payloads(0, 150, (number) => (number % 5) * 100);
    const size = all.reduce((sum, { length }) => sum + length, 0);
    expect(sender.sendBatch(all, to)).toBe(150);
    await inbox.fence(sender, to);
    const sent = sender.stats();
    const received = receiver.stats();
    expect(sent).toMatchObject({
      datagramsSent: 151,
      bytesSent: size + FENCE_BYTES,
      sendFailures: 0,
      gsoFallbacks: 0,
      sendBlocked: 0,
      noBuffers: 0,
      datagramsReceived: 0,
      errors: {},
    });
    expect(received).toMatchObject({
      datagramsReceived: 151,
      bytesReceived: size + FENCE_BYTES,
      datagramsSent: 0,
      kernelDrops: 0,
      truncated: 0,
      controlTruncated: 0,
      receiveErrors: 0,
      peerEvictions: 0,
      peerOverflows: 0,
      errors: {},
    });
    expect(sent.sendCalls).toBeGreaterThan(0);
    expect(received.receiveCalls).toBeGreaterThan(0);
  });

  it('are a snapshot', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const before = sender.stats();
    sender.send(payloadOf(1, 10), to);
    await inbox.count(1);
    expect(before.datagramsSent).toBe(0);
    expect(sender.stats().datagramsSent).toBe(1);
  });
});
