/**
 * The end of a socket: whenever and wherever it is closed, nothing is heard of it after, and nothing is left open.
 */

import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bind, type UdpSocket } from '../../lib/udp.js';
import { openPair } from './support/exchange.js';
import { payloadOf, payloads } from './support/payloads.js';
import { open } from './support/sockets.js';
import { engines, variants } from './support/variants.js';
import { turns, until, within } from './support/waiting.js';

const CLOSED = expect.objectContaining({
  code: 'ERR_SOCKET_CLOSED',
  message: expect.stringContaining('closed'),
});
/** More than IPv4 can carry: refused by the kernel, and reported. */
const TOO_LARGE = new Uint8Array(65_508);

function watch(socket: UdpSocket): string[] {
  const events: string[] = [];
  socket.on('batch', (batch) => events.push(`batch ${batch.length}`));
  socket.on('drain', () => events.push('drain'));
  socket.on('datagramError', ({ code }) => events.push(code));
  socket.on('close', () => events.push('close'));
  socket.on('error', ({ message }) => events.push(message));
  return events;
}

describe.each(engines)('close: $name', (variant) => {
  it('makes every send throw', async () => {
    const socket = await open(variant);
    const to = socket.address;
    const out = socket.createSendBatch();
    out.reserve(1, to);
    await socket.close();
    const bytes = payloadOf(1, 10);
    expect(() => socket.send(bytes, to)).toThrowError(CLOSED);
    expect(() => socket.sendBatch([bytes], to)).toThrowError(CLOSED);
    expect(() => socket.sendBatch([], to)).toThrowError(CLOSED);
    expect(() => socket.sendSegments(bytes, 5, to)).toThrowError(CLOSED);
    expect(() => socket.createSendBatch()).toThrowError(CLOSED);
    expect(() => out.reserve(1, to)).toThrowError(CLOSED);
    expect(() => out.flush()).toThrowError(CLOSED);
    out.clear();
    expect(out.length).toBe(0);
  });

  it('leaves everything else callable', async () => {
    const socket = await open(variant);
    const { address } = socket;
    socket.sendBatch(payloads(0, 3, 10), address);
    await socket.close();
    expect(socket.address).toBe(address);
    expect(socket.engine.name).toBe(variant.native ? 'native' : 'dgram');
    expect(socket.stats().datagramsSent).toBe(3);
    expect(socket.ref().unref()).toBe(socket);
    socket.on('batch', () => {});
    socket.removeAllListeners();
    for await (const _ of socket) throw new Error('it is closed');
  });

  it('may be asked for again, and says so once', async () => {
    const socket = await open(variant);
    const events = watch(socket);
    const first = socket.close();
    const second = socket.close();
    await Promise.all([first, second, socket[Symbol.asyncDispose]()]);
    await socket.close();
    await turns(3);
    expect(events).toEqual(['close']);
  });

  it('has emitted its event when its promise resolves, and the port is free', async () => {
    const socket = await open(variant);
    const events = watch(socket);
    await socket.close();
    expect(events).toEqual(['close']);
    const again = await open(variant, { port: socket.address.port });
    expect(again.address).toEqual(socket.address);
  });

  it('is what disposing does', async () => {
    const socket = await open(variant);
    const events = watch(socket);
    await socket[Symbol.asyncDispose]();
    expect(events).toEqual(['close']);
  });

  it.each([1, 40, 300])('in a batch listener ends the batches, %i datagrams', async (count) => {
    const { sender, to, receiver } = await openPair(variant);
    let batches = 0;
    let read = 0;
    receiver.removeAllListeners();
    const closed = new Promise<void>((resolve) => {
      receiver.on('batch', (batch) => {
        batches++;
        void receiver.close().then(resolve);
        // Still borrowed until this returns.
        for (let index = 0; index < batch.length; index++) {
          read += batch.payload(index).length;
          expect(batch.remote(index).port).toBe(sender.address.port);
        }
        expect(() => receiver.send(payloadOf(1, 1), to)).toThrowError(CLOSED);
      });
    });
    sender.sendBatch(payloads(0, count, 20), to);
    sender.sendBatch(payloads(0, count, 20), to);
    await within(closed, () => 'the close');
    await turns(5);
    expect(batches).toBe(1);
    expect(read).toBeGreaterThanOrEqual(20);
  });

  it('in a listener of drain ends the events', async () => {
    const socket = await open(variant);
    const events = watch(socket);
    socket.on('drain', () => void socket.close());
    expect(socket.send(TOO_LARGE, socket.address)).toBe(0);
    await until(
      () => events.includes('close'),
      () => events.join(),
    );
    await turns(5);
    expect(events).toEqual(['EMSGSIZE', 'drain', 'close']);
  });

  it('in a listener of datagramError ends the events', async () => {
    const socket = await open(variant);
    const events = watch(socket);
    let closing: Promise<void> | undefined;
    socket.on('datagramError', () => {
      closing ??= socket.close();
    });
    const all = [payloadOf(1, 10), TOO_LARGE, TOO_LARGE, payloadOf(2, 10)];
    expect(socket.sendBatch(all, socket.address)).toBe(2);
    await closing;
    await turns(5);
    expect(events).toEqual(['EMSGSIZE', 'close']);
  });

  it('between a send and its drain leaves no event behind', async () => {
    const socket = await open(variant);
    const events = watch(socket);
    socket.send(TOO_LARGE, socket.address);
    await socket.close();
    await turns(5);
    expect(events).toEqual(['EMSGSIZE', 'close']);
  });

  it('during the conversion of an argument stops that send', async () => {
    const socket = await open(variant);
    const receiver = await open(variant);
    const to = {
      get address() {
        void socket.close();
        return '127.0.0.1';
      },
      port: receiver.address.port,
    };
    expect(() => socket.send(payloadOf(1, 10), to)).toThrowError(CLOSED);
    expect(socket.stats().datagramsSent).toBe(0);
  });

  it('delivers what was taken before', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const all = payloads(0, 100, 50);
    expect(sender.sendBatch(all, to)).toBe(100);
    await sender.close();
    await inbox.count(100);
    expect(inbox.payloads).toEqual(all);
  });

  it('by a listener that throws still closes', async () => {
    const socket = await open(variant);
    const caught = new Promise<unknown>((resolve) => {
      const before = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const listener of before) process.on('uncaughtException', listener);
        resolve(error);
      });
    });
    socket.on('close', () => {
      throw new Error('from a listener');
    });
    await socket.close();
    expect(await within(caught, () => 'the exception')).toMatchObject({
      message: 'from a listener',
    });
  });
});

describe.each(variants)('descriptors: $name', (variant) => {
  it.skipIf(process.platform !== 'linux')('are given back, however a socket ends', async () => {
    const count = (): number => readdirSync('/proc/self/fd').length;
    const use = async (index: number): Promise<void> => {
      const socket = await bind({ address: '127.0.0.1', ...variant.options });
      if (index % 3 === 0) socket.on('batch', () => void socket.close());
      socket.sendBatch(payloads(0, 3, 10), socket.address);
      if (index % 3 === 1) await turns(1);
      await expect(bind({ ...variant.options, address: '203.0.113.77' })).rejects.toThrowError();
      await socket.close();
    };
    await use(0);
    const before = count();
    for (let index = 0; index < 60; index++) await use(index);
    // What libuv closes is closed in the next turn of the loop.
    await until(
      () => count() <= before,
      () => `${count()} descriptors, ${before} before`,
    );
  });
});
