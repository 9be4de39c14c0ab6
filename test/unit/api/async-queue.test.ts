/** AsyncQueue: order, loops that share, loops that leave, and items that are of no use any more. */

import { describe, expect, it, vi } from 'vitest';
import { AsyncQueue } from '../../../lib/api/async-queue.js';

async function collect<T>(loop: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of loop) items.push(item);
  return items;
}

describe('AsyncQueue', () => {
  it('keeps the order over many pushes and shifts', () => {
    const queue = new AsyncQueue<number>();
    const seen: number[] = [];
    for (let item = 0; item < 1000; item++) {
      queue.push(item);
      if (item % 3 !== 0) seen.push(queue.shift()!);
    }
    while (queue.length > 0) seen.push(queue.shift()!);
    expect(seen).toEqual(Array.from({ length: 1000 }, (_, item) => item));
    expect(queue.shift()).toBeUndefined();
  });

  it('counts the bytes that wait', () => {
    const queue = new AsyncQueue<string>({ sizeOf: (item) => item.length });
    queue.push('abc');
    queue.push('de');
    expect(queue.bytes).toBe(5);
    queue.shift();
    expect(queue.bytes).toBe(2);
  });

  it('tells when an item leaves, whether it waited or not', async () => {
    const onTaken = vi.fn();
    const queue = new AsyncQueue<string>({ onTaken });
    queue.push('a');
    expect(onTaken).not.toHaveBeenCalled();
    const loop = queue.iterate();
    await loop.next();
    expect(onTaken).toHaveBeenLastCalledWith('a');
    const next = loop.next();
    queue.push('b');
    expect(onTaken).toHaveBeenLastCalledWith('b');
    expect(await next).toEqual({ value: 'b', done: false });
  });

  it('gives each item to one loop', async () => {
    const queue = new AsyncQueue<number>();
    const both = [collect(queue.iterate()), collect(queue.iterate())];
    for (let item = 0; item < 10; item++) queue.push(item);
    queue.end();
    const items = (await Promise.all(both)).flat();
    expect(items.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('ends loops after what waits, and takes no more', async () => {
    const queue = new AsyncQueue<string>();
    queue.push('a');
    queue.end();
    queue.push('late');
    expect(await collect(queue.iterate())).toEqual(['a']);
  });

  it('loses nothing to a loop that was left while it waited', async () => {
    const queue = new AsyncQueue<string>();
    const left = queue.iterate();
    const next = left.next();
    await left.return!();
    expect(await next).toEqual({ value: undefined, done: true });
    queue.push('a');
    expect(await left.next()).toEqual({ value: undefined, done: true });
    expect(queue.shift()).toBe('a');
  });

  it('passes over what is of no use any more, and forgets most of it soon', () => {
    const dead = new Set<number>();
    const queue = new AsyncQueue<number>({
      isUseless: (item) => dead.has(item),
      sizeOf: () => 1,
    });
    let longest = 0;
    for (let item = 0; item < 5000; item++) {
      queue.push(item);
      if (item % 100 === 0) continue;
      dead.add(item);
      queue.onUseless();
      longest = Math.max(longest, queue.length);
    }
    expect(longest).toBeLessThan(200);
    const kept: number[] = [];
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) kept.push(item);
    expect(kept).toEqual(Array.from({ length: 50 }, (_, index) => 100 * index));
    expect(queue.bytes).toBe(0);
  });
});
