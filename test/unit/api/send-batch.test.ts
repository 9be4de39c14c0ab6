/** SendBatch on a fake engine: room, order, what a flush keeps, pins, and memory that was taken away. */

import { beforeEach, describe, expect, it } from 'vitest';
import { SendBatch } from '../../../lib/api/send-batch.js';
import { type DatagramError, SendOutcome } from '../../../lib/api/send-outcome.js';
import { PEER_INTS, PEER_PINS } from '../../../lib/batch/layout.js';
import { AddressBook } from '../../../lib/io/address-book.js';
import { codeOf, detach, FakeEngine, text } from './fake-engine.js';

const TO = { address: '192.0.2.1', port: 53 };
const EPERM = 1;

let engine: FakeEngine;
let errors: DatagramError[];
let drains: number;
let closed: boolean;
let onError: (error: DatagramError) => void;

beforeEach(() => {
  engine = new FakeEngine();
  errors = [];
  drains = 0;
  closed = false;
  onError = (error) => errors.push(error);
});

function makeBatch(options?: { datagrams?: number; bytes?: number }): SendBatch {
  const book = new AddressBook(engine.peers);
  const outcome = new SendOutcome(engine, book, {
    wantsErrors: () => true,
    datagramError: (error) => onError(error),
    drain: () => drains++,
  });
  engine.onWritable = () => outcome.writable();
  return new SendBatch({ engine, book, outcome, isClosed: () => closed }, options);
}

function put(batch: SendBatch, value: string, to = TO): void {
  const bytes = text(value);
  batch.reserve(bytes.byteLength, to).set(bytes);
}

function pins(): number {
  let sum = 0;
  for (let place = PEER_PINS; place < engine.peers.columns.length; place += PEER_INTS) {
    sum += engine.peers.columns[place];
  }
  return sum;
}

describe('reserve', () => {
  it('lays datagrams back to back', () => {
    const batch = makeBatch();
    const one = batch.reserve(3, TO);
    const two = batch.reserve(0, TO);
    const three = batch.reserve(5, TO, { ecn: 1, from: { address: '192.0.2.9', port: 1 } });
    expect([one.byteOffset, two.byteOffset, three.byteOffset]).toEqual([0, 3, 3]);
    expect(one.buffer).toBe(three.buffer);
    expect(batch.length).toBe(3);
    one.set(text('one'));
    three.set(text('three'));
    expect(batch.flush()).toBe(3);
    expect(engine.sentTexts).toEqual(['one', '', 'three']);
    expect(engine.sent[2]).toMatchObject({ ecn: 1, local: { address: '192.0.2.9' } });
    expect(batch.length).toBe(0);
  });

  it('can do without a view', () => {
    const batch = makeBatch();
    put(batch, 'ab');
    const offset = batch.reserveOffset(2, TO);
    batch.bytes.set(text('cd'), offset);
    expect(batch.flush()).toBe(2);
    expect(engine.sentTexts).toEqual(['ab', 'cd']);
  });

  it('says when there is no room, by rows and by bytes', () => {
    const rows = makeBatch({ datagrams: 2 });
    expect(rows.fits(65527)).toBe(true);
    put(rows, 'a');
    put(rows, 'b');
    expect(rows.fits(0)).toBe(false);
    expect(() => rows.reserve(0, TO)).toThrow(RangeError);
    expect(codeOf(() => rows.reserve(0, TO))).toBe('ERR_BATCH_FULL');
    const bytes = makeBatch({ bytes: 10 });
    bytes.reserve(6, TO);
    expect([bytes.fits(4), bytes.fits(5)]).toEqual([true, false]);
    expect(codeOf(() => bytes.reserve(5, TO))).toBe('ERR_BATCH_FULL');
    expect(bytes.length).toBe(1);
    expect(pins()).toBe(3);
  });

  it.each([
    [-1, TO, undefined, 'ERR_OUT_OF_RANGE'],
    [1.5, TO, undefined, 'ERR_OUT_OF_RANGE'],
    [65528, TO, undefined, 'ERR_OUT_OF_RANGE'],
    [2 ** 32 + 1, TO, undefined, 'ERR_OUT_OF_RANGE'],
    ['1', TO, undefined, 'ERR_INVALID_ARG_TYPE'],
    [1, undefined, undefined, 'ERR_INVALID_ARG_TYPE'],
    [1, { ...TO, port: 0 }, undefined, 'ERR_SOCKET_BAD_PORT'],
    [1, TO, { ecn: 9 }, 'ERR_OPTION_RANGE'],
    [1, TO, { from: { address: '::1', port: 1 } }, 'ERR_INVALID_ADDRESS'],
  ])('refuses %o bytes to %o with %o: %s', (size, to, options, code) => {
    const batch = makeBatch();
    const action = () => batch.reserve(size as number, to as typeof TO, options as object);
    expect(codeOf(action)).toBe(code);
    expect(batch.length).toBe(0);
    expect(pins()).toBe(0);
  });

  it('stays whole when a getter reserves, flushes or closes', () => {
    const batch = makeBatch({ datagrams: 2 });
    const nested = {
      port: 53,
      get address() {
        put(batch, 'inner');
        return '192.0.2.2';
      },
    };
    put(batch, 'outer', nested);
    expect(codeOf(() => batch.reserve(1, nested))).toBe('ERR_BATCH_FULL');
    expect(batch.flush()).toBe(2);
    expect(engine.sentTexts).toEqual(['inner', 'outer']);
    const closing = {
      port: 53,
      get address() {
        closed = true;
        return '192.0.2.2';
      },
    };
    expect(codeOf(() => batch.reserve(1, closing))).toBe('ERR_SOCKET_CLOSED');
    expect(batch.length).toBe(0);
  });

  it.each([{ datagrams: 0 }, { bytes: 0 }, { datagrams: 65537 }, { datagrams: 1.5 }])(
    'is not offered by a batch of %o',
    (options) => {
      expect(codeOf(() => makeBatch(options))).toBe('ERR_OPTION_RANGE');
    },
  );
});

describe('flush', () => {
  it('of nothing calls no engine', () => {
    expect(makeBatch().flush()).toBe(0);
    expect(engine.sendCalls).toBe(0);
  });

  it('keeps what the kernel did not take, in order, over many short counts', () => {
    const batch = makeBatch({ datagrams: 8, bytes: 64 });
    const expected: string[] = [];
    let next = 0;
    for (let round = 0; round < 200; round++) {
      while (batch.fits(5) && next < 1000) {
        const value = `${next}`.padStart(5, '0').slice(0, 1 + (next % 5));
        expected.push(value);
        put(batch, value);
        next++;
      }
      engine.room = (round * 7) % 6;
      const pending = batch.length;
      const taken = batch.flush();
      expect(batch.length).toBe(pending - taken);
    }
    engine.room = Number.POSITIVE_INFINITY;
    batch.flush();
    expect(engine.sentTexts).toEqual(expected);
    expect(next).toBeGreaterThan(100);
    expect(pins()).toBe(0);
  });

  it('frees the room of what was taken', () => {
    const batch = makeBatch({ datagrams: 4, bytes: 16 });
    for (const value of ['aaaa', 'bbbb', 'cccc', 'dddd']) put(batch, value);
    engine.room = 3;
    expect(batch.flush()).toBe(3);
    expect(batch.fits(12)).toBe(true);
    put(batch, 'eeeeeeeeeeee');
    engine.room = Number.POSITIVE_INFINITY;
    expect(batch.flush()).toBe(2);
    expect(engine.sentTexts.slice(3)).toEqual(['dddd', 'eeeeeeeeeeee']);
  });

  it('is followed by one drain after a short count', () => {
    const batch = makeBatch();
    put(batch, 'a');
    engine.room = 0;
    expect(batch.flush()).toBe(0);
    expect(batch.flush()).toBe(0);
    engine.onWritable();
    engine.onWritable();
    expect(drains).toBe(1);
  });

  it('reports failures at their places in this flush and removes them', () => {
    const batch = makeBatch();
    for (const value of ['a', 'b', 'c', 'd']) put(batch, value);
    engine.failures.set(1, EPERM);
    engine.room = 2;
    expect(batch.flush()).toBe(1);
    expect(errors).toMatchObject([{ index: 1, code: 'EPERM', remote: TO }]);
    expect(batch.length).toBe(2);
    engine.failures.set(3, EPERM);
    engine.room = Number.POSITIVE_INFINITY;
    expect(batch.flush()).toBe(1);
    expect(errors[1].index).toBe(1);
    expect(engine.sentTexts).toEqual(['a', 'c']);
    expect(pins()).toBe(0);
  });

  it('has sorted itself out before its listeners run', () => {
    const batch = makeBatch();
    for (const value of ['a', 'b', 'c']) put(batch, value);
    engine.failures.set(0, EPERM);
    engine.room = 2;
    onError = () => {
      engine.room = Number.POSITIVE_INFINITY;
      put(batch, 'late');
      expect(batch.flush()).toBe(2);
    };
    expect(batch.flush()).toBe(1);
    expect(engine.sentTexts).toEqual(['b', 'c', 'late']);
  });

  it('holds its peers against a flood until they are sent', () => {
    const batch = makeBatch();
    put(batch, 'mine');
    expect(pins()).toBe(1);
    engine.peers.endSend();
    for (let port = 1; port <= 5000; port++) {
      engine.peers.beginReceive();
      engine.peers.internReceived('198.51.100.1', port);
    }
    expect(batch.flush()).toBe(1);
    expect(engine.sent[0].remote).toMatchObject(TO);
    expect(pins()).toBe(0);
  });

  it('throws after close', () => {
    const batch = makeBatch();
    put(batch, 'a');
    closed = true;
    expect(codeOf(() => batch.flush())).toBe('ERR_SOCKET_CLOSED');
    expect(codeOf(() => batch.reserve(1, TO))).toBe('ERR_SOCKET_CLOSED');
  });
});

describe('clear', () => {
  it('forgets what is pending', () => {
    const batch = makeBatch({ datagrams: 1 });
    put(batch, 'a');
    batch.clear();
    expect([batch.length, pins(), batch.fits(1)]).toEqual([0, 0, true]);
    expect(batch.flush()).toBe(0);
  });

  it('brings new memory after the old was transferred away', () => {
    const batch = makeBatch();
    detach(batch.reserve(1, TO));
    expect(codeOf(() => batch.flush())).toBe('ERR_DETACHED_BUFFER');
    expect(codeOf(() => batch.reserve(1, TO))).toBe('ERR_DETACHED_BUFFER');
    batch.clear();
    put(batch, 'b');
    expect(batch.flush()).toBe(1);
    expect(engine.sentTexts).toEqual(['b']);
  });
});
