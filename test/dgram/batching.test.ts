/** What the native engine does in batches, and what a program notices of it. */

import { once } from 'node:events';
import { beforeEach, expect, test } from 'vitest';
import type { Binding } from '../../lib/native/binding.js';
import { bound, type Dgram, loadDgram, messages } from './engines.js';

let dgram: Dgram;
let sends: number[];

beforeEach(async () => {
  dgram = await loadDgram('native');
  const { loadBinding } = await import('../../lib/native/load.js');
  const binding = loadBinding().binding as { DgramSocket: Binding['DgramSocket'] };
  sends = [];
  const counted = sends;
  binding.DgramSocket = class extends binding.DgramSocket {
    override send(bytes: Uint8Array, rows: Int32Array, from: number, to: number): number {
      counted.push(to - from);
      return super.send(bytes, rows, from, to);
    }
  };
});

test('sends of one tick leave in one call, and are the send queue until then', async () => {
  const server = await bound(dgram);
  const client = await bound(dgram);
  const arrived = messages(server, 10);
  for (let i = 0; i < 10; i++) client.send('hello', server.address().port, '127.0.0.1');
  expect(client.getSendQueueCount()).toBe(10);
  expect(client.getSendQueueSize()).toBe(50);
  expect(sends).toEqual([]);
  await arrived;
  expect(sends).toEqual([10]);
  expect(client.getSendQueueCount()).toBe(0);
  server.close();
  client.close();
});

test('answers of listeners leave when the whole batch has been told, also by another socket', async () => {
  const [server, relay, client] = await Promise.all([bound(dgram), bound(dgram), bound(dgram)]);
  server.on('message', (message, remote) => {
    relay.send(message, remote.port, remote.address);
    server.send(message, remote.port, remote.address);
  });
  const arrived = messages(client, 40);
  for (let i = 0; i < 20; i++) client.send(`${i}`, server.address().port, '127.0.0.1');
  await arrived;
  expect(sends[0]).toBe(20);
  // One batch, or a few if the loop woke up early: never one call for each.
  expect(sends.slice(1).reduce((sum, count) => sum + count, 0)).toBe(40);
  expect(sends.length).toBeLessThan(12);
  for (const socket of [server, relay, client]) socket.close();
});

test('more than one page of a tick is in order', async () => {
  const server = await bound(dgram, { type: 'udp4', recvBufferSize: 4 << 20 });
  const client = await bound(dgram);
  const count = 3000;
  let next = 0;
  let sent = 0;
  server.on('message', (message) => {
    const number = message.readUInt32LE();
    expect(number).toBeGreaterThanOrEqual(next);
    next = number + 1;
  });
  await new Promise<void>((resolve) => {
    const bytes = Buffer.alloc(8);
    for (let i = 0; i < count; i++) {
      // The same buffer each time: `send` copies.
      bytes.writeUInt32LE(i);
      client.send(bytes, server.address().port, '127.0.0.1', (error) => {
        expect(error).toBeNull();
        if (++sent === count) resolve();
      });
    }
  });
  expect(sends.reduce((sum, rows) => sum + rows, 0)).toBe(count);
  server.close();
  client.close();
});

test('a message that is kept holds no more than a chunk', async () => {
  const server = await bound(dgram);
  const client = await bound(dgram);
  const arrived = messages(server, 5);
  for (let i = 0; i < 4; i++) client.send('small', server.address().port, '127.0.0.1');
  client.send(Buffer.alloc(30_000), server.address().port, '127.0.0.1');
  const seen = await arrived;
  expect(seen.map((message) => message.buffer.byteLength)).toEqual([
    8192, 8192, 8192, 8192, 30_000,
  ]);
  server.close();
  client.close();
});

test('closing: what was sent leaves, and nobody hears of what this very tick has sent', async () => {
  const server = await bound(dgram);
  const client = await bound(dgram);
  const arrived = messages(server, 1);
  client.send('last words', server.address().port, '127.0.0.1', () => {
    expect.unreachable('node:dgram does not call it either');
  });
  client.close();
  expect((await arrived).map(String)).toEqual(['last words']);
  await new Promise((resolve) => setImmediate(resolve));
  server.close();
});

test('a listener that sends, and closes on a later tick, hears of its send', async () => {
  const server = await bound(dgram);
  const client = await bound(dgram);
  const heard = new Promise((resolve) => {
    server.on('message', (_message, remote) => {
      server.send('answer', remote.port, remote.address, (error, bytes) => resolve([error, bytes]));
      process.nextTick(() => server.close());
    });
  });
  const answered = once(client, 'message');
  client.send('question', server.address().port, '127.0.0.1');
  expect(await heard).toEqual([null, 6]);
  expect(String((await answered)[0])).toBe('answer');
  client.close();
});

test('a listener that throws keeps the next datagram from nobody', async () => {
  const server = await bound(dgram);
  const client = await bound(dgram);
  const thrown: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => thrown.push(error.message));
  const seen: string[] = [];
  const done = new Promise<void>((resolve) => {
    server.on('message', (message) => {
      seen.push(String(message));
      if (seen.length === 4) resolve();
      throw new Error(`about ${message}`);
    });
  });
  for (let i = 0; i < 4; i++) client.send(`${i}`, server.address().port, '127.0.0.1');
  await done;
  await new Promise((resolve) => setImmediate(resolve));
  process.removeAllListeners('uncaughtException');
  for (const listener of listeners) process.on('uncaughtException', listener);
  expect(seen).toEqual(['0', '1', '2', '3']);
  expect(thrown).toEqual(['about 0', 'about 1', 'about 2', 'about 3']);
  server.close();
  client.close();
});

test('two sockets share a port with reusePort, and a third without it does not', async () => {
  const one = await bound(dgram, { type: 'udp4', reusePort: true });
  const { port } = one.address();
  const two = dgram.createSocket({ type: 'udp4', reusePort: true });
  await once(two.bind(port, '127.0.0.1'), 'listening');
  const three = dgram.createSocket('udp4');
  const failed = once(three, 'error');
  three.bind(port, '127.0.0.1');
  expect((await failed)[0]).toMatchObject({ code: 'EADDRINUSE', syscall: 'bind', port });
  for (const socket of [one, two, three]) socket.close();
});
