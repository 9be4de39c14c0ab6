/** ReceiveBatch: what a borrowed batch shows, when it stops showing it, and what a copy keeps. */

import { describe, expect, it } from 'vitest';
import { BorrowedBatch } from '../../../lib/api/receive-batch.js';
import { FLAG_SEGMENT, FLAG_TRUNCATED } from '../../../lib/batch/layout.js';
import { AddressBook } from '../../../lib/io/address-book.js';
import { type Arrival, codeOf, detach, FakeEngine, text } from './fake-engine.js';

const ARRIVALS: readonly Arrival[] = [
  { bytes: text('one'), address: '192.0.2.1', port: 1, flags: 2, local: '192.0.2.99' },
  { bytes: text(''), address: '192.0.2.2', port: 2, flags: FLAG_TRUNCATED | 1 },
  { bytes: text('three'), address: '192.0.2.1', port: 1, flags: FLAG_SEGMENT },
];

function fill(arrivals = ARRIVALS) {
  const engine = new FakeEngine();
  const batch = new BorrowedBatch(new AddressBook(engine.peers), engine.local);
  engine.arrivals.push([...arrivals]);
  batch.fill(engine.received, engine.receive());
  return { engine, batch };
}

describe('a borrowed batch', () => {
  it('shows each datagram', () => {
    const { batch, engine } = fill();
    expect(batch.length).toBe(3);
    expect(Buffer.from(batch.payload(0)).toString()).toBe('one');
    expect(batch.payload(1).byteLength).toBe(0);
    expect(batch.remote(0)).toEqual({ address: '192.0.2.1', port: 1, family: 'IPv4' });
    expect(batch.remote(2)).toBe(batch.remote(0));
    expect(batch.remote(1)).not.toBe(batch.remote(0));
    expect(batch.local(0)).toEqual({ address: '192.0.2.99', port: 4433, family: 'IPv4' });
    expect(batch.local(1)).toBe(engine.local);
    expect([batch.ecn(0), batch.ecn(1), batch.ecn(2)]).toEqual([2, 1, 0]);
    expect([batch.truncated(0), batch.truncated(1)]).toEqual([false, true]);
  });

  it('shows the slab without a view for each datagram', () => {
    const { batch } = fill();
    const end = batch.offset(2) + batch.byteLength(2);
    expect(Buffer.from(batch.bytes.subarray(batch.offset(2), end)).toString()).toBe('three');
    expect(batch.payload(2).buffer).toBe(batch.bytes.buffer);
  });

  it.each([-1, 3, 0.5, Number.NaN, 2 ** 32, '0', undefined, null])('refuses index %o', (index) => {
    const { batch } = fill();
    const bad = index as number;
    for (const action of [
      () => batch.payload(bad),
      () => batch.remote(bad),
      () => batch.local(bad),
      () => batch.ecn(bad),
      () => batch.truncated(bad),
      () => batch.offset(bad),
      () => batch.byteLength(bad),
    ]) {
      expect(action).toThrow(RangeError);
      expect(codeOf(action)).toBe('ERR_OUT_OF_RANGE');
    }
  });

  it('shows nothing after its release', () => {
    const { batch } = fill();
    batch.release(false);
    expect(batch.length).toBe(0);
    for (const action of [() => batch.payload(0), () => batch.bytes, () => batch.copy()]) {
      expect(codeOf(action)).toBe('ERR_OUT_OF_RANGE');
      expect(action).toThrow(/copy\(\)/);
    }
  });

  it('poisons what was kept by mistake, and only that', () => {
    const { batch, engine } = fill();
    const kept = batch.payload(0);
    const end = batch.offset(2) + batch.byteLength(2);
    engine.received.bytes[end] = 7;
    batch.release(true);
    expect([...kept]).toEqual([0xdb, 0xdb, 0xdb]);
    expect(engine.received.bytes[end]).toBe(7);
  });

  it('survives that its slab was transferred away', () => {
    const { batch } = fill();
    detach(batch.bytes);
    expect(() => batch.payload(0)).toThrow(TypeError);
    batch.release(true);
    expect(batch.length).toBe(0);
  });
});

describe('a copy', () => {
  it('keeps everything in compact memory of its own', () => {
    const { batch, engine } = fill();
    const copy = batch.copy();
    const remote = batch.remote(0);
    batch.release(true);
    engine.arrivals.push([{ bytes: text('other'), address: '192.0.2.9' }]);
    engine.receive();
    expect(copy.length).toBe(3);
    expect(copy.bytes.byteLength).toBe('onethree'.length);
    expect([0, 1, 2].map((index) => Buffer.from(copy.payload(index)).toString())).toEqual([
      'one',
      '',
      'three',
    ]);
    expect([copy.offset(2), copy.byteLength(2)]).toEqual([3, 5]);
    expect(copy.remote(0)).toBe(remote);
    expect(copy.local(0).address).toBe('192.0.2.99');
    expect([copy.ecn(0), copy.truncated(1)]).toEqual([2, true]);
    expect(codeOf(() => copy.payload(3))).toBe('ERR_OUT_OF_RANGE');
  });

  it('copies rows that do not lie back to back', () => {
    const { batch, engine } = fill();
    // As after a receive of several messages: gaps between them.
    engine.received.bytes.copyWithin(100, 3, 8);
    engine.received.rows[2 * 16] = 100;
    const copy = batch.copy();
    expect(Buffer.from(copy.bytes).toString()).toBe('onethree');
  });

  it('can be copied again', () => {
    const { batch } = fill();
    const first = batch.copy();
    const second = first.copy();
    first.bytes.fill(0);
    expect(Buffer.from(second.payload(2)).toString()).toBe('three');
  });
});
