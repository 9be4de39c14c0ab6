/** UdpSocket on a fake engine: events, reading, life and end. */

import { once } from 'node:events';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { UdpSocket } from '../../../lib/api/udp-socket.js';
import { codeOf, FakeEngine, text } from './fake-engine.js';

const TO = { address: '192.0.2.1', port: 53 };
const ECONNREFUSED = 111;

let engine: FakeEngine;

beforeEach(() => {
  engine = new FakeEngine();
});

function makeSocket(signal?: AbortSignal): UdpSocket {
  return new UdpSocket(engine, { info: engine.info, signal, debug: true });
}

function arrive(value: string): void {
  engine.arrivals.push([{ bytes: text(value) }]);
  engine.onReadable();
}

describe('reading', () => {
  it('follows the listeners of batch, however they come and go', () => {
    const socket = makeSocket();
    const listener = () => {};
    const reading = () => !engine.paused;
    expect(reading()).toBe(false);
    socket.on('drain', listener);
    expect(reading()).toBe(false);
    for (const [add, remove] of [
      [() => socket.on('batch', listener), () => socket.off('batch', listener)],
      [() => socket.addListener('batch', listener), () => socket.removeListener('batch', listener)],
      [() => socket.prependListener('batch', listener), () => socket.removeAllListeners('batch')],
      [() => socket.once('batch', listener), () => socket.removeAllListeners()],
      [() => socket.prependOnceListener('batch', listener), () => arrive('x')],
    ]) {
      expect(add()).toBe(socket);
      expect(reading()).toBe(true);
      remove();
      expect(reading()).toBe(false);
    }
  });

  it('survives that all listeners are removed', () => {
    const socket = makeSocket();
    const listener = () => {};
    for (let round = 0; round < 2; round++) {
      socket.on('batch', listener);
      expect(engine.paused).toBe(false);
      socket.removeAllListeners();
      expect(engine.paused).toBe(true);
      socket.on('batch', listener).off('batch', listener);
      expect(engine.paused).toBe(true);
    }
  });

  it('goes on while one of two listeners is left', () => {
    const socket = makeSocket();
    const [one, two] = [() => {}, () => {}];
    socket.on('batch', one).on('batch', two).off('batch', one);
    expect(engine.paused).toBe(false);
    socket.off('batch', two);
    expect(engine.paused).toBe(true);
  });

  it('loses nothing that arrives before there is a listener', async () => {
    const socket = makeSocket();
    engine.arrivals.push([{ bytes: text('early') }]);
    engine.onReadable();
    expect(engine.arrivals).toHaveLength(1);
    const seen: number[] = [];
    socket.on('batch', (batch) => seen.push(batch.byteLength(0)));
    engine.onReadable();
    expect(seen).toEqual([5]);
  });

  it('shows the same batch to each listener and poisons it in debug mode', () => {
    const socket = makeSocket();
    const batches = new Set<object>();
    let kept = new Uint8Array(0);
    socket.on('batch', (batch) => batches.add(batch));
    socket.on('batch', (batch) => {
      batches.add(batch);
      kept = batch.payload(0) as Uint8Array<ArrayBuffer>;
    });
    arrive('a');
    expect(batches.size).toBe(1);
    expect([...kept]).toEqual([0xdb]);
  });

  it('stops in the middle of a wake-up when the socket is closed', async () => {
    const socket = makeSocket();
    let calls = 0;
    socket.on('batch', () => {
      calls++;
      void socket.close();
    });
    engine.arrivals.push([{ bytes: text('a') }], [{ bytes: text('b') }]);
    engine.onReadable();
    await socket.close();
    expect(calls).toBe(1);
    expect(engine.closes).toBe(1);
  });

  it('iterates over owned copies until break', async () => {
    const socket = makeSocket();
    const seen: string[] = [];
    const loop = (async () => {
      for await (const batch of socket) {
        seen.push(Buffer.from(batch.payload(0)).toString());
        if (seen.length === 2) break;
      }
    })();
    arrive('a');
    arrive('b');
    await loop;
    expect(seen).toEqual(['a', 'b']);
    expect(engine.paused).toBe(true);
  });

  it('ends its loops by close', async () => {
    const socket = makeSocket();
    const loop = (async () => {
      for await (const _ of socket) throw new Error('nothing was to come');
      return 'done';
    })();
    await socket.close();
    expect(await loop).toBe('done');
  });
});

describe('events of sends', () => {
  it('reach their listeners', async () => {
    const socket = makeSocket();
    const errors: unknown[] = [];
    socket.on('datagramError', (error) => errors.push(error));
    engine.failures.set(0, ECONNREFUSED);
    expect(socket.sendBatch([text('a'), text('b')], TO)).toBe(1);
    expect(errors).toMatchObject([{ index: 0, code: 'ECONNREFUSED', remote: TO }]);
    await once(socket, 'drain');
    engine.room = 0;
    expect(socket.send(text('c'), TO)).toBe(0);
    const drained = once(socket, 'drain');
    engine.onWritable();
    await drained;
  });

  it('tell of late failures with index -1', () => {
    const socket = makeSocket();
    const errors: unknown[] = [];
    socket.on('datagramError', (error) => errors.push(error));
    engine.onSendError({ ...TO, family: 'IPv4' }, ECONNREFUSED);
    expect(errors).toEqual([
      { index: -1, code: 'ECONNREFUSED', errno: -111, remote: { ...TO, family: 'IPv4' } },
    ]);
  });

  it('need no listener', () => {
    const socket = makeSocket();
    engine.failures.set(0, ECONNREFUSED);
    expect(socket.send(text('a'), TO)).toBe(0);
    expect(socket.stats().sendFailures).toBe(1);
    engine.onSendError({ ...TO, family: 'IPv4' }, ECONNREFUSED);
  });
});

describe('close', () => {
  it('happens once, says so once, and resolves each time', async () => {
    const socket = makeSocket();
    const listener = vi.fn();
    socket.on('close', listener);
    await Promise.all([socket.close(), socket.close()]);
    await socket.close();
    await socket[Symbol.asyncDispose]();
    expect(listener).toHaveBeenCalledTimes(1);
    expect(engine.closes).toBe(1);
  });

  it('makes every send throw and keeps the counters', async () => {
    const socket = makeSocket();
    const batch = socket.createSendBatch();
    socket.send(text('a'), TO);
    await socket.close();
    for (const action of [
      () => socket.send(text('a'), TO),
      () => socket.sendBatch([], TO),
      () => socket.sendSegments(text('a'), 1, TO),
      () => socket.createSendBatch(),
      () => batch.reserve(1, TO),
      () => batch.flush(),
    ]) {
      expect(codeOf(action)).toBe('ERR_SOCKET_CLOSED');
    }
    expect(socket.stats().datagramsSent).toBe(1);
    expect(socket.ref().unref()).toBe(socket);
    expect(engine.referenced).toBe(true);
  });

  it('emits nothing but close afterwards', async () => {
    const socket = makeSocket();
    const events: string[] = [];
    socket.on('drain', () => events.push('drain'));
    socket.on('batch', () => events.push('batch'));
    socket.on('datagramError', () => events.push('datagramError'));
    socket.on('close', () => events.push('close'));
    engine.room = 0;
    socket.send(text('a'), TO);
    const closing = socket.close();
    engine.onWritable();
    engine.onSendError({ ...TO, family: 'IPv4' }, ECONNREFUSED);
    arrive('late');
    await closing;
    expect(events).toEqual(['close']);
  });

  it('follows a signal, and lets go of it', async () => {
    const controller = new AbortController();
    const socket = makeSocket(controller.signal);
    const closed = once(socket, 'close');
    controller.abort();
    await closed;
    const other = new AbortController();
    engine = new FakeEngine();
    await makeSocket(other.signal).close();
    other.abort();
    expect(engine.closes).toBe(1);
  });

  it('that fails for a signal is an error event', async () => {
    const controller = new AbortController();
    engine.closeError = new Error('stuck');
    const socket = makeSocket(controller.signal);
    const failed = once(socket, 'error');
    controller.abort();
    expect(await failed).toEqual([engine.closeError]);
    await expect(socket.close()).rejects.toThrow('stuck');
  });
});

describe('ref and unref', () => {
  it('reach the engine and chain', () => {
    const socket = makeSocket();
    expect(socket.unref()).toBe(socket);
    expect(engine.referenced).toBe(false);
    expect(socket.ref()).toBe(socket);
    expect(engine.referenced).toBe(true);
  });
});
