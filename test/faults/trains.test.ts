/**
 * A train that the kernel or the device refuses: its datagrams go out one by one, at once, once each and in order;
 * and its destination does without trains for a while.
 */

import { describe, expect, it } from 'vitest';
import type { DatagramError } from '../../lib/udp.js';
import { Collector } from '../conformance/support/collector.js';
import { firstDifference, payloads } from '../conformance/support/payloads.js';
import { noFaults, openFaulty } from './faulty-socket.js';

/** How long a refusal is remembered: kGsoDenialMs of native/udp/send.h. */
const DENIAL_MS = 120_000;
const TRAIN = payloads(0, 64, 100);

function openThree() {
  const faulty = openFaulty();
  const first = openFaulty();
  const second = openFaulty();
  const errors: DatagramError[] = [];
  faulty.socket.on('datagramError', (error) => errors.push(error));
  faulty.setNow(1_000_000);
  return {
    ...faulty,
    errors,
    to: first.socket.address,
    inbox: new Collector(first.socket),
    other: second.socket.address,
    otherInbox: new Collector(second.socket),
  };
}

describe.skipIf(noFaults !== undefined).each(['EIO', 'EINVAL'] as const)(
  'a train refused with %s',
  (answer) => {
    it('arrives, exactly once and in order', async () => {
      const { socket, inbox, to, fail, errors } = openThree();
      fail({ call: 'sendmsg', answer });
      expect(socket.sendBatch(TRAIN, to)).toBe(64);
      expect(socket.stats()).toMatchObject({
        datagramsSent: 64,
        bytesSent: 6400,
        trainsSent: 0,
        gsoFallbacks: 1,
        sendFailures: 0,
        // The train, and each of its datagrams.
        sendCalls: 65,
      });
      await inbox.fence(socket, to);
      expect(firstDifference(inbox.payloads, TRAIN)).toBeUndefined();
      expect(errors).toEqual([]);
    });

    it('costs its destination the trains, and no other, until it is forgotten', async () => {
      const { socket, inbox, otherInbox, to, other, fail, setNow } = openThree();
      const trains = (): number => socket.stats().trainsSent;
      expect(socket.sendBatch(TRAIN, other)).toBe(64);
      expect(trains()).toBe(1);
      fail({ call: 'sendmsg', answer });
      expect(socket.sendBatch(TRAIN, to)).toBe(64);
      expect(socket.sendBatch(TRAIN, to)).toBe(64);
      expect(socket.sendSegments(Buffer.concat(TRAIN), 100, to)).toBe(64);
      expect(trains()).toBe(1);
      expect(socket.sendBatch(TRAIN, other)).toBe(64);
      expect(trains()).toBe(2);
      setNow(1_000_000 + DENIAL_MS - 1);
      expect(socket.sendBatch(TRAIN, to)).toBe(64);
      expect(trains()).toBe(2);
      setNow(1_000_000 + DENIAL_MS);
      expect(socket.sendBatch(TRAIN, to)).toBe(64);
      expect(trains()).toBe(3);
      expect(socket.stats().gsoFallbacks).toBe(1);
      await inbox.fence(socket, to);
      await otherInbox.fence(socket, other);
      const five = [TRAIN, TRAIN, TRAIN, TRAIN, TRAIN].flat();
      expect(firstDifference(inbox.payloads, five)).toBeUndefined();
      expect(firstDifference(otherInbox.payloads, [...TRAIN, ...TRAIN])).toBeUndefined();
    });

    it.each([0, 1, 2, 3])('among others, as number %i of four', async (place) => {
      const { socket, inbox, otherInbox, to, other, fail, errors } = openThree();
      const all = payloads(0, 160, 80);
      const addresses = all.map((_, index) => (Math.floor(index / 40) % 2 === 0 ? to : other));
      if (place > 0) fail({ call: 'sendmmsg', answer: place });
      fail({ call: place === 3 ? 'sendmsg' : 'sendmmsg', answer });
      expect(socket.sendBatch(all, addresses)).toBe(160);
      const { trainsSent, gsoFallbacks, datagramsSent } = socket.stats();
      expect({ gsoFallbacks, datagramsSent }).toEqual({ gsoFallbacks: 1, datagramsSent: 160 });
      // Those before it, and those behind it to the other destination.
      expect(trainsSent).toBe([2, 2, 3, 3][place]);
      await inbox.fence(socket, to);
      await otherInbox.fence(socket, other);
      const sentTo = (address: typeof to) => all.filter((_, index) => addresses[index] === address);
      expect(firstDifference(inbox.payloads, sentTo(to))).toBeUndefined();
      expect(firstDifference(otherInbox.payloads, sentTo(other))).toBeUndefined();
      expect(errors).toEqual([]);
    });

    it('whose datagrams meet a full buffer gives an exact count', async () => {
      const { socket, inbox, to, fail } = openThree();
      fail({ call: 'sendmsg', answer }, { call: 'sendmsg', answer: 'EAGAIN', skip: 10 });
      const first = socket.sendBatch(TRAIN, to);
      expect(first).toBeGreaterThan(0);
      expect(first).toBeLessThan(64);
      expect(socket.stats().datagramsSent).toBe(first);
      expect(socket.sendBatch(TRAIN.slice(first), to)).toBe(64 - first);
      await inbox.fence(socket, to);
      expect(firstDifference(inbox.payloads, TRAIN)).toBeUndefined();
    });

    it('of a buffer of segments arrives, at whichever train it happens', async () => {
      const { socket, inbox, to, fail, errors } = openThree();
      const all = payloads(0, 300, 100);
      // Refused for good: a buffer of segments is tried twice before its datagrams go one by one.
      fail({ call: 'sendmmsg', answer: 3 }, { call: 'sendmmsg', answer, times: 2 });
      expect(socket.sendSegments(Buffer.concat(all), 100, to)).toBe(300);
      expect(socket.stats()).toMatchObject({
        datagramsSent: 300,
        trainsSent: 3,
        gsoFallbacks: 1,
        sendFailures: 0,
      });
      await inbox.fence(socket, to);
      expect(firstDifference(inbox.payloads, all)).toBeUndefined();
      expect(errors).toEqual([]);
    });

    it('from many buffers, of unequal length, arrives byte by byte', async () => {
      const { socket, inbox, to, fail } = openThree();
      const list = [...payloads(0, 20, 333), ...payloads(20, 21, 7), ...payloads(21, 40, 1200)];
      fail({ call: 'sendmmsg', answer });
      expect(socket.sendBatch(list, to)).toBe(40);
      await inbox.fence(socket, to);
      expect(firstDifference(inbox.payloads, list)).toBeUndefined();
    });
  },
);

describe.skipIf(noFaults !== undefined)('a train with something wrong of its own', () => {
  it('that is too large for its route loses what is too large, and keeps the trains', async () => {
    const { socket, inbox, to, fail, errors } = openThree();
    // The train, then its second and its last datagram.
    fail(
      { call: 'sendmsg', answer: 'EMSGSIZE' },
      { call: 'sendmsg', answer: 'EMSGSIZE', skip: 1 },
      { call: 'sendmsg', answer: 'EMSGSIZE', skip: 62 },
    );
    const taken = socket.sendBatch(TRAIN, to);
    expect(taken).toBe(64 - errors.length);
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.every(({ code }) => code === 'EMSGSIZE')).toBe(true);
    const lost = new Set(errors.map(({ index }) => index));
    await inbox.fence(socket, to);
    const expected = TRAIN.filter((_, index) => !lost.has(index));
    expect(firstDifference(inbox.payloads, expected)).toBeUndefined();
    const before = socket.stats().trainsSent;
    expect(socket.sendBatch(TRAIN, to)).toBe(64);
    expect(socket.stats().trainsSent).toBe(before + 1);
  });

  it('that is invalid in each of its datagrams says nothing of trains', async () => {
    const { socket, inbox, to, fail, errors } = openThree();
    fail({ call: 'sendmsg', answer: 'EINVAL', times: 65 });
    expect(socket.sendBatch(TRAIN, to)).toBe(0);
    expect(errors.map(({ index }) => index)).toEqual(TRAIN.map((_, index) => index));
    expect(socket.stats()).toMatchObject({ sendFailures: 64, errors: { EINVAL: 64 } });
    expect(socket.sendBatch(TRAIN, to)).toBe(64);
    expect(socket.stats().trainsSent).toBe(1);
    await inbox.fence(socket, to);
    expect(firstDifference(inbox.payloads, TRAIN)).toBeUndefined();
  });

  it('whose ECN mark is refused goes without it, and keeps the trains', async () => {
    const { socket, inbox, to, fail, errors } = openThree();
    // The train with its mark, then its first datagram with it.
    fail({ call: 'sendmsg', answer: 'EINVAL', times: 2 });
    expect(socket.sendBatch(TRAIN, to, { ecn: 1 })).toBe(64);
    expect(socket.sendBatch(TRAIN, to, { ecn: 1 })).toBe(64);
    expect(socket.stats().trainsSent).toBe(1);
    await inbox.fence(socket, to);
    expect(firstDifference(inbox.payloads, [...TRAIN, ...TRAIN])).toBeUndefined();
    expect(new Set(inbox.datagrams.map(({ ecn }) => ecn))).toEqual(new Set([0]));
    expect(errors).toEqual([]);
  });

  it('refused for everything (EPERM) is as many failures', async () => {
    const { socket, inbox, to, fail, errors } = openThree();
    fail({ call: 'sendmsg', answer: 'EPERM', times: 2 });
    expect(socket.sendBatch(TRAIN, to)).toBe(0);
    expect(errors.length).toBe(64);
    expect(socket.stats()).toMatchObject({ sendFailures: 64, gsoFallbacks: 0 });
    expect(socket.sendBatch(TRAIN, to)).toBe(64);
    await inbox.count(64);
  });
});
