/**
 * Memory that cannot be had, in the middle of transfers over real sockets: the connection that needed it ends alone, by a
 * name; the endpoint and its other connections go on. test/unit/core/endpoint/faults.test.ts tries each call without a
 * socket.
 */

import { once } from 'node:events';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Connection } from '../../lib/index.js';
import { until, within } from '../conformance/support/waiting.js';
import { hashOf, seeded } from '../transport/support/bytes.js';
import { ignore, join, open } from '../transport/support/pair.js';
import { engines } from '../transport/support/variants.js';

/** Which call for memory fails, of all endpoints of this file: -1 is none. */
const scarce = vi.hoisted(() => ({ calls: 0, from: -1, failures: 0, wanted: 1 }));

vi.mock('../../lib/io/memory.js', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../lib/io/memory.js')>();
  const openMemory: typeof original.openMemory = (binding) => {
    const memory = original.openMemory(binding);
    return {
      allocate(byteLength) {
        const call = scarce.calls++;
        if (scarce.from >= 0 && call >= scarce.from && scarce.failures < scarce.wanted) {
          scarce.failures++;
          throw new RangeError('Array buffer allocation failed');
        }
        return memory.allocate(byteLength);
      },
      gather: memory.gather,
    };
  };
  return { ...original, openMemory };
});

/** Memory is gone behind so many more calls for it, for so many of them. */
function failAfter(calls: number, wanted = 1): void {
  Object.assign(scarce, { calls: 0, from: calls, failures: 0, wanted });
}

const BYTES = 1_000_000;

/** What a server has of a transfer. */
interface Arrival {
  readonly chunks: Buffer[];
  isEnded: boolean;
}

/** Begins to send; what the other side gets of it. */
function transfer(from: Connection, to: Connection, bytes: Uint8Array): Arrival {
  const arrival: Arrival = { chunks: [], isEnded: false };
  to.once('stream', (stream) => {
    stream.on('error', ignore);
    stream.on('data', (chunk: Buffer) => arrival.chunks.push(chunk));
    stream.on('end', () => {
      arrival.isEnded = true;
    });
  });
  const stream = from.openStream({ unidirectional: true });
  stream.on('error', ignore);
  stream.end(bytes);
  return arrival;
}

const isWhole = ({ chunks, isEnded }: Arrival, bytes: Uint8Array): boolean =>
  isEnded && hashOf(Buffer.concat(chunks)) === hashOf(bytes);

// The warning that the user gets is not what is looked at here, and must not end in the output of the tests.
beforeAll(() => void vi.spyOn(process, 'emitWarning').mockImplementation(ignore));

describe.each(engines)('memory that cannot be had: $name', (variant) => {
  it.each([
    ['at once', 0],
    ['in the middle', 7],
    ['late', 15],
  ])('ends the one connection that needed it: %s', async (_name, calls) => {
    const server = await open(variant);
    const joined = [
      await join(await open(variant), server),
      await join(await open(variant), server),
    ];
    const bytes = seeded(BYTES, 1 + calls);
    failAfter(calls);
    const arrivals = joined.map(([here, there]) => transfer(here, there, bytes));
    await until(
      () => scarce.failures > 0 && arrivals.some(({ isEnded }) => isEnded),
      () => 'a failure, and the end of a transfer',
    );
    const ended = joined.filter(([, there]) => !server.connections.has(there));
    expect(ended.length).toBe(1);
    const [[here, there]] = ended;
    const name = 'INTERNAL_ERROR';
    expect(await within(there.closed, () => 'closed')).toMatchObject({ origin: 'local', name });
    expect(await within(here.closed, () => 'closed')).toMatchObject({ origin: 'remote', name });
    expect(server.stats().faults).toBe(1);
    const spared = joined.findIndex((pair) => pair[1] !== there);
    expect(isWhole(arrivals[spared], bytes)).toBe(true);
    expect(isWhole(arrivals[1 - spared], bytes)).toBe(false);
    // The endpoint is sound: the next connection finds it so.
    const [late, lateThere] = await join(await open(variant), server);
    const arrival = transfer(late, lateThere, bytes);
    await until(
      () => arrival.isEnded,
      () => 'the end of the next transfer',
    );
    expect(isWhole(arrival, bytes)).toBe(true);
    expect(server.stats().faults).toBe(1);
  });

  it('for as long as it lasts ends each connection that needs it, and no endpoint', async () => {
    const server = await open(variant);
    const joined = [
      await join(await open(variant), server),
      await join(await open(variant), server),
      await join(await open(variant), server),
    ];
    const [[idle, idleThere], ...busy] = joined;
    const bytes = seeded(BYTES, 99);
    failAfter(0, Number.POSITIVE_INFINITY);
    for (const [here, there] of busy) transfer(here, there, bytes);
    for (const [here, there] of busy) {
      expect(await within(there.closed, () => 'closed')).toMatchObject({ origin: 'local' });
      expect(await within(here.closed, () => 'closed')).toMatchObject({ name: 'INTERNAL_ERROR' });
    }
    expect(server.stats().faults).toBeGreaterThanOrEqual(busy.length);
    failAfter(-1);
    expect([...server.connections]).toEqual([idleThere]);
    const arrival = transfer(idle, idleThere, bytes);
    await until(
      () => arrival.isEnded,
      () => 'the end of the transfer',
    );
    expect(isWhole(arrival, bytes)).toBe(true);
    server.close();
    await within(once(server, 'close'), () => "'close'");
  });
});
