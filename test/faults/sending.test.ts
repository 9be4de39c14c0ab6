/**
 * What becomes of datagrams when a send fails in each of its ways: taken once, reported once, or still the caller's.
 */

import { describe, expect, it } from 'vitest';
import type { DatagramError, UdpSocket } from '../../lib/udp.js';
import { Collector } from '../conformance/support/collector.js';
import { firstDifference, payloadOf, payloads } from '../conformance/support/payloads.js';
import { drained } from '../conformance/support/sockets.js';
import { turns, until } from '../conformance/support/waiting.js';
import { type ErrnoName, type Fault, noFaults, openFaulty } from './faulty-socket.js';

const WRITABLE = 2;

function openPair(gso: boolean) {
  const faulty = openFaulty({ gso });
  const { socket: receiver } = openFaulty();
  const errors: DatagramError[] = [];
  let drains = 0;
  faulty.socket.on('datagramError', (error) => errors.push(error));
  faulty.socket.on('drain', () => drains++);
  return {
    ...faulty,
    inbox: new Collector(receiver),
    to: receiver.address,
    errors,
    drains: () => drains,
  };
}

/** Sends all of `list`, resuming at each drain; returns the counts of the calls. */
async function sendWhole(
  socket: UdpSocket,
  list: readonly Uint8Array[],
  to: UdpSocket['address'],
): Promise<number[]> {
  const taken: number[] = [];
  for (let sent = 0; sent < list.length; ) {
    const count = socket.sendBatch(list.slice(sent), to);
    taken.push(count);
    sent += count;
    if (sent < list.length) await drained(socket);
  }
  return taken;
}

const BATCH = payloads(0, 300, 50);

describe.skipIf(noFaults !== undefined)('a full socket buffer (EAGAIN)', () => {
  // Without trains 300 datagrams are several calls, with them one of five messages.
  const cases: readonly (readonly [string, boolean, readonly Fault[]])[] = [
    ['at the first call', false, [{ call: 'sendmmsg', answer: 'EAGAIN' }]],
    ['at the second call', false, [{ call: 'sendmmsg', answer: 'EAGAIN', skip: 1 }]],
    ['at the third call', false, [{ call: 'sendmmsg', answer: 'EAGAIN', skip: 2 }]],
    [
      'after one message',
      false,
      [
        { call: 'sendmmsg', answer: 1 },
        { call: 'sendmmsg', answer: 'EAGAIN' },
      ],
    ],
    [
      'after 37 messages',
      false,
      [
        { call: 'sendmmsg', answer: 37 },
        { call: 'sendmmsg', answer: 'EAGAIN' },
      ],
    ],
    ['at the first train', true, [{ call: 'sendmmsg', answer: 'EAGAIN' }]],
    [
      'after two trains',
      true,
      [
        { call: 'sendmmsg', answer: 2 },
        { call: 'sendmmsg', answer: 'EAGAIN' },
      ],
    ],
  ];

  it.each(cases)('%s: the exact count, one drain, and the rest', async (_name, gso, faults) => {
    const { socket, inbox, to, fail, errors, drains, watched } = openPair(gso);
    fail(...faults);
    const first = socket.sendBatch(BATCH, to);
    expect(first).toBeLessThan(300);
    expect(socket.stats()).toMatchObject({ datagramsSent: first, sendBlocked: 1 });
    expect(watched.at(-1)).toBe(WRITABLE);
    await drained(socket);
    expect(socket.sendBatch(BATCH.slice(first), to)).toBe(300 - first);
    await turns(5);
    expect(drains()).toBe(1);
    expect(watched.at(-1)).toBe(0);
    await inbox.fence(socket, to);
    expect(firstDifference(inbox.payloads, BATCH)).toBeUndefined();
    expect(errors).toEqual([]);
  });

  it('takes as many drains as it lasts', async () => {
    const { socket, inbox, to, fail, drains } = openPair(false);
    fail({ call: 'sendmmsg', answer: 'EAGAIN', times: 20 });
    const taken = await sendWhole(socket, BATCH, to);
    expect(taken).toEqual([...Array(20).fill(0), 300]);
    expect(drains()).toBe(20);
    await inbox.fence(socket, to);
    expect(firstDifference(inbox.payloads, BATCH)).toBeUndefined();
  });

  it('stops a single datagram, and a buffer of segments', async () => {
    const { socket, inbox, to, fail } = openPair(true);
    fail({ call: 'sendmsg', answer: 'EAGAIN' });
    expect(socket.send(BATCH[0], to)).toBe(0);
    await drained(socket);
    // A buffer of segments may be tried twice in one call: first without rows, then with them.
    fail({ call: 'sendmsg', answer: 'EAGAIN', times: 6 });
    const bytes = Buffer.concat(BATCH.slice(0, 20));
    const taken = [socket.sendSegments(bytes, 50, to)];
    while (taken.at(-1) === 0 && taken.length < 10) {
      await drained(socket);
      taken.push(socket.sendSegments(bytes, 50, to));
    }
    expect(taken.length).toBeGreaterThan(2);
    expect(taken.at(-1)).toBe(20);
    await inbox.fence(socket, to);
    expect(firstDifference(inbox.payloads, BATCH.slice(0, 20))).toBeUndefined();
  });

  it('in the middle of a buffer of segments keeps the count exact', async () => {
    const { socket, inbox, to, fail, errors } = openPair(true);
    const bytes = Buffer.concat(BATCH);
    fail({ call: 'sendmmsg', answer: 2 }, { call: 'sendmmsg', answer: 'EAGAIN', times: 5 });
    let sent = 0;
    let short = 0;
    while (sent < 300) {
      const taken = socket.sendSegments(bytes.subarray(sent * 50), 50, to);
      sent += taken;
      expect(socket.stats().datagramsSent).toBe(sent);
      if (sent === 300) break;
      short++;
      await drained(socket);
    }
    expect(short).toBeGreaterThan(0);
    await inbox.fence(socket, to);
    expect(firstDifference(inbox.payloads, BATCH)).toBeUndefined();
    expect(errors).toEqual([]);
  });

  it('leaves in a send batch what it did not take', async () => {
    const { socket, inbox, to, fail } = openPair(false);
    const out = socket.createSendBatch({ datagrams: 300 });
    for (const bytes of BATCH) out.reserve(50, to).set(bytes);
    fail({ call: 'sendmmsg', answer: 5 }, { call: 'sendmmsg', answer: 'EAGAIN' });
    expect(out.flush()).toBe(5);
    expect(out.length).toBe(295);
    await drained(socket);
    fail({ call: 'sendmmsg', answer: 200 }, { call: 'sendmmsg', answer: 'EAGAIN', skip: 3 });
    let sent = 5;
    while (out.length > 0) {
      const taken = out.flush();
      sent += taken;
      expect(out.length).toBe(300 - sent);
      if (out.length > 0) await drained(socket);
    }
    await inbox.fence(socket, to);
    expect(firstDifference(inbox.payloads, BATCH)).toBeUndefined();
  });

  it('ends with the socket', async () => {
    const { socket, to, fail, drains } = openPair(false);
    fail({ call: 'sendmmsg', answer: 'EAGAIN' });
    expect(socket.sendBatch(BATCH, to)).toBe(0);
    await socket.close();
    await turns(5);
    expect(drains()).toBe(0);
  });
});

describe.skipIf(noFaults !== undefined).each(['ENOBUFS', 'ENOMEM'] as const)(
  'a full device or memory (%s)',
  (code) => {
    it('is waited out by time, never by writability, and nothing is lost', async () => {
      const { socket, inbox, to, fail, drains, watched } = openPair(false);
      fail({ call: 'sendmmsg', answer: code, times: 5 });
      const taken = await sendWhole(socket, BATCH, to);
      expect(taken).toEqual([0, 0, 0, 0, 0, 300]);
      expect(drains()).toBe(5);
      // The socket is writable all the while: to watch for that would be to spin.
      expect(watched.filter((events) => (events & WRITABLE) !== 0)).toEqual([]);
      const { sendCalls, noBuffers, sendBlocked, errors } = socket.stats();
      expect({ noBuffers, sendBlocked, errors }).toEqual({
        noBuffers: 5,
        sendBlocked: 0,
        errors: { [code]: 5 },
      });
      // One call for each refusal, and those that carry 300 datagrams.
      expect(sendCalls).toBeLessThanOrEqual(5 + 10);
      await inbox.fence(socket, to);
      expect(firstDifference(inbox.payloads, BATCH)).toBeUndefined();
    });

    it('stops a single datagram too, and gives one drain for many tries', async () => {
      const { socket, inbox, to, fail, drains } = openPair(true);
      fail({ call: 'sendmsg', answer: code, times: 3 });
      for (let tries = 0; tries < 3; tries++) expect(socket.send(BATCH[0], to)).toBe(0);
      await drained(socket);
      await turns(5);
      expect(drains()).toBe(1);
      expect(socket.send(BATCH[0], to)).toBe(1);
      await inbox.count(1);
    });

    it('in the middle keeps the count exact', async () => {
      const { socket, inbox, to, fail } = openPair(false);
      fail({ call: 'sendmmsg', answer: 11 }, { call: 'sendmmsg', answer: code });
      expect(await sendWhole(socket, BATCH, to)).toEqual([11, 289]);
      await inbox.fence(socket, to);
      expect(firstDifference(inbox.payloads, BATCH)).toBeUndefined();
    });

    it('ends with the socket', async () => {
      const { socket, to, fail, drains } = openPair(false);
      fail({ call: 'sendmmsg', answer: code });
      expect(socket.sendBatch(BATCH, to)).toBe(0);
      await socket.close();
      await turns(5);
      expect(drains()).toBe(0);
    });
  },
);

/** Errors of one datagram, and how many calls in a row must fail for it: some are asked about twice. */
const OF_ONE: readonly (readonly [ErrnoName, number])[] = [
  ['EMSGSIZE', 1],
  ['EACCES', 1],
  ['EINVAL', 1],
  ['EIO', 1],
  ['EAFNOSUPPORT', 1],
  ['EPERM', 2],
  ['ECONNREFUSED', 2],
  ['ENETUNREACH', 2],
  ['EHOSTUNREACH', 2],
  ['ENETDOWN', 2],
];

describe.skipIf(noFaults !== undefined).each(OF_ONE)(
  'an error of one datagram (%s)',
  (code, times) => {
    it.each([0, 1, 5, 29])('at place %i is reported, and the others go', async (place) => {
      const { socket, inbox, to, fail, errors } = openPair(false);
      const all = BATCH.slice(0, 30);
      if (place === 29) {
        // The last one goes alone, by the other call.
        fail({ call: 'sendmmsg', answer: 29 }, { call: 'sendmsg', answer: code, times });
      } else {
        if (place > 0) fail({ call: 'sendmmsg', answer: place });
        fail(
          { call: 'sendmmsg', answer: code },
          { call: 'sendmsg', answer: code, times: times - 1 },
        );
        // sendmmsg's EPERM is first taken for a filter's: asked again, and then as any other.
        if (code === 'EPERM') fail({ call: 'sendmsg', answer: code });
      }
      expect(socket.sendBatch(all, to)).toBe(29);
      expect(errors).toMatchObject([{ index: place, code, remote: to }]);
      const { sendFailures, datagramsSent, errors: counted } = socket.stats();
      expect({ sendFailures, datagramsSent }).toEqual({ sendFailures: 1, datagramsSent: 29 });
      expect(counted).toEqual({ [code]: 1 });
      await inbox.fence(socket, to);
      const others = all.filter((_, index) => index !== place);
      expect(firstDifference(inbox.payloads, others)).toBeUndefined();
    });
  },
);

describe.skipIf(noFaults !== undefined)('errors that pass', () => {
  it.each(['EPERM', 'ECONNREFUSED', 'ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN'] as const)(
    '%s once is tried again, and nobody hears of it',
    async (code) => {
      const { socket, inbox, to, fail, errors } = openPair(true);
      for (const [number, bytes] of BATCH.slice(0, 20).entries()) {
        if (number % 4 === 1) fail({ call: 'sendmsg', answer: code });
        expect(socket.send(bytes, to)).toBe(1);
      }
      fail({ call: 'sendmmsg', answer: code });
      expect(socket.sendBatch(BATCH.slice(20), to)).toBe(280);
      await inbox.fence(socket, to);
      expect(firstDifference(inbox.payloads, BATCH)).toBeUndefined();
      expect(errors).toEqual([]);
      expect(socket.stats().sendFailures).toBe(0);
    },
  );

  it.each(['sendmmsg', 'sendmsg'] as const)('EINTR of %s is nothing', async (call) => {
    const { socket, inbox, to, fail, errors } = openPair(true);
    fail({ call, answer: 'EINTR', times: 40 });
    const sent = await sendWhole(socket, BATCH, to);
    expect(sent).toEqual([300]);
    expect(socket.send(payloadOf(300, 50), to)).toBe(1);
    await inbox.fence(socket, to);
    expect(firstDifference(inbox.payloads, payloads(0, 301, 50))).toBeUndefined();
    expect(errors).toEqual([]);
  });

  it('a storm of EINTR ends in a short count, not in a loop', async () => {
    const { socket, inbox, to, fail } = openPair(false);
    fail({ call: 'sendmmsg', answer: 'EINTR', times: 200 });
    const taken = await sendWhole(socket, BATCH, to);
    expect(taken[0]).toBe(0);
    expect(taken.length).toBeLessThan(10);
    await inbox.fence(socket, to);
    expect(firstDifference(inbox.payloads, BATCH)).toBeUndefined();
  });
});

describe.skipIf(noFaults !== undefined)('system calls that are missing', () => {
  it.each([
    ['ENOSYS', 1],
    ['EPERM', 3],
  ] as const)('sendmmsg refused with %s: one call for each datagram', async (answer, calls) => {
    const { socket, inbox, to, fail, errors } = openPair(false);
    fail({ call: 'sendmmsg', answer, times: calls });
    expect(await sendWhole(socket, BATCH, to)).toEqual([300]);
    // It is not asked for again: were it, its 100 failures would show.
    fail({ call: 'sendmmsg', answer: 'EIO', times: 100 });
    const before = socket.stats().sendCalls;
    expect(socket.sendBatch(BATCH, to)).toBe(300);
    expect(socket.stats().sendCalls - before).toBe(300);
    await inbox.fence(socket, to);
    expect(firstDifference(inbox.payloads, [...BATCH, ...BATCH])).toBeUndefined();
    expect(errors).toEqual([]);
  });

  it('sendmmsg that answers 0 does not end in a loop', async () => {
    const { socket, inbox, to, fail } = openPair(false);
    fail({ call: 'sendmmsg', answer: 0, times: 50 });
    expect(await sendWhole(socket, BATCH, to)).toEqual([300]);
    await inbox.fence(socket, to);
    expect(firstDifference(inbox.payloads, BATCH)).toBeUndefined();
  });

  it('short counts of sendmmsg are resumed in the same call', async () => {
    const { socket, inbox, to, fail, drains } = openPair(false);
    for (const answer of [1, 2, 3, 50, 1]) fail({ call: 'sendmmsg', answer });
    expect(socket.sendBatch(BATCH, to)).toBe(300);
    await inbox.fence(socket, to);
    expect(firstDifference(inbox.payloads, BATCH)).toBeUndefined();
    expect(drains()).toBe(0);
  });
});

describe.skipIf(noFaults !== undefined)('statistics', () => {
  it('count each error by its code', async () => {
    const { socket, to, fail, errors } = openPair(false);
    const codes: readonly ErrnoName[] = ['EMSGSIZE', 'EACCES', 'EMSGSIZE', 'EINVAL'];
    for (const answer of codes) {
      fail({ call: 'sendmsg', answer });
      expect(socket.send(BATCH[0], to)).toBe(0);
    }
    fail({ call: 'sendmsg', answer: 'ENOBUFS' });
    socket.send(BATCH[0], to);
    await until(
      () => errors.length === 4,
      () => `${errors.length} errors`,
    );
    expect(socket.stats()).toMatchObject({
      sendFailures: 4,
      noBuffers: 1,
      errors: { EMSGSIZE: 2, EACCES: 1, EINVAL: 1, ENOBUFS: 1 },
    });
  });
});
