/**
 * Receive calls that fail: none of them ends the socket, and what comes after arrives.
 */

import { describe, expect, it } from 'vitest';
import { Collector } from '../conformance/support/collector.js';
import { firstDifference, payloadOf, payloads } from '../conformance/support/payloads.js';
import { type ErrnoName, type FaultyOptions, noFaults, openFaulty } from './faulty-socket.js';

function openPair(options: FaultyOptions = {}) {
  const faulty = openFaulty(options);
  const { socket: sender } = openFaulty();
  return { ...faulty, sender, to: faulty.socket.address, inbox: new Collector(faulty.socket) };
}

const PENDING: readonly ErrnoName[] = [
  'ECONNREFUSED',
  'EMSGSIZE',
  'ENETDOWN',
  'EHOSTUNREACH',
  'EIO',
  'ENOMEM',
];

describe.skipIf(noFaults !== undefined)('receiving', () => {
  it.each(PENDING)('goes on after %s, once and many times', async (answer) => {
    const { socket, sender, inbox, to, fail } = openPair();
    const all = payloads(0, 80, 40);
    fail({ call: 'recvmmsg', answer });
    sender.sendBatch(all.slice(0, 40), to);
    await inbox.count(40);
    fail({ call: 'recvmmsg', answer, times: 50 });
    sender.sendBatch(all.slice(40), to);
    await inbox.count(80);
    expect(firstDifference(inbox.payloads, all)).toBeUndefined();
    expect(socket.stats()).toMatchObject({ receiveErrors: 51, errors: { [answer]: 51 } });
  });

  it('does not notice EINTR', async () => {
    const { socket, sender, inbox, to, fail } = openPair();
    fail({ call: 'recvmmsg', answer: 'EINTR', times: 100 });
    const all = payloads(0, 40, 40);
    sender.sendBatch(all, to);
    await inbox.count(40);
    expect(firstDifference(inbox.payloads, all)).toBeUndefined();
    expect(socket.stats()).toMatchObject({ receiveErrors: 0, errors: {} });
  });

  it('waits for the next datagram after EAGAIN', async () => {
    const { socket, sender, inbox, to, fail } = openPair();
    fail({ call: 'recvmmsg', answer: 'EAGAIN', times: 5 });
    sender.send(payloadOf(1, 10), to);
    await inbox.count(1);
    expect(socket.stats().receiveErrors).toBe(0);
  });

  it.each([
    ['ENOSYS', true],
    ['ENOSYS', false],
    ['EPERM', true],
    ['EPERM', false],
  ] as const)('does without recvmmsg: %s, gro %s', async (answer, gro) => {
    const { socket, sender, inbox, to, fail } = openPair({ gro });
    fail({ call: 'recvmmsg', answer });
    const all = payloads(0, 300, 60);
    for (let from = 0; from < 300; from += 100) {
      sender.sendBatch(all.slice(from, from + 100), to);
      await inbox.count(from + 100);
    }
    expect(firstDifference(inbox.payloads, all)).toBeUndefined();
    // It is not asked for again.
    fail({ call: 'recvmmsg', answer: 'EIO', times: 1000 });
    sender.sendBatch(all, to);
    await inbox.count(600);
    const { receiveErrors, segmentsReceived } = socket.stats();
    expect(receiveErrors).toBe(0);
    expect(segmentsReceived).toBe(gro ? 600 : 0);
  });

  it('one by one goes on after errors too', async () => {
    const { socket, sender, inbox, to, fail } = openPair();
    fail({ call: 'recvmmsg', answer: 'ENOSYS' });
    sender.send(payloadOf(0, 10), to);
    await inbox.count(1);
    for (const [index, answer] of PENDING.entries()) {
      fail({ call: 'recvmsg', answer, times: 3 }, { call: 'recvmsg', answer: 'EINTR', times: 3 });
      sender.sendBatch(payloads(1 + index * 5, 6 + index * 5, 10), to);
      await inbox.count(6 + index * 5);
    }
    expect(firstDifference(inbox.payloads, payloads(0, 31, 10))).toBeUndefined();
    expect(socket.stats().receiveErrors).toBe(3 * PENDING.length);
  });
});
