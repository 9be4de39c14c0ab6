/**
 * Batches as the application holds them: borrowed, copied, iterated; and a socket to which nobody listens.
 */

import { describe, expect, it } from 'vitest';
import type { ReceiveBatch, UdpSocket } from '../../lib/udp.js';
import { Collector } from './support/collector.js';
import { openPair } from './support/exchange.js';
import { firstDifference, payloadOf, payloads } from './support/payloads.js';
import { open } from './support/sockets.js';
import { nativeVariants, variants } from './support/variants.js';
import { turns, until, within } from './support/waiting.js';

const OUT_OF_RANGE = expect.objectContaining({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' });

function nextBatch(socket: UdpSocket): Promise<ReceiveBatch> {
  const event = new Promise<ReceiveBatch>((resolve) => socket.once('batch', resolve));
  return within(event, () => 'a batch');
}

describe.each(variants)('batches: $name', (variant) => {
  it('show the same bytes with and without a view', async () => {
    const receiver = await open(variant);
    const sender = await open(variant);
    const seen: Uint8Array[] = [];
    let differences = 0;
    receiver.on('batch', (batch) => {
      for (let index = 0; index < batch.length; index++) {
        const view = batch.payload(index);
        const start = batch.offset(index);
        const bytes = batch.bytes.subarray(start, start + batch.byteLength(index));
        if (Buffer.compare(view, bytes) !== 0) differences++;
        if (view.buffer !== batch.bytes.buffer) differences++;
        seen.push(bytes.slice());
      }
    });
    const all = payloads(0, 100, (number) => (number < 70 ? 90 : number));
    sender.sendBatch(all, receiver.address);
    await until(
      () => seen.length >= 100,
      () => `${seen.length} of 100`,
    );
    expect(differences).toBe(0);
    expect(firstDifference(seen, all)).toBeUndefined();
  });

  it('are borrowed: every accessor throws when the listener has returned', async () => {
    const receiver = await open(variant);
    const sender = await open(variant);
    const batch = nextBatch(receiver);
    sender.send(payloadOf(1, 50), receiver.address);
    const kept = await batch;
    expect(kept.length).toBe(0);
    expect(() => kept.bytes).toThrowError(OUT_OF_RANGE);
    expect(() => kept.payload(0)).toThrowError(OUT_OF_RANGE);
    expect(() => kept.offset(0)).toThrowError(OUT_OF_RANGE);
    expect(() => kept.byteLength(0)).toThrowError(OUT_OF_RANGE);
    expect(() => kept.remote(0)).toThrowError(OUT_OF_RANGE);
    expect(() => kept.local(0)).toThrowError(OUT_OF_RANGE);
    expect(() => kept.ecn(0)).toThrowError(OUT_OF_RANGE);
    expect(() => kept.truncated(0)).toThrowError(OUT_OF_RANGE);
    expect(() => kept.copy()).toThrowError(OUT_OF_RANGE);
  });

  it('refuse an index that is no datagram', async () => {
    const receiver = await open(variant);
    const sender = await open(variant);
    const errors: unknown[] = [];
    const indexes = [1, -1, 0.5, Number.NaN, 2 ** 32, Number.POSITIVE_INFINITY, '0', null, {}];
    const done = new Promise<void>((resolve) => {
      receiver.once('batch', (batch) => {
        for (const index of [...indexes, batch.length] as number[]) {
          for (const copy of [batch, batch.copy()]) {
            for (const read of ['payload', 'offset', 'byteLength', 'remote', 'ecn'] as const) {
              try {
                errors.push(copy[read](index));
              } catch (error) {
                errors.push(error);
              }
            }
          }
        }
        resolve();
      });
    });
    sender.send(payloadOf(1, 50), receiver.address);
    await within(done, () => 'a batch');
    expect(errors.length).toBe((indexes.length + 1) * 10);
    for (const error of errors) expect(error).toEqual(OUT_OF_RANGE);
  });

  it('can be copied, and the copy stays', async () => {
    const receiver = await open(variant);
    const sender = await open(variant);
    const copies: ReceiveBatch[] = [];
    receiver.on('batch', (batch) => copies.push(batch.copy()));
    const all = payloads(0, 200, (number) => (number % 7) * 30);
    sender.sendBatch(all.slice(0, 100), receiver.address);
    await until(
      () => copies.reduce((sum, { length }) => sum + length, 0) === 100,
      () => 'the first 100',
    );
    sender.sendBatch(all.slice(100), receiver.address);
    await until(
      () => copies.reduce((sum, { length }) => sum + length, 0) === 200,
      () => 'the second 100',
    );
    const seen: Uint8Array[] = [];
    for (const copy of [...copies, ...copies.map((batch) => batch.copy())]) {
      for (let index = 0; index < copy.length; index++) {
        seen.push(copy.payload(index));
        expect(copy.remote(index)).toEqual(sender.address);
        expect(copy.local(index)).toEqual(receiver.address);
        expect(copy.truncated(index)).toBe(false);
        expect(copy.ecn(index)).toBe(0);
      }
    }
    expect(firstDifference(seen, [...all, ...all])).toBeUndefined();
  });

  it('come to several listeners', async () => {
    const { sender, receiver, inbox, to } = await openPair(variant);
    const second = new Collector(receiver);
    const all = payloads(0, 40, 60);
    sender.sendBatch(all, to);
    await inbox.count(40);
    await second.count(40);
    expect(firstDifference(second.payloads, all)).toBeUndefined();
  });

  it('survive a listener that transfers their memory away', async () => {
    const receiver = await open(variant);
    const sender = await open(variant);
    const taken: Uint8Array[] = [];
    receiver.on('batch', (batch) => {
      for (let index = 0; index < batch.length; index++) taken.push(batch.payload(index).slice());
      structuredClone(batch.bytes.buffer, { transfer: [batch.bytes.buffer as ArrayBuffer] });
    });
    const all = payloads(0, 30, 100);
    for (let call = 0; call < 3; call++) {
      sender.sendBatch(all.slice(call * 10, call * 10 + 10), receiver.address);
      await until(
        () => taken.length >= (call + 1) * 10,
        () => `${taken.length} datagrams`,
      );
    }
    expect(firstDifference(taken, all)).toBeUndefined();
  });
});

describe.each(variants)('loops: $name', (variant) => {
  it('get owned copies in order', async () => {
    const receiver = await open(variant);
    const sender = await open(variant);
    const all = payloads(0, 300, 70);
    const kept: ReceiveBatch[] = [];
    const loop = (async () => {
      for await (const batch of receiver) {
        kept.push(batch);
        if (kept.reduce((sum, { length }) => sum + length, 0) >= 300) break;
      }
    })();
    for (let from = 0; from < 300; from += 50) {
      sender.sendBatch(all.slice(from, from + 50), receiver.address);
      await turns(2);
    }
    await within(loop, () => 'the end of the loop');
    const seen = kept.flatMap((batch) =>
      Array.from({ length: batch.length }, (_, index) => batch.payload(index)),
    );
    expect(firstDifference(seen, all)).toBeUndefined();
  });

  it('end when the socket is closed, also while they wait', async () => {
    const receiver = await open(variant);
    let ended = 0;
    const loops = [1, 2].map(async () => {
      for await (const _ of receiver) throw new Error('nothing was sent');
      ended++;
    });
    await turns(3);
    await receiver.close();
    await within(Promise.all(loops), () => 'the end of both loops');
    expect(ended).toBe(2);
    for await (const _ of receiver) throw new Error('it is closed');
  });

  it('do not disturb a listener, nor one another', async () => {
    const { sender, receiver, inbox, to } = await openPair(variant);
    const first = receiver[Symbol.asyncIterator]();
    const second = receiver[Symbol.asyncIterator]();
    sender.sendBatch(payloads(0, 5, 10), to);
    await inbox.count(5);
    const a = (await first.next()).value as ReceiveBatch;
    await first.return?.();
    const b = (await second.next()).value as ReceiveBatch;
    expect(a.payload(0)).toEqual(payloadOf(0, 10));
    expect(b.payload(0)).toEqual(payloadOf(0, 10));
    a.bytes.fill(0);
    expect(b.payload(0)).toEqual(payloadOf(0, 10));
    expect(await first.next()).toEqual({ value: undefined, done: true });
    await second.return?.();
  });
});

describe.each(variants)('without a listener: $name', (variant) => {
  it('what arrives waits, and nothing is lost', async () => {
    const receiver = await open(variant);
    const sender = await open(variant);
    const all = payloads(0, 200, 100);
    expect(sender.sendBatch(all.slice(0, 100), receiver.address)).toBe(100);
    await turns(10);
    expect(receiver.stats().datagramsReceived).toBe(0);
    const inbox = new Collector(receiver);
    await inbox.count(100);
    receiver.removeAllListeners('batch');
    expect(sender.sendBatch(all.slice(100), receiver.address)).toBe(100);
    await turns(10);
    expect(receiver.stats().datagramsReceived).toBe(100);
    const again = new Collector(receiver);
    await again.fence(sender, receiver.address);
    expect(firstDifference([...inbox.payloads, ...again.payloads], all)).toBeUndefined();
    expect(receiver.stats().kernelDrops).toBe(0);
  });

  it('follows each way to listen and to stop', async () => {
    const receiver = await open(variant);
    const sender = await open(variant);
    const send = (): number => sender.send(payloadOf(1, 10), receiver.address);
    let seen = 0;
    const listener = (batch: ReceiveBatch): void => {
      seen += batch.length;
    };
    const expectSeen = (count: number) =>
      until(
        () => seen === count,
        () => `${seen} of ${count}`,
      );
    send();
    receiver.once('batch', listener);
    await expectSeen(1);
    send();
    await turns(5);
    expect(seen).toBe(1);
    receiver.prependOnceListener('batch', listener);
    await expectSeen(2);
    receiver.addListener('batch', listener);
    send();
    await expectSeen(3);
    receiver.off('batch', listener);
    send();
    await turns(5);
    expect(seen).toBe(3);
    receiver.prependListener('batch', listener);
    await expectSeen(4);
    receiver.removeAllListeners();
    send();
    await turns(5);
    expect(seen).toBe(4);
    receiver.on('batch', listener);
    await expectSeen(5);
  });
});

describe.each(nativeVariants)('a full buffer: $name', (variant) => {
  it('loses what does not fit, and says how much', async () => {
    const receiver = await open(variant, { receiveBufferSize: 8192 });
    const sender = await open(variant);
    expect(sender.sendBatch(payloads(0, 400, 500), receiver.address)).toBe(400);
    // Nothing was read yet: the kernel is asked.
    const { kernelDrops } = receiver.stats();
    expect(kernelDrops).toBeGreaterThan(0);
    const inbox = new Collector(receiver);
    await inbox.count(1);
    await until(
      () => inbox.datagrams.length === receiver.stats().datagramsReceived,
      () => 'the rest',
    );
    await turns(3);
    await inbox.fence(sender, receiver.address);
    expect(receiver.stats().kernelDrops).toBe(kernelDrops);
    expect(inbox.datagrams.length).toBeLessThan(400);
    // Without trains each drop is a datagram; a train is dropped as one.
    if (!variant.gso) expect(inbox.datagrams.length + kernelDrops).toBe(400);
  });
});
