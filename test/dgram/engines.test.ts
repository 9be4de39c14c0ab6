/** What holds of `burstwire/dgram` on both engines. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { BlockList } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { bound, type Dgram, ENGINES, loadDgram, messages } from './engines.js';

describe.each(ENGINES)('on %s', (engine) => {
  let dgram: Dgram;
  beforeAll(async () => {
    dgram = await loadDgram(engine);
  });

  test('the engine is what was asked for, and the names are there twice', () => {
    expect(dgram.engine.name).toBe(engine);
    expect(dgram.default.createSocket).toBe(dgram.createSocket);
    const socket = dgram.createSocket('udp4');
    expect(socket).toBeInstanceOf(dgram.Socket);
    socket.close();
  });

  test('many messages of one tick arrive, whole, and stay what they were', async () => {
    const server = await bound(dgram, { type: 'udp4', recvBufferSize: 1 << 20 });
    const client = await bound(dgram);
    const { port } = server.address();
    const arrived = messages(server, 100);
    for (let i = 0; i < 100; i++) {
      client.send(Buffer.alloc(i % 3 === 0 ? 5000 : 20 + i, i), port, '127.0.0.1');
    }
    const seen = await arrived;
    seen.forEach((message, i) => {
      expect(message.equals(Buffer.alloc(i % 3 === 0 ? 5000 : 20 + i, i)), `message ${i}`).toBe(
        true,
      );
    });
    await Promise.all([server, client].map((socket) => socket[Symbol.asyncDispose]()));
  });

  test('a listener that awaits the next message misses none', async () => {
    const server = await bound(dgram);
    const client = await bound(dgram);
    const done = (async () => {
      const seen: string[] = [];
      while (seen.length < 10) {
        const [message] = (await once(server, 'message')) as [Buffer];
        seen.push(String(message));
      }
      return seen;
    })();
    for (let i = 0; i < 10; i++) client.send(`${i}`, server.address().port, '127.0.0.1');
    expect(await done).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    server.close();
    client.close();
  });

  test('callbacks come later, in order, with their bytes, errors and contexts', async () => {
    const client = await bound(dgram);
    const { port } = client.address();
    const context = new AsyncLocalStorage<number>();
    const heard: unknown[] = [];
    await new Promise<void>((resolve) => {
      const sizes = [1, 70_000, 0, 1000];
      sizes.forEach((size, i) => {
        context.run(i, () => {
          client.send(Buffer.alloc(size), port, '127.0.0.1', (error, bytes) => {
            heard.push([context.getStore(), error && Object.entries(error), bytes]);
            if (heard.length === sizes.length) resolve();
          });
        });
      });
      expect(heard).toEqual([]);
    });
    const tooLarge = { errno: -90, code: 'EMSGSIZE', syscall: 'send', address: '127.0.0.1', port };
    const errors = heard.map((entry) => (entry as unknown[])[1]);
    expect(heard.map((entry) => (entry as unknown[])[0]).sort()).toEqual([0, 1, 2, 3]);
    expect(errors.filter((error) => error !== null)).toEqual([
      expect.arrayContaining(Object.entries(tooLarge)),
    ]);
    client.close();
  });

  test('an answer is heard in the context in which the socket was made', async () => {
    const context = new AsyncLocalStorage<string>();
    const socket = await context.run('made here', () => bound(dgram));
    const store = new Promise((resolve) => {
      socket.on('message', () => resolve(context.getStore()));
    });
    socket.send('x', socket.address().port, '127.0.0.1');
    expect(await store).toBe('made here');
    socket.close();
  });

  test('lists of blocked addresses keep datagrams out, and in', async () => {
    const blocked = new BlockList();
    blocked.addAddress('127.0.0.1');
    const server = await bound(dgram, { type: 'udp4', receiveBlockList: blocked });
    const { port } = server.address();
    server.on('message', () => expect.unreachable('it is blocked'));
    const client = await bound(dgram);
    await new Promise((resolve) => client.send('x', port, '127.0.0.1', resolve));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const refusing = await bound(dgram, { type: 'udp4', sendBlockList: blocked });
    const error = await new Promise((resolve) => refusing.send('x', port, '127.0.0.1', resolve));
    expect(error).toMatchObject({ code: 'ERR_IP_BLOCKED' });
    for (const socket of [server, client, refusing]) socket.close();
  });

  test('connected: sends without an address, names the peer, and hears ICMP', async () => {
    const server = await bound(dgram);
    const { port } = server.address();
    const client = dgram.createSocket('udp4');
    client.connect(port, '127.0.0.1');
    await once(client, 'connect');
    expect(client.remoteAddress()).toEqual({ address: '127.0.0.1', family: 'IPv4', port });
    const arrived = messages(server, 2);
    client.send('one');
    client.send(['t', Buffer.from('wo')]);
    expect((await arrived).map(String)).toEqual(['one', 'two']);
    server.close();
    await once(server, 'close');
    const failed = once(client, 'error');
    const timer = setInterval(() => client.send('nobody', () => {}), 5);
    const [error] = (await failed) as [NodeJS.ErrnoException];
    clearInterval(timer);
    expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'recvmsg' });
    client.disconnect();
    expect(() => client.disconnect()).toThrow(/Not connected/);
    client.close();
  });

  test('IPv6: the mapped form of an IPv4 source, as node:dgram shows it', async (context) => {
    const server = dgram.createSocket('udp6');
    server.bind(0);
    const failed = await Promise.race([once(server, 'listening'), once(server, 'error')]);
    if (failed.length > 0) context.skip();
    const heard = once(server, 'message');
    const client = await bound(dgram);
    client.send('x', server.address().port, '127.0.0.1');
    const [, remote] = await heard;
    expect(remote).toEqual({
      address: '::ffff:127.0.0.1',
      family: 'IPv6',
      port: client.address().port,
      size: 1,
    });
    server.close();
    client.close();
  });

  test('a new socket is announced on the channel of node:dgram', () => {
    const seen: unknown[] = [];
    const note = (message: unknown): void => void seen.push(message);
    subscribe('udp.socket', note);
    const socket = dgram.createSocket('udp4');
    unsubscribe('udp.socket', note);
    expect(seen).toEqual([{ socket }]);
    socket.close();
  });
});
