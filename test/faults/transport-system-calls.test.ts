/**
 * A secure transfer whose system calls fail in each of their ways: all of it arrives, and so does what others send.
 */

import { describe, expect, it } from 'vitest';
import { type Fault, noFaults } from './faulty-socket.js';
import { openTransport, transfers } from './faulty-transport.js';

const BYTES = 3_000_000;

/** Short counts of sendmmsg, then no room: at each place of a batch. */
const SHORT: readonly Fault[] = [1, 2, 3, 5, 8, 13, 21].flatMap((count): Fault[] => [
  { call: 'sendmmsg', answer: count, skip: 1 },
  { call: 'sendmmsg', answer: 'EAGAIN' },
]);

const SENDING: readonly (readonly [string, readonly Fault[]])[] = [
  ['ENOBUFS, once', [{ call: 'sendmmsg', answer: 'ENOBUFS' }]],
  ['ENOBUFS, again and again', [{ call: 'sendmmsg', answer: 'ENOBUFS', times: 20 }]],
  ['ENOMEM', [{ call: 'sendmmsg', answer: 'ENOMEM', times: 3 }]],
  ['a storm of EAGAIN', [{ call: 'sendmmsg', answer: 'EAGAIN', times: 100 }]],
  ['a storm of EINTR', [{ call: 'sendmmsg', answer: 'EINTR', times: 100 }]],
  ['EPERM, as a firewall answers', [{ call: 'sendmmsg', answer: 'EPERM', times: 6 }]],
  ['ECONNREFUSED', [{ call: 'sendmmsg', answer: 'ECONNREFUSED', times: 6 }]],
  ['ENETUNREACH', [{ call: 'sendmmsg', answer: 'ENETUNREACH', times: 6 }]],
  ['short counts at every place', SHORT],
  ['a count of nothing', [{ call: 'sendmmsg', answer: 0, times: 3 }]],
  ['trains refused in mid-flow (EIO)', [{ call: 'sendmmsg', answer: 'EIO', skip: 2 }]],
  ['trains refused in mid-flow (EINVAL)', [{ call: 'sendmmsg', answer: 'EINVAL', skip: 2 }]],
  ['no sendmmsg any more', [{ call: 'sendmmsg', answer: 'ENOSYS', skip: 2 }]],
];

const RECEIVING: readonly (readonly [string, readonly Fault[]])[] = [
  ['EAGAIN, again and again', [{ call: 'recvmmsg', answer: 'EAGAIN', times: 50 }]],
  ['ENOMEM', [{ call: 'recvmmsg', answer: 'ENOMEM', times: 10 }]],
  ['ENETDOWN', [{ call: 'recvmmsg', answer: 'ENETDOWN', times: 10 }]],
  ['no recvmmsg any more', [{ call: 'recvmmsg', answer: 'ENOSYS', skip: 3 }]],
];

describe.skipIf(noFaults !== undefined).each([true, false])('a secure transfer, gso %s', (gso) => {
  it.each(SENDING)('arrives whole when sending meets %s', async (_name, faults) => {
    const { server, here, other, failClient, failServer } = await openTransport({ gso });
    failClient(...faults);
    failServer(...faults);
    expect(await transfers(here, server, BYTES, 1)).toBe(true);
    expect(await transfers(other, server, 100_000, 2)).toBe(true);
  });

  it.each(RECEIVING)('arrives whole when receiving meets %s', async (_name, faults) => {
    const { server, here, other, failClient, failServer } = await openTransport({ gso });
    failServer(...faults);
    failClient(...faults);
    expect(await transfers(here, server, BYTES, 3)).toBe(true);
    expect(await transfers(other, server, 100_000, 4)).toBe(true);
  });
});

describe.skipIf(noFaults !== undefined)('a socket that takes nothing any more', () => {
  it('ends its connections by a name, and the other connections of the peer go on', async () => {
    const { server, here, other, failClient } = await openTransport();
    failClient(
      { call: 'sendmmsg', answer: 'EPERM', times: 1_000_000 },
      { call: 'sendmsg', answer: 'EPERM', times: 1_000_000 },
    );
    const stream = here.openStream({ unidirectional: true });
    stream.on('error', () => undefined);
    stream.end(new Uint8Array(100_000));
    expect(await transfers(other, server, 1_000_000, 5)).toBe(true);
    here.destroy();
    const { origin } = await here.closed;
    expect(origin).toBe('local');
  });
});
