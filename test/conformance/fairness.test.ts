/**
 * A flood leaves room for the rest of the program, and a slow reader costs a bounded amount of memory.
 *
 * Everything is counted; nothing is timed.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import type { ReceiveBatch, UdpSocket } from '../../lib/udp.js';
import { Collector } from './support/collector.js';
import { openPair } from './support/exchange.js';
import { firstDifference, payloadOf, payloads } from './support/payloads.js';
import { open, sendAll } from './support/sockets.js';
import { variants } from './support/variants.js';
import { turns, until } from './support/waiting.js';

const FLOOD_BATCHES = 3000;

describe.each(variants)('under a flood: $name', (variant) => {
  it('timers and immediates go on', async () => {
    const socket = await open(variant);
    const ammunition = payloads(0, 64, 40);
    let batches = 0;
    let timers = 0;
    let immediates = 0;
    let atTheEnd: { timers: number; immediates: number } | undefined;
    // Each batch is answered by the next one before it is over: the socket is never empty.
    socket.on('batch', () => {
      batches++;
      if (batches < FLOOD_BATCHES) socket.sendBatch(ammunition, socket.address);
      else atTheEnd ??= { timers, immediates };
    });
    const interval = setInterval(() => timers++, 1);
    const again = (): void => {
      immediates++;
      if (atTheEnd === undefined) setImmediate(again);
    };
    setImmediate(again);
    for (let shot = 0; shot < 4; shot++) socket.sendBatch(ammunition, socket.address);
    await until(
      () => atTheEnd !== undefined,
      () => `${batches} of ${FLOOD_BATCHES} batches`,
    );
    clearInterval(interval);
    // At most 8,192 datagrams a turn: 3,000 batches of 64 are at least 23 turns.
    expect(atTheEnd?.immediates).toBeGreaterThanOrEqual(10);
    expect(atTheEnd?.timers).toBeGreaterThanOrEqual(2);
  });

  it('another socket is served', async () => {
    const flooded = await open(variant);
    const { sender, inbox, to } = await openPair(variant);
    const ammunition = payloads(0, 64, 40);
    let batches = 0;
    flooded.on('batch', () => {
      batches++;
      if (!flooding) return;
      flooded.sendBatch(ammunition, flooded.address);
    });
    let flooding = true;
    for (let shot = 0; shot < 4; shot++) flooded.sendBatch(ammunition, flooded.address);
    for (let number = 0; number < 50; number++) {
      sender.send(payloadOf(number, 10), to);
      await inbox.count(number + 1);
    }
    flooding = false;
    expect(batches).toBeGreaterThan(0);
    expect(inbox.payloads).toEqual(payloads(0, 50, 10));
  });
});

/** Sends `count` batches' worth, each in a turn of its own. */
async function trickle(
  sender: UdpSocket,
  receiver: UdpSocket,
  list: readonly Uint8Array[],
  perTurn: number,
): Promise<void> {
  for (let from = 0; from < list.length; from += perTurn) {
    const some = list.slice(from, from + perTurn);
    await sendAll(sender, some.length, (sent) =>
      sender.sendBatch(some.slice(sent), receiver.address),
    );
    await turns(2);
  }
}

async function readAll(receiver: UdpSocket, loop: AsyncIterator<ReceiveBatch>, count: number) {
  const seen: Uint8Array[] = [];
  while (seen.length < count - receiver.stats().kernelDrops) {
    const { value: batch, done } = await loop.next();
    if (done === true) break;
    for (let index = 0; index < batch.length; index++) seen.push(batch.payload(index));
  }
  return seen;
}

describe.each(variants)('a slow reader: $name', (variant) => {
  it('of many small batches stops the reading, and loses nothing that the kernel holds', async () => {
    const receiver = await open(variant);
    const sender = await open(variant);
    const loop = receiver[Symbol.asyncIterator]();
    const all = payloads(0, 200, 40);
    await trickle(sender, receiver, all, 1);
    // 64 batches wait in the loop; the rest in the kernel.
    expect(receiver.stats().datagramsReceived).toBeLessThan(200);
    const seen = await readAll(receiver, loop, 200);
    expect(receiver.stats().kernelDrops).toBe(0);
    expect(firstDifference(seen, all)).toBeUndefined();
  });

  it('of large batches costs at most 16 MiB and one batch', async () => {
    const receiver = await open(variant);
    const sender = await open(variant);
    const loop = receiver[Symbol.asyncIterator]();
    const all = payloads(0, 600, 60_000);
    await trickle(sender, receiver, all, 5);
    const { bytesReceived } = receiver.stats();
    expect(bytesReceived).toBeGreaterThan(0);
    // 64 batches of five would be 19 MB; a batch of the dgram engine has up to 1 MiB.
    expect(bytesReceived).toBeLessThanOrEqual((16 << 20) + (1 << 20));
    const seen = await readAll(receiver, loop, 600);
    const { kernelDrops } = receiver.stats();
    expect(seen.length + kernelDrops).toBe(600);
    expect(kernelDrops).toBeGreaterThan(0);
    // What was dropped is missing; what came is whole and in order.
    const numbers = seen.map((bytes) =>
      new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true),
    );
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    const expected = numbers.map((number) => all[number]);
    expect(firstDifference(seen, expected)).toBeUndefined();
  });

  it('holds up listeners of the same socket, until it reads on or ends', async () => {
    const { sender, receiver, inbox, to } = await openPair(variant);
    const loop = receiver[Symbol.asyncIterator]();
    const all = payloads(0, 150, 40);
    await trickle(sender, receiver, all, 1);
    expect(inbox.datagrams.length).toBeLessThan(150);
    await loop.return?.();
    await inbox.fence(sender, to);
    expect(firstDifference(inbox.payloads, all)).toBeUndefined();
  });
});

describe.each(variants)('async context: $name', (variant) => {
  it('of a listener is that of the bind, not of whoever sent', async () => {
    const storage = new AsyncLocalStorage<string>();
    const receiver = await storage.run('bind', () => open(variant));
    const sender = await open(variant);
    const stores: (string | undefined)[] = [];
    receiver.on('batch', () => {
      stores.push(storage.getStore());
    });
    const inbox = new Collector(receiver);
    for (let number = 0; number < 3; number++) {
      storage.run('send', () => sender.send(payloadOf(number, 5), receiver.address));
      await inbox.count(number + 1);
    }
    expect(stores).toEqual(['bind', 'bind', 'bind']);
  });
});
