/** The dgram engine on loopback: the rules of `BatchSocket`, without `lib/api`. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import {
  COUNT_DATAGRAMS_RECEIVED,
  COUNT_DATAGRAMS_SENT,
  COUNT_KERNEL_DROPS,
  COUNT_RECEIVE_CALLS,
  COUNT_SEND_BLOCKED,
  COUNT_SEND_FAILURES,
  LENGTH,
  OFFSET,
  REMOTE,
  ROW_INTS,
  ROW_SHIFT,
  STATUS,
} from '../../../lib/batch/layout.js';
import type { BatchSocket, EngineOptions } from '../../../lib/io/batch-socket.js';
import { knowsReusePort } from '../../../lib/io/dgram-bind.js';
import { INBOX_DATAGRAMS } from '../../../lib/io/dgram-inbox.js';
import { IN_FLIGHT_DATAGRAMS, openDgramSocket } from '../../../lib/io/dgram-socket.js';

const opened: BatchSocket[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((engine) => engine.close()));
});

async function open(options: Partial<EngineOptions> = {}): Promise<BatchSocket> {
  const engine = await openDgramSocket(
    {
      address: '127.0.0.1',
      port: 0,
      ipv6Only: false,
      reusePort: false,
      gso: true,
      gro: true,
      receiveBufferSize: 1 << 20,
      sendBufferSize: 1 << 20,
      maxPeers: 4096,
      ...options,
    },
    'a test',
  );
  opened.push(engine);
  return engine;
}

function sendText(engine: BatchSocket, value: string, to: { address: string; port: number }) {
  const bytes = Buffer.from(value);
  const rows = new Int32Array(ROW_INTS);
  rows[LENGTH] = bytes.byteLength;
  rows[REMOTE] = engine.peers.intern(to.address, to.port);
  return engine.send(bytes, rows, 0, 1);
}

interface Seen {
  readonly text: string;
  readonly address: string;
  readonly port: number;
}

/** Collects until `count` datagrams came. */
function collect(engine: BatchSocket, count: number): Promise<Seen[]> {
  const seen: Seen[] = [];
  return new Promise((resolve) => {
    engine.onReadable = () => {
      const length = engine.receive();
      for (let index = 0; index < length; index++) {
        const { bytes, rows } = engine.received;
        const row = index << ROW_SHIFT;
        const offset = rows[row + OFFSET];
        const { address, port } = engine.peers.describe(rows[row + REMOTE]);
        const text = Buffer.from(bytes.subarray(offset, offset + rows[row + LENGTH])).toString();
        seen.push({ text, address, port });
      }
      if (seen.length >= count) resolve(seen);
    };
  });
}

/** Waits until `done` says so; a test that waits in vain ends by its time limit. */
async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('an open engine', () => {
  it('says what it is, and why', async () => {
    const engine = await open();
    expect(engine.info).toEqual({
      name: 'dgram',
      gso: false,
      gro: false,
      ecn: false,
      reason: 'a test',
    });
    expect(engine.local).toMatchObject({ address: '127.0.0.1', family: 'IPv4' });
    expect(engine.local.port).toBeGreaterThan(0);
  });

  it('reads the buffer sizes back', async () => {
    const engine = await open({ receiveBufferSize: 8192, sendBufferSize: 16384 });
    expect(engine.receiveBufferSize).toBe(8192);
    expect(engine.sendBufferSize).toBe(16384);
  });

  it('rejects with the system error, and leaves nothing open', async () => {
    const first = await open();
    await expect(open({ port: first.local.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      syscall: 'bind',
      address: '127.0.0.1',
      port: first.local.port,
    });
    await first.close();
    await open({ port: first.local.port });
  });

  it('tells when the runtime cannot share a port', () => {
    expect(
      ['20.20.2', '22.11.0', '22.12.0', '23.0.0', '23.1.0', '26.0.0'].map(knowsReusePort),
    ).toEqual([false, false, true, false, true, true]);
  });
});

describe('datagrams', () => {
  it('arrive in batches, empty ones too', async () => {
    const [from, to] = [await open(), await open()];
    const seen = collect(to, 3);
    for (const value of ['one', '', 'three']) expect(sendText(from, value, to.local)).toBe(1);
    expect((await seen).map(({ text }) => text)).toEqual(['one', '', 'three']);
    expect((await seen)[0]).toMatchObject({ address: '127.0.0.1', port: from.local.port });
    expect(from.counters[COUNT_DATAGRAMS_SENT]).toBe(3);
    expect(to.counters[COUNT_DATAGRAMS_RECEIVED]).toBe(3);
    expect(to.counters[COUNT_RECEIVE_CALLS]).toBe(3);
  });

  it('cross the families on a dual-stack socket, and are shown as what they are', async () => {
    const dual = await open({ address: '::' });
    const ipv4 = await open();
    const ipv6 = await open({ address: '::1' });
    const seen = collect(dual, 2);
    sendText(ipv4, 'four', { address: '127.0.0.1', port: dual.local.port });
    sendText(ipv6, 'six', { address: '::1', port: dual.local.port });
    const sources = (await seen).map(({ text, address }) => `${text} ${address}`).sort();
    expect(sources).toEqual(['four 127.0.0.1', 'six ::1']);
    const answers = [collect(ipv4, 1), collect(ipv6, 1)];
    expect(sendText(dual, 'back', ipv4.local)).toBe(1);
    expect(sendText(dual, 'back', ipv6.local)).toBe(1);
    for (const answer of answers) expect((await answer)[0].text).toBe('back');
  });

  it('are copied: the bytes are the caller’s again at once', async () => {
    const [from, to] = [await open(), await open()];
    const seen = collect(to, 1);
    const rows = new Int32Array(ROW_INTS);
    rows[REMOTE] = from.peers.intern('127.0.0.1', to.local.port);
    const payload = Buffer.from('before');
    expect(from.sendViews([payload], rows, 0, 1)).toBe(1);
    payload.fill(0);
    expect((await seen)[0].text).toBe('before');
  });

  it('that are too large for IP fail alone', async () => {
    const [from, to] = [await open(), await open()];
    const seen = collect(to, 2);
    const rows = new Int32Array(3 * ROW_INTS);
    const remote = from.peers.intern('127.0.0.1', to.local.port);
    for (const index of [0, 1, 2]) rows[(index << ROW_SHIFT) + REMOTE] = remote;
    const payloads = [Buffer.from('a'), new Uint8Array(65508), Buffer.from('c')];
    expect(from.sendViews(payloads, rows, 0, 3)).toBe(3);
    expect([0, 1, 2].map((index) => rows[(index << ROW_SHIFT) + STATUS] !== 0)).toEqual([
      false,
      true,
      false,
    ]);
    expect(from.counters[COUNT_SEND_FAILURES]).toBe(1);
    expect((await seen).map(({ text }) => text)).toEqual(['a', 'c']);
  });

  it('that answer a datagram from port 0 fail alone, as the kernel would have it', async () => {
    const [from, to] = [await open(), await open()];
    const seen = collect(to, 1);
    const rows = new Int32Array(2 * ROW_INTS);
    rows[REMOTE] = from.peers.intern('127.0.0.1', 0);
    rows[ROW_INTS + REMOTE] = from.peers.intern('127.0.0.1', to.local.port);
    expect(from.sendViews([Buffer.from('a'), Buffer.from('b')], rows, 0, 2)).toBe(2);
    expect([rows[STATUS], rows[ROW_INTS + STATUS]]).toEqual([22, 0]);
    expect((await seen).map(({ text }) => text)).toEqual(['b']);
  });

  it('beyond what may be in flight stay the caller’s, and room is announced', async () => {
    const [from, to] = [await open(), await open()];
    const count = IN_FLIGHT_DATAGRAMS + 10;
    const rows = new Int32Array(count * ROW_INTS);
    const remote = from.peers.intern('127.0.0.1', to.local.port);
    for (let index = 0; index < count; index++) rows[(index << ROW_SHIFT) + REMOTE] = remote;
    let announced = 0;
    from.onWritable = () => announced++;
    expect(from.send(new Uint8Array(1), rows, 0, count)).toBe(IN_FLIGHT_DATAGRAMS);
    expect(from.send(new Uint8Array(1), rows, 0, 1)).toBe(0);
    expect(from.counters[COUNT_SEND_BLOCKED]).toBe(2);
    await until(() => announced > 0);
    expect(from.send(new Uint8Array(1), rows, 0, 10)).toBe(10);
    expect(announced).toBe(1);
  });

  it('whose failure comes late are told of', async () => {
    const from = await open();
    const late: unknown[] = [];
    from.onSendError = (remote, errno) => late.push([remote.address, errno]);
    // Broadcast without SO_BROADCAST: EACCES.
    expect(sendText(from, 'x', { address: '255.255.255.255', port: 9 })).toBe(1);
    await until(() => late.length > 0);
    expect(late).toEqual([['255.255.255.255', 13]]);
    expect(from.counters[COUNT_SEND_FAILURES]).toBe(1);
  });
});

describe('pause', () => {
  it('holds what arrives, up to a bound, and counts what it drops', async () => {
    const [from, to] = [await open(), await open()];
    to.pause();
    let calls = 0;
    to.onReadable = () => calls++;
    const total = INBOX_DATAGRAMS + 50;
    for (let sent = 0; sent < total; sent++) {
      sendText(from, String(sent), to.local);
      if (sent % 100 === 0) await until(() => to.counters[COUNT_RECEIVE_CALLS] > sent);
    }
    await until(() => to.counters[COUNT_RECEIVE_CALLS] === total);
    expect(calls).toBe(0);
    expect(to.counters[COUNT_KERNEL_DROPS]).toBe(50);
    const seen = collect(to, INBOX_DATAGRAMS);
    to.resume();
    expect((await seen).map(({ text }) => Number(text))).toEqual(
      Array.from({ length: INBOX_DATAGRAMS }, (_, index) => index),
    );
  });
});

describe('readiness', () => {
  it('is told again while something waits, after timers had their turn', async () => {
    const [from, to] = [await open(), await open()];
    for (const value of ['a', 'b', 'c']) sendText(from, value, to.local);
    let calls = 0;
    let timers = 0;
    await new Promise<void>((resolve) => {
      to.onReadable = () => {
        calls++;
        if (calls === 1) setTimeout(() => timers++, 0);
        if (timers > 0) resolve();
      };
    });
    expect(calls).toBeGreaterThan(1);
    expect(to.receive()).toBeGreaterThan(0);
  });
});

describe('close', () => {
  it('frees the port, is idempotent, and lets what was taken go out first', async () => {
    const to = createSocket('udp4').bind(0, '127.0.0.1');
    await once(to, 'listening');
    const message = once(to, 'message');
    const from = await open();
    expect(sendText(from, 'last words', { address: '127.0.0.1', port: to.address().port })).toBe(1);
    await Promise.all([from.close(), from.close()]);
    expect(String((await message)[0])).toBe('last words');
    expect(sendText(from, 'more', { address: '127.0.0.1', port: to.address().port })).toBe(0);
    to.close();
    const again = await open({ port: from.local.port });
    expect(again.local.port).toBe(from.local.port);
  });

  it('inside onReadable ends it', async () => {
    const [from, to] = [await open(), await open()];
    let calls = 0;
    const closed = new Promise<void>((resolve) => {
      to.onReadable = () => {
        calls++;
        void to.close().then(resolve);
      };
    });
    sendText(from, 'a', to.local);
    await closed;
    expect(calls).toBe(1);
  });
});
