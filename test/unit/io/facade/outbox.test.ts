/** The queue of sends against a kernel that takes what it is told to. */

import { expect, test } from 'vitest';
import { LENGTH, PEER_INTS, PEER_PINS, ROW_SHIFT, STATUS } from '../../../../lib/batch/layout.js';
import { Outbox } from '../../../../lib/io/facade/outbox.js';

const PEER = 3;

function open() {
  const columns = new Int32Array(10 * PEER_INTS);
  const kernel = {
    room: Number.POSITIVE_INFINITY,
    fail: new Map<number, number>(),
    taken: [] as string[],
  };
  const seen = { blocked: 0, settled: [] as [number, number][] };
  const outbox = new Outbox(
    columns,
    (bytes, rows, from, to) => {
      let settled = 0;
      for (let row = from; row < to && kernel.room > 0; row++, settled++, kernel.room--) {
        const at = row << ROW_SHIFT;
        const offset = rows[at] as number;
        const text = Buffer.from(bytes).toString(
          'utf8',
          offset,
          offset + (rows[at + LENGTH] as number),
        );
        const errno = kernel.fail.get(kernel.taken.length) ?? 0;
        rows[at + STATUS] = errno;
        kernel.taken.push(errno === 0 ? text : `refused ${text}`);
      }
      return settled;
    },
    () => {
      seen.blocked++;
    },
  );
  const add = (text: string, sentAtOnce = false): void => {
    outbox.add(text, Buffer.byteLength(text), PEER, sentAtOnce, (errno, bytes) => {
      seen.settled.push([errno, bytes]);
    });
  };
  return { outbox, kernel, seen, add, pins: () => columns[PEER * PEER_INTS + PEER_PINS] };
}

test('each is settled once, in order, with the errno of its own', () => {
  const { outbox, kernel, seen, add, pins } = open();
  kernel.fail.set(1, 90);
  for (const text of ['one', 'two', 'four ä']) add(text);
  expect([outbox.count, outbox.byteLength, pins()]).toEqual([3, 13, 3]);
  outbox.flush();
  expect(kernel.taken).toEqual(['one', 'refused two', 'four ä']);
  expect(seen.settled.map(([errno, bytes]) => [errno + 0, bytes])).toEqual([
    [0, 3],
    [-90, 3],
    [0, 7],
  ]);
  expect([outbox.count, outbox.byteLength, pins()]).toEqual([0, 0, 0]);
});

test('what the kernel has no room for waits, keeps its peer, and goes on in order', () => {
  const { outbox, kernel, seen, add, pins } = open();
  kernel.room = 1;
  for (const text of ['a', 'b', 'c']) add(text);
  outbox.flush();
  expect([kernel.taken, outbox.count, seen.blocked, pins()]).toEqual([['a'], 2, 1, 2]);
  add('d');
  kernel.room = 1;
  outbox.flush();
  kernel.room = 10;
  outbox.flush();
  expect(kernel.taken).toEqual(['a', 'b', 'c', 'd']);
  expect([outbox.count, seen.blocked, pins()]).toEqual([0, 2, 0]);
});

test('while it is blocked, pages are added, and all are sent', () => {
  const { outbox, kernel, add } = open();
  kernel.room = 0;
  add('first');
  outbox.flush();
  for (let i = 0; i < 2500; i++) add(`${i}`);
  add('x'.repeat(60_000));
  expect(outbox.count).toBe(2502);
  kernel.room = Number.POSITIVE_INFINITY;
  outbox.flush();
  expect(kernel.taken.length).toBe(2502);
  expect(kernel.taken.slice(0, 3)).toEqual(['first', '0', '1']);
  expect([outbox.count, outbox.byteLength]).toEqual([0, 0]);
});

test('a full page is sent at once', () => {
  const { outbox, kernel, add } = open();
  for (let i = 0; i < 1025; i++) add('y');
  expect([kernel.taken.length, outbox.count]).toEqual([1024, 1]);
  outbox.flush();
});

test('closed: what the kernel does not take is cancelled, and nothing of this tick is told', () => {
  const { outbox, kernel, seen, add, pins } = open();
  kernel.room = 1;
  add('sent', true);
  add('cancelled', true);
  add('of this tick');
  outbox.close();
  expect(kernel.taken).toEqual(['sent']);
  expect(seen.settled.map(([errno]) => errno + 0)).toEqual([0, -125]);
  expect([outbox.count, pins()]).toEqual([0, 0]);
});
