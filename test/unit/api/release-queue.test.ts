/** ReleaseQueue: callbacks by offset, in order, each once. */

import { describe, expect, it, vi } from 'vitest';
import { ReleaseQueue } from '../../../lib/api/release-queue.js';

describe('ReleaseQueue', () => {
  it('calls back in order, up to the offset and not beyond', () => {
    const queue = new ReleaseQueue();
    const seen: number[] = [];
    for (let end = 1; end <= 500; end++) queue.push(end, () => seen.push(end));
    queue.release(0.5);
    expect(seen).toEqual([]);
    for (let offset = 3; offset <= 498; offset += 5) queue.release(offset);
    expect(seen).toEqual(Array.from({ length: 498 }, (_, index) => index + 1));
    expect(queue.length).toBe(2);
  });

  it('calls back at once for bytes of none', () => {
    const queue = new ReleaseQueue();
    const callback = vi.fn();
    queue.push(3, callback);
    queue.push(3, callback);
    queue.release(3);
    expect(callback).toHaveBeenCalledTimes(2);
  });

  it('takes what a callback pushes', () => {
    const queue = new ReleaseQueue();
    const later = vi.fn();
    queue.push(1, () => queue.push(2, later));
    queue.release(1);
    expect(later).not.toHaveBeenCalled();
    queue.release(2);
    expect(later).toHaveBeenCalledTimes(1);
  });

  it('fails the rest, once', () => {
    const queue = new ReleaseQueue();
    const [done, failed] = [vi.fn(), vi.fn()];
    queue.push(1, done);
    queue.push(2, failed);
    queue.release(1);
    const error = new Error('over');
    queue.fail(error);
    queue.fail(error);
    queue.release(9);
    expect(done).toHaveBeenCalledExactlyOnceWith(undefined);
    expect(failed).toHaveBeenCalledExactlyOnceWith(error);
  });

  it('may be failed out of a callback', () => {
    const queue = new ReleaseQueue();
    const after = vi.fn();
    const error = new Error('over');
    queue.push(1, () => queue.fail(error));
    queue.push(1, after);
    queue.release(1);
    expect(after).toHaveBeenCalledExactlyOnceWith(error);
    expect(queue.length).toBe(0);
  });
});
