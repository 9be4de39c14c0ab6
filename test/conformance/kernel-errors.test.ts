/**
 * What the real kernel refuses: each refusal belongs to one datagram, and the others do not notice.
 *
 * Errors that a healthy loopback never gives are in test/faults.
 */

import { describe, expect, it } from 'vitest';
import type { DatagramError, SocketAddress, UdpSocket } from '../../lib/udp.js';
import { Collector } from './support/collector.js';
import { openPair } from './support/exchange.js';
import { firstDifference, payloadOf, payloads } from './support/payloads.js';
import { drained, open } from './support/sockets.js';
import { nativeVariants, variants } from './support/variants.js';
import { turns, until } from './support/waiting.js';

const TOO_LARGE = new Uint8Array(65_508);
/** Broadcasts need SO_BROADCAST: refused before anything leaves the machine. */
const BROADCAST: SocketAddress = { address: '255.255.255.255', port: 9, family: 'IPv4' };

function errorsOf(socket: UdpSocket): DatagramError[] {
  const errors: DatagramError[] = [];
  socket.on('datagramError', (error) => errors.push(error));
  return errors;
}

/** A port of 127.0.0.1 that nobody listens at. */
async function closedPort(variant: (typeof variants)[number]): Promise<SocketAddress> {
  const socket = await open(variant);
  await socket.close();
  return socket.address;
}

describe.each(variants)('a datagram that is too large: $name', (variant) => {
  it('is reported, counted, and followed by drain', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const errors = errorsOf(sender);
    expect(sender.send(TOO_LARGE, to)).toBe(0);
    expect(errors).toEqual([{ index: 0, code: 'EMSGSIZE', errno: -90, remote: to }]);
    await drained(sender);
    expect(sender.send(payloadOf(1, 10), to)).toBe(1);
    expect(sender.stats()).toMatchObject({
      datagramsSent: 1,
      bytesSent: 10,
      sendFailures: 1,
      errors: { EMSGSIZE: 1 },
    });
    await inbox.fence(sender, to);
    expect(inbox.datagrams.length).toBe(1);
  });

  it.each([0, 1, 7, 13, 14])('fails alone at place %i of a batch', async (place) => {
    const { sender, inbox, to } = await openPair(variant);
    const errors = errorsOf(sender);
    const all = payloads(0, 15, 100);
    const good = all.filter((_, index) => index !== place);
    all[place] = TOO_LARGE;
    expect(sender.sendBatch(all, to)).toBe(14);
    expect(errors).toMatchObject([{ index: place, code: 'EMSGSIZE', remote: to }]);
    await inbox.fence(sender, to);
    expect(firstDifference(inbox.payloads, good)).toBeUndefined();
  });

  it('fails alone in a send batch, at its place in the flush', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const errors = errorsOf(sender);
    const out = sender.createSendBatch({ bytes: 300_000 });
    const fill = (sizes: readonly number[]): void => {
      for (const [number, size] of sizes.entries()) {
        out.reserve(size, to).set(payloadOf(number, size));
      }
    };
    fill([10, 65_508, 10]);
    expect(out.flush()).toBe(2);
    fill([65_527, 20]);
    expect(out.flush()).toBe(1);
    expect(out.length).toBe(0);
    expect(errors.map(({ index }) => index)).toEqual([1, 0]);
    await inbox.fence(sender, to);
    expect(inbox.payloads.map(({ length }) => length)).toEqual([10, 10, 20]);
  });

  it('is each of the segments of a buffer cut too coarsely', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const errors = errorsOf(sender);
    expect(sender.sendSegments(new Uint8Array(65_520 * 2 + 100), 65_520, to)).toBe(1);
    expect(errors.map(({ index, code }) => [index, code])).toEqual([
      [0, 'EMSGSIZE'],
      [1, 'EMSGSIZE'],
    ]);
    await inbox.fence(sender, to);
    expect(inbox.payloads.map(({ length }) => length)).toEqual([100]);
  });

  it('is only counted when nobody listens', async () => {
    const { sender, to } = await openPair(variant);
    expect(sender.sendBatch([TOO_LARGE, payloadOf(1, 1), TOO_LARGE], to)).toBe(1);
    expect(sender.stats()).toMatchObject({ sendFailures: 2, errors: { EMSGSIZE: 2 } });
  });

  it('may be answered by another send from the listener', async () => {
    const { sender, inbox, to } = await openPair(variant);
    sender.on('datagramError', ({ index }) => sender.send(payloadOf(index, 5), to));
    const all = [payloadOf(100, 50), TOO_LARGE, payloadOf(101, 50), TOO_LARGE];
    expect(sender.sendBatch(all, to)).toBe(2);
    await inbox.fence(sender, to);
    const expected = [all[0], all[2], payloadOf(1, 5), payloadOf(3, 5)];
    expect(firstDifference(inbox.payloads, expected)).toBeUndefined();
  });
});

describe.each(variants)('a destination that is refused: $name', (variant) => {
  it('costs the others of its batch nothing', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const errors = errorsOf(sender);
    const all = payloads(0, 40, 60);
    const refused = (index: number): boolean => index % 10 >= 7;
    const good = all.filter((_, index) => !refused(index));
    const addresses = all.map((_, index) => (refused(index) ? BROADCAST : to));
    const taken = sender.sendBatch(all, addresses);
    await until(
      () => errors.length === 12,
      () => `${errors.length} of 12 errors`,
    );
    for (const { code, errno, remote } of errors) {
      expect({ code, errno, remote }).toEqual({ code: 'EACCES', errno: -13, remote: BROADCAST });
    }
    if (variant.native) {
      expect(taken).toBe(28);
      expect(errors.map(({ index }) => index)).toEqual(
        all.map((_, index) => index).filter(refused),
      );
    } else {
      // node:dgram tells of them only after the call.
      expect(errors.every(({ index }) => index === -1)).toBe(true);
    }
    await inbox.fence(sender, to);
    expect(firstDifference(inbox.payloads, good)).toBeUndefined();
    expect(sender.stats()).toMatchObject({ errors: { EACCES: 12 }, sendFailures: 12 });
    // The 28 and the fence.
    expect(sender.stats().datagramsSent).toBe(29);
    expect(sender.stats().gsoFallbacks).toBe(0);
  });

  it('whose port is closed loses nothing that is sent to another', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const errors = errorsOf(sender);
    const nobody = await closedPort(variant);
    const all = payloads(0, 100, 80);
    for (let number = 0; number < 100; number++) {
      expect(sender.send(payloadOf(number, 10), nobody)).toBe(1);
      expect(sender.send(all[number], to)).toBe(1);
      // ICMP comes back at once on loopback; what it brings is pending for the next call.
      if (number % 10 === 0) await turns(1);
    }
    expect(sender.sendBatch(payloads(0, 20, 10), nobody)).toBe(20);
    await inbox.fence(sender, to);
    expect(firstDifference(inbox.payloads, all)).toBeUndefined();
    expect(errors).toEqual([]);
  });

  it('does not end a socket that receives', async () => {
    const socket = await open(variant);
    const inbox = new Collector(socket);
    const nobody = await closedPort(variant);
    for (let number = 0; number < 10; number++) socket.send(payloadOf(number, 10), nobody);
    await turns(5);
    await inbox.fence(socket, socket.address);
    expect(socket.send(payloadOf(1, 10), socket.address)).toBe(1);
    await inbox.count(1);
  });
});

describe.each(variants)('more than fits: $name', (variant) => {
  it('gives exact short counts, one drain each, and no loss nor double', async () => {
    const sender = await open(variant);
    // Several receivers, so that the buffer of none runs over.
    const receivers: UdpSocket[] = [];
    for (let index = 0; index < 10; index++) receivers.push(await open(variant));
    const inboxes = receivers.map((receiver) => new Collector(receiver));
    const all = payloads(0, 6000, 20);
    const addresses = all.map((_, index) => receivers[index % 10].address);
    let drains = 0;
    let short = 0;
    sender.on('drain', () => drains++);
    for (let sent = 0; sent < all.length; ) {
      const some = all.slice(sent, sent + 2000);
      const taken = sender.sendBatch(some, addresses.slice(sent, sent + 2000));
      sent += taken;
      expect(sender.stats().datagramsSent).toBe(sent);
      if (taken < some.length) {
        short++;
        await drained(sender);
      }
      const here = (): number => inboxes.reduce((sum, { datagrams }) => sum + datagrams.length, 0);
      await until(
        () => here() >= sent,
        () => `${here()} of ${sent} datagrams came`,
      );
    }
    for (const [index, inbox] of inboxes.entries()) {
      await inbox.fence(sender, receivers[index].address);
      const expected = all.filter((_, number) => number % 10 === index);
      expect(firstDifference(inbox.payloads, expected)).toBeUndefined();
    }
    // The dgram engine holds at most 1,024; loopback takes what the native one gives it.
    if (!variant.native) expect(short).toBeGreaterThan(0);
    expect(drains).toBe(short);
  });
});

describe.each(nativeVariants)('a train over a broadcast: $name', (variant) => {
  it('is refused datagram by datagram, and keeps its trains', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const errors = errorsOf(sender);
    // The same train again: a refusal of its destination says nothing of trains.
    for (let call = 0; call < 2; call++) {
      expect(sender.sendSegments(new Uint8Array(640), 10, BROADCAST)).toBe(0);
    }
    expect(errors.length).toBe(128);
    expect(sender.sendSegments(new Uint8Array(640), 10, to)).toBe(64);
    expect(sender.stats()).toMatchObject({ trainsSent: variant.gso ? 1 : 0, sendFailures: 128 });
    await inbox.count(64);
  });
});
