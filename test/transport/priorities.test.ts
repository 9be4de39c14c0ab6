/**
 * Urgencies and weights of streams over real sockets: what a receiver sees of them while a rate limit makes them compete.
 */

import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Connection, TransportStream } from '../../lib/index.js';
import { until, within } from '../conformance/support/waiting.js';
import { collect, hashOf, seeded } from './support/bytes.js';
import { pair } from './support/pair.js';
import { engines } from './support/variants.js';

const LIMIT = { client: { connectionRateLimit: 4_000_000 } };
const BULK = Buffer.alloc(3_500_000);

/** Bytes received by id of their stream; `streams` by id as well. */
function watch(connection: Connection) {
  const received = new Map<number, number>();
  const streams = new Map<number, TransportStream>();
  connection.on('stream', (stream) => {
    streams.set(stream.id, stream);
    received.set(stream.id, 0);
    stream.on('data', (bytes: Buffer) => {
      received.set(stream.id, received.get(stream.id)! + bytes.length);
    });
  });
  const sum = (): number => [...received.values()].reduce((left, right) => left + right, 0);
  return { received, streams, sum };
}

describe.each(engines)('priorities: $name', (variant) => {
  it('share by weight, within five in a hundred', async () => {
    // In packets of 64 KiB the least share would be four packets.
    const client = { ...LIMIT.client, maxDatagramSize: 1452 };
    const { here, there } = await pair(variant, { client });
    const { received, sum } = watch(there);
    const weights = [1, 2, 4, 8];
    for (const weight of weights) {
      here.openStream({ unidirectional: true, weight }).write(BULK);
    }
    await until(
      () => sum() > 500_000,
      () => `the beginning: ${sum()} bytes`,
    );
    const before = [...received];
    const first = sum();
    await until(
      () => sum() > first + 4_000_000,
      () => `4 MB more: ${sum()} bytes`,
    );
    const total = sum() - first;
    for (const [index, [id, bytes]] of before.entries()) {
      const share = (received.get(id)! - bytes) / ((total * weights[index]!) / 15);
      expect(Math.abs(share - 1)).toBeLessThan(0.05);
    }
  });

  it('let an urgent stream pass, and the bulk goes on behind it', async () => {
    const { here, there } = await pair(variant, LIMIT);
    const { received, streams, sum } = watch(there);
    const bulk = here.openStream({ unidirectional: true });
    bulk.write(BULK);
    await until(
      () => sum() > 500_000,
      () => `the bulk: ${sum()} bytes`,
    );
    const urgent = here.openStream({ unidirectional: true, urgency: 0, weight: 1 });
    urgent.end(BULK.subarray(0, 800_000));
    await until(
      () => (received.get(urgent.id) ?? 0) > 0,
      () => 'the urgent stream',
    );
    const before = received.get(bulk.id)!;
    await within(once(streams.get(urgent.id)!, 'end'), () => 'its end');
    expect(received.get(bulk.id)! - before).toBeLessThan(200_000);
    await until(
      () => received.get(bulk.id)! > before + 1_000_000,
      () => `the bulk again: ${received.get(bulk.id)} bytes`,
    );
  });

  it('change while streams send, also those of the peer', async () => {
    const { here, there } = await pair(variant, { server: { connectionRateLimit: 4_000_000 } });
    const asked = [here.openStream(), here.openStream()];
    let taken = 0;
    there.on('stream', (stream) => {
      stream.resume();
      stream.write(BULK);
      // The second one is put behind the first once both send.
      if (++taken === 2) stream.setPriority({ urgency: 7 });
      if (taken === 2) expect(stream.priority).toEqual({ urgency: 7, weight: 16 });
    });
    const sizes = [0, 0];
    asked.forEach((stream, index) => {
      stream.on('data', (bytes: Buffer) => {
        sizes[index]! += bytes.length;
      });
      stream.write('?');
    });
    await until(
      () => sizes[0]! > 2_000_000,
      () => `the first one: ${sizes[0]} bytes`,
    );
    expect(sizes[1]).toBeLessThan(500_000);
  });

  it('let a message overtake those before it', async () => {
    const { here, there } = await pair(variant, LIMIT);
    const order: number[] = [];
    there.on('message', (bytes) => order.push(bytes.length));
    const sent = Array.from({ length: 8 }, () => here.sendMessage(BULK.subarray(0, 100_000)));
    sent.push(here.sendMessage(BULK.subarray(0, 1), { urgency: 0 }));
    await Promise.all(sent);
    await until(
      () => order.length === 9,
      () => `all messages, not ${order.length}`,
    );
    expect(order[0]).toBe(1);
  });

  it('change nothing in what arrives', async () => {
    const { here, there } = await pair(variant);
    there.on('stream', (stream) => stream.pipe(stream));
    const streams = Array.from({ length: 60 }, (_, number) =>
      here.openStream({ urgency: number % 8, weight: 1 + ((number * 37) % 256) }),
    );
    streams.forEach((stream, number) => {
      stream.write(seeded(20_000, number));
      stream.setPriority({ urgency: (number * 5) % 8 });
      stream.end(seeded(20_000, number + 100));
    });
    const echoes = await Promise.all(streams.map(collect));
    echoes.forEach((echo, number) => {
      expect(hashOf(echo.subarray(0, 20_000))).toBe(hashOf(seeded(20_000, number)));
      expect(hashOf(echo.subarray(20_000))).toBe(hashOf(seeded(20_000, number + 100)));
    });
  });
});
