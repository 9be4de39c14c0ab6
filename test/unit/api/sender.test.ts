/** Sender on a fake engine: counts, order, failures, 'drain', and callers that change things while they are read. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DatagramError, SendOutcome } from '../../../lib/api/send-outcome.js';
import { Sender } from '../../../lib/api/sender.js';
import { PEER_INTS, PEER_PINS, STATUS_SOURCE_GONE } from '../../../lib/batch/layout.js';
import { AddressBook } from '../../../lib/io/address-book.js';
import { codeOf, detach, FakeEngine, text } from './fake-engine.js';

const TO = { address: '192.0.2.1', port: 53 };
const EMSGSIZE = 90;
const EPERM = 1;

let engine: FakeEngine;
let book: AddressBook;
let sender: Sender;
let outcome: SendOutcome;
let errors: DatagramError[];
let drains: number;
let closed: boolean;
let onError: (error: DatagramError) => void;

beforeEach(() => {
  engine = new FakeEngine();
  book = new AddressBook(engine.peers);
  errors = [];
  drains = 0;
  closed = false;
  onError = (error) => errors.push(error);
  outcome = new SendOutcome(engine, book, {
    wantsErrors: () => true,
    datagramError: (error) => onError(error),
    drain: () => drains++,
  });
  sender = new Sender({ engine, book, outcome, isClosed: () => closed });
});

// A drain of one test must not be counted by the next.
afterEach(() => outcome.close());

function payloads(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => text(String(index)));
}

function immediate(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function pins(): number {
  let sum = 0;
  for (let place = PEER_PINS; place < engine.peers.columns.length; place += PEER_INTS) {
    sum += engine.peers.columns[place];
  }
  return sum;
}

describe('send', () => {
  it('sends one datagram', () => {
    expect(sender.send(text('hello'), TO, { ecn: 2 })).toBe(1);
    expect(engine.sentTexts).toEqual(['hello']);
    expect(engine.sent[0]).toMatchObject({ remote: TO, ecn: 2, local: undefined });
  });

  it('takes every kind of bytes', () => {
    const bytes = new Uint8Array([1, 2, 3, 4]);
    const shared = new Uint8Array(new SharedArrayBuffer(2));
    const given = [
      Buffer.from(bytes),
      bytes,
      new DataView(bytes.buffer, 1, 2),
      new Uint16Array(bytes.buffer),
      bytes.buffer,
      shared,
      shared.buffer,
      new Uint8Array(0),
    ];
    for (const payload of given) expect(sender.send(payload, TO, undefined)).toBe(1);
    expect(engine.sent.map((datagram) => [...datagram.bytes])).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
      [2, 3],
      [1, 2, 3, 4],
      [1, 2, 3, 4],
      [0, 0],
      [0, 0],
      [],
    ]);
  });

  it.each([
    ['hello', TO, undefined, 'ERR_INVALID_ARG_TYPE'],
    [undefined, TO, undefined, 'ERR_INVALID_ARG_TYPE'],
    [[1, 2], TO, undefined, 'ERR_INVALID_ARG_TYPE'],
    [Object.create(Uint8Array.prototype), TO, undefined, 'ERR_INVALID_ARG_TYPE'],
    [text('x'), undefined, undefined, 'ERR_INVALID_ARG_TYPE'],
    [text('x'), '192.0.2.1:53', undefined, 'ERR_INVALID_ARG_TYPE'],
    [text('x'), { address: 'localhost', port: 53 }, undefined, 'ERR_INVALID_ADDRESS'],
    [text('x'), { ...TO, family: 'IPv6' }, undefined, 'ERR_INVALID_ADDRESS'],
    [text('x'), { ...TO, port: 0 }, undefined, 'ERR_SOCKET_BAD_PORT'],
    [text('x'), { ...TO, port: 2 ** 32 + 53 }, undefined, 'ERR_SOCKET_BAD_PORT'],
    [text('x'), { ...TO, port: 5.3 }, undefined, 'ERR_SOCKET_BAD_PORT'],
    [text('x'), { ...TO, port: Number.NaN }, undefined, 'ERR_SOCKET_BAD_PORT'],
    [text('x'), TO, { ecn: 4 }, 'ERR_OPTION_RANGE'],
    [text('x'), TO, { ecn: '1' }, 'ERR_OPTION_TYPE'],
    [text('x'), TO, { enc: 1 }, 'ERR_OPTION_UNKNOWN'],
    [text('x'), TO, 2, 'ERR_OPTION_TYPE'],
    [text('x'), TO, { from: '192.0.2.9' }, 'ERR_INVALID_ARG_TYPE'],
    [text('x'), TO, { from: { address: 'eth0', port: 1 } }, 'ERR_INVALID_ADDRESS'],
    [text('x'), TO, { from: { address: '::1', port: 1 } }, 'ERR_INVALID_ADDRESS'],
  ])('refuses %o to %o with %o: %s', (payload, to, options, code) => {
    expect(codeOf(() => sender.send(payload, to, options))).toBe(code);
    expect(engine.sendCalls).toBe(0);
    expect(pins()).toBe(0);
  });

  it('shows the offending value', () => {
    const to = { address: 'example.org', port: 53 };
    expect(() => sender.send(text('x'), to, undefined)).toThrow(/'example\.org'/);
    expect(() => sender.send(text('x'), { ...TO, port: 70000 }, undefined)).toThrow(/70000/);
  });

  it('takes a source with any port, or none', () => {
    for (const from of [{ address: '192.0.2.9' }, { address: '192.0.2.9', port: 0 }]) {
      expect(sender.send(text('x'), TO, { from })).toBe(1);
    }
    for (const { local } of engine.sent) {
      expect(local).toMatchObject({ address: '192.0.2.9', port: engine.local.port });
    }
  });

  it('refuses a detached buffer, also one that a getter takes away', () => {
    const gone = text('gone');
    detach(gone);
    expect(codeOf(() => sender.send(gone, TO, undefined))).toBe('ERR_DETACHED_BUFFER');
    const going = text('going');
    const to = {
      port: 53,
      get address() {
        detach(going);
        return '192.0.2.1';
      },
    };
    expect(codeOf(() => sender.send(going, to, undefined))).toBe('ERR_DETACHED_BUFFER');
    expect(engine.sendCalls).toBe(0);
  });

  it('does not let an own byteLength hide a detached buffer', () => {
    const gone = text('gone');
    detach(gone);
    Object.defineProperty(gone, 'byteLength', { value: 4 });
    expect(codeOf(() => sender.send(gone, TO, undefined))).toBe('ERR_DETACHED_BUFFER');
  });

  it('throws after close, also when a getter closes', () => {
    const to = {
      port: 53,
      get address() {
        closed = true;
        return '192.0.2.1';
      },
    };
    expect(codeOf(() => sender.send(text('x'), to, undefined))).toBe('ERR_SOCKET_CLOSED');
    expect(codeOf(() => sender.send(text('x'), TO, undefined))).toBe('ERR_SOCKET_CLOSED');
    expect(codeOf(() => sender.sendBatch([], TO, undefined))).toBe('ERR_SOCKET_CLOSED');
    expect(codeOf(() => sender.sendSegments(text(''), 1, TO, undefined))).toBe('ERR_SOCKET_CLOSED');
    expect(engine.sendCalls).toBe(0);
  });

  it('reports its failure before it returns', async () => {
    engine.failures.set(0, EMSGSIZE);
    expect(sender.send(text('x'), TO, undefined)).toBe(0);
    expect(errors).toEqual([
      { index: 0, code: 'EMSGSIZE', errno: -EMSGSIZE, remote: { ...TO, family: 'IPv4' } },
    ]);
    expect(drains).toBe(0);
    await immediate();
    expect(drains).toBe(1);
  });

  it('names a source address that is gone', () => {
    engine.failures.set(0, STATUS_SOURCE_GONE);
    expect(sender.send(text('x'), TO, { from: { address: '192.0.2.9', port: 1 } })).toBe(0);
    expect(errors[0]).toMatchObject({ code: 'ESRCGONE', errno: -22 });
  });

  it('returns 0 when blocked, and one drain follows when the engine has room', () => {
    engine.room = 0;
    expect(sender.send(text('x'), TO, undefined)).toBe(0);
    expect(sender.send(text('x'), TO, undefined)).toBe(0);
    expect(errors).toEqual([]);
    outcome.writable();
    outcome.writable();
    expect(drains).toBe(1);
  });
});

describe('sendBatch', () => {
  it.each([0, 1, 20, 21, 64, 65, 1023, 1024, 1025, 2048, 5000, 20000])(
    'sends %i payloads exactly once, in order',
    (count) => {
      expect(sender.sendBatch(payloads(count), TO, undefined)).toBe(count);
      expect(engine.sentTexts).toEqual(Array.from({ length: count }, (_, index) => String(index)));
    },
  );

  it('sends each payload to its own address', () => {
    const to = [3, 1, 2].map((port) => ({ address: '192.0.2.1', port }));
    expect(sender.sendBatch(payloads(3), to, { ecn: 1 })).toBe(3);
    expect(engine.sent.map(({ remote }) => remote.port)).toEqual([3, 1, 2]);
    expect(engine.sent.map(({ ecn }) => ecn)).toEqual([1, 1, 1]);
    expect(pins()).toBe(0);
  });

  it('sends to more addresses than a chunk has rows', () => {
    const to = Array.from({ length: 3000 }, (_, index) => ({
      address: '192.0.2.1',
      port: 1 + (index % 500),
    }));
    expect(sender.sendBatch(payloads(3000), to, undefined)).toBe(3000);
    expect(engine.sent.map(({ remote }) => remote.port)).toEqual(to.map(({ port }) => port));
  });

  it('never sends to an address that took the id of another in the same call', () => {
    const to = Array.from({ length: 1024 }, (_, index) => ({
      address: '192.0.2.1',
      port: 1 + index,
    }));
    for (let round = 0; round < 3; round++) {
      engine.sent.length = 0;
      const other = to.map(({ port }) => ({ address: '192.0.2.1', port: port + round * 1024 }));
      expect(sender.sendBatch(payloads(1024), other, undefined)).toBe(1024);
      expect(engine.sent.map(({ remote }) => remote.port)).toEqual(other.map(({ port }) => port));
    }
    const tooMany = Array.from({ length: 1025 }, (_, index) => ({
      address: '192.0.2.2',
      port: 1 + index,
    }));
    expect(codeOf(() => sender.sendBatch(payloads(1025), tooMany, undefined))).toBe(
      'ERR_PEERS_FULL',
    );
    expect(pins()).toBe(0);
  });

  it.each([
    [text('x'), TO, 'ERR_INVALID_ARG_TYPE'],
    ['xy', TO, 'ERR_INVALID_ARG_TYPE'],
    [[text('x'), 'y'], TO, 'ERR_INVALID_ARG_TYPE'],
    [new Array(2), TO, 'ERR_INVALID_ARG_TYPE'],
    [[text('x')], [], 'ERR_OUT_OF_RANGE'],
    [[text('x')], [TO, TO], 'ERR_OUT_OF_RANGE'],
    [[text('x')], [{ ...TO, port: 0 }], 'ERR_SOCKET_BAD_PORT'],
    [[text('x'), text('y')], [TO, null], 'ERR_INVALID_ARG_TYPE'],
    [[], { address: 'localhost', port: 1 }, 'ERR_INVALID_ADDRESS'],
  ])('refuses %o to %o before anything is sent: %s', (given, to, code) => {
    expect(codeOf(() => sender.sendBatch(given, to, undefined))).toBe(code);
    expect(engine.sendCalls).toBe(0);
    expect(pins()).toBe(0);
    expect(sender.sendBatch(payloads(2), TO, undefined)).toBe(2);
  });

  it.each([0, 1, 5, 1023, 1024, 1500, 2999])('leaves the rest to the caller after %i', (room) => {
    engine.room = room;
    const all = payloads(3000);
    const taken = sender.sendBatch(all, TO, undefined);
    expect(taken).toBe(room);
    engine.room = Number.POSITIVE_INFINITY;
    outcome.writable();
    expect(drains).toBe(1);
    expect(sender.sendBatch(all.slice(taken), TO, undefined)).toBe(3000 - room);
    expect(engine.sentTexts).toEqual(all.map((bytes) => Buffer.from(bytes).toString()));
  });

  it('reports failures at their places and sends the rest', async () => {
    const failing = [0, 700, 1023, 1024, 2999];
    for (const index of failing) engine.failures.set(index, EPERM);
    expect(sender.sendBatch(payloads(3000), TO, undefined)).toBe(3000 - failing.length);
    expect(errors.map(({ index }) => index)).toEqual(failing);
    expect(errors.every(({ code }) => code === 'EPERM')).toBe(true);
    await immediate();
    expect(drains).toBe(1);
  });

  it('makes the place to resume computable when failures and lack of room meet', async () => {
    engine.failures.set(2, EPERM).set(1500, EPERM);
    engine.room = 2000;
    const taken = sender.sendBatch(payloads(3000), TO, undefined);
    expect(taken + errors.length).toBe(2000);
    await immediate();
    expect(drains).toBe(0);
    outcome.writable();
    expect(drains).toBe(1);
  });

  it('keeps its count when a listener throws or sends', async () => {
    engine.failures.set(0, EPERM).set(1, EPERM);
    const thrown: unknown[] = [];
    const catcher = (error: unknown): number => thrown.push(error);
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', catcher);
    onError = (error) => {
      errors.push(error);
      sender.sendBatch([text('inner')], TO, undefined);
      throw new Error('mine');
    };
    try {
      expect(sender.sendBatch(payloads(4), TO, undefined)).toBe(2);
      await immediate();
    } finally {
      process.removeListener('uncaughtException', catcher);
      for (const listener of before) process.on('uncaughtException', listener);
    }
    expect(errors.map(({ index }) => index)).toEqual([0, 1]);
    expect(thrown).toHaveLength(2);
    expect(engine.sentTexts).toEqual(['2', '3', 'inner', 'inner']);
  });

  it('survives sends that getters make while it reads its arguments', () => {
    const first = text('first');
    const inner = { address: '192.0.2.7', port: 7 };
    const given = [first, text('second')];
    const to = [
      TO,
      {
        port: 53,
        get address() {
          sender.sendBatch([text('inner1'), text('inner2')], inner, undefined);
          sender.send(text('inner3'), inner, undefined);
          return '192.0.2.2';
        },
      },
    ];
    expect(sender.sendBatch(given, to, undefined)).toBe(2);
    expect(engine.sentTexts).toEqual(['inner1', 'inner2', 'inner3', 'first', 'second']);
    expect(engine.sent.map(({ remote }) => remote.address)).toEqual([
      '192.0.2.7',
      '192.0.2.7',
      '192.0.2.7',
      '192.0.2.1',
      '192.0.2.2',
    ]);
    expect(pins()).toBe(0);
  });

  it('refuses payloads that a getter takes away, before anything is sent', () => {
    const going = text('going');
    const to = [
      TO,
      {
        port: 53,
        get address() {
          detach(going);
          return '192.0.2.1';
        },
      },
    ];
    const given = [going, text('stays')];
    expect(codeOf(() => sender.sendBatch(given, to, undefined))).toBe('ERR_DETACHED_BUFFER');
    expect(engine.sendCalls).toBe(0);
    expect(pins()).toBe(0);
  });

  it('takes what the array held when it was read', () => {
    const given = payloads(3);
    const proxy = new Proxy(given, {
      get(target, name, receiver) {
        if (name === '2') target[0] = text('late');
        return Reflect.get(target, name, receiver);
      },
    });
    expect(sender.sendBatch(proxy, TO, undefined)).toBe(3);
    expect(engine.sentTexts).toEqual(['0', '1', '2']);
  });

  it('refuses an array that claims an impossible length', () => {
    const liar = new Proxy([text('x')], {
      get: (target, name, receiver) =>
        name === 'length' ? 2 ** 40 : Reflect.get(target, name, receiver),
    });
    expect(codeOf(() => sender.sendBatch(liar, TO, undefined))).toBe('ERR_OUT_OF_RANGE');
  });
});

describe('sendSegments', () => {
  it.each([
    [0, 100, 0],
    [1, 100, 1],
    [100, 100, 1],
    [101, 100, 2],
    [150_000, 1400, 108],
    [5000, 1, 5000],
    [130_000, 65527, 2],
  ])('cuts %i bytes by %i into %i datagrams', (size, segment, count) => {
    const bytes = Uint8Array.from({ length: size }, (_, index) => index % 251);
    expect(sender.sendSegments(bytes, segment, TO, undefined)).toBe(count);
    expect(engine.sent).toHaveLength(count);
    expect(Buffer.concat(engine.sent.map((datagram) => datagram.bytes)).equals(bytes)).toBe(true);
    expect(engine.sent.slice(0, -1).every((datagram) => datagram.bytes.length === segment)).toBe(
      true,
    );
  });

  it('reads a view at its own offset', () => {
    const whole = text('....abcdef....');
    expect(sender.sendSegments(whole.subarray(4, 10), 4, TO, undefined)).toBe(2);
    expect(engine.sentTexts).toEqual(['abcd', 'ef']);
  });

  it.each([0, -1, 1.5, 65528, Number.NaN, 2 ** 32 + 1])('refuses segmentSize %d', (size) => {
    const action = () => sender.sendSegments(text('x'), size, TO, undefined);
    expect(codeOf(action)).toBe('ERR_OUT_OF_RANGE');
  });

  it('refuses a segmentSize that is no number without converting it', () => {
    const size = { valueOf: () => 1 };
    const action = () => sender.sendSegments(text('x'), size, TO, undefined);
    expect(codeOf(action)).toBe('ERR_INVALID_ARG_TYPE');
  });

  it('leaves the rest to the caller and reports failures', () => {
    engine.room = 1500;
    engine.failures.set(1400, EPERM);
    expect(sender.sendSegments(new Uint8Array(3000), 1, TO, undefined)).toBe(1499);
    expect(errors.map(({ index }) => index)).toEqual([1400]);
  });
});

describe('the end', () => {
  it('cancels a drain that was to come', async () => {
    engine.failures.set(0, EPERM);
    sender.send(text('x'), TO, undefined);
    outcome.close();
    await immediate();
    outcome.writable();
    expect(drains).toBe(0);
  });
});
