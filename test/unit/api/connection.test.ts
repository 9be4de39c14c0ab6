/** Connection on a fake core: what is asked of the core, what becomes of its events, and what waits. */

import diagnosticsChannel from 'node:diagnostics_channel';
import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { Connection } from '../../../lib/api/connection.js';
import { DATAGRAM_BYTES_MAX, DATAGRAMS_MAX } from '../../../lib/api/inbox.js';
import type { TransportStream } from '../../../lib/api/stream.js';
import type { CloseInfo } from '../../../lib/core/connection/close-info.js';
import {
  EVENT_CLOSED,
  EVENT_DATAGRAM,
  EVENT_DATAGRAM_ROOM,
  EVENT_MESSAGE,
  EVENT_MESSAGE_DONE,
  EVENT_PATH_MTU,
  EVENT_RESET,
  EVENT_STREAM,
} from '../../../lib/core/event-ring.js';
import { closeInfo, FakeConnection, FakeStream, settled, uncaughtDuring } from './fake-core.js';

const ADDRESS = Object.freeze({ address: '192.0.2.1', port: 4433, family: 'IPv4' } as const);

function make() {
  const core = new FakeConnection();
  const connection = new Connection(core.core, ADDRESS);
  const receive = (kind: number, subject: unknown, value = 0) =>
    connection.dispatch(kind, subject, value);
  const end = (given: Partial<CloseInfo> = {}) => {
    core.phase = 'closed';
    core.closed = closeInfo(given);
    receive(EVENT_CLOSED, core);
  };
  return { core, connection, receive, end };
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

describe('streams of ours', () => {
  it('are opened both ways or one way', () => {
    const { core, connection } = make();
    expect(connection.openStream().unidirectional).toBe(false);
    expect(connection.openStream({ unidirectional: true }).unidirectional).toBe(true);
    expect(core.opened.map((stream) => stream.isUnidirectional)).toEqual([false, true]);
  });

  it('have the marks that the caller wants, or those of the documentation', () => {
    const { connection } = make();
    const stream = connection.openStream();
    expect(stream.writableHighWaterMark).toBe(1 << 20);
    expect(stream.readableHighWaterMark).toBe(256 << 10);
    expect(connection.openStream({ highWaterMark: 0 }).writableHighWaterMark).toBe(0);
    expect(connection.openStream({ highWaterMark: 5 }).readableHighWaterMark).toBe(5);
  });

  it('are served as the caller says, or as documented', () => {
    const { core, connection } = make();
    expect(connection.openStream().priority).toEqual({ urgency: 3, weight: 16 });
    expect(connection.openStream({ urgency: 0 }).priority).toEqual({ urgency: 0, weight: 16 });
    connection.openStream({ urgency: 7, weight: 256 });
    expect(core.opened[2]).toMatchObject({ urgency: 7, weight: 256 });
  });

  it('are refused for options that are none', () => {
    const { connection } = make();
    const refusal = (options: object) => () => connection.openStream(options);
    expect(refusal({ unidirektional: true })).toThrow("did you mean 'unidirectional'?");
    expect(refusal({ highWaterMark: -1 })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_RANGE' }),
    );
  });

  it('are refused when too many wait', () => {
    const { core, connection } = make();
    core.streamsLeft = 0;
    expect(() => connection.openStream()).toThrow(
      expect.objectContaining({ code: 'ERR_STREAM_LIMIT' }),
    );
  });

  it('end with a signal, before or later', async () => {
    const { core, connection } = make();
    expect(() => connection.openStream({ signal: AbortSignal.abort() })).toThrow(
      expect.objectContaining({ name: 'AbortError' }),
    );
    expect(core.opened).toHaveLength(0);
    const abort = new AbortController();
    const stream = connection.openStream({ signal: abort.signal });
    const failed = once(stream, 'error');
    abort.abort();
    expect(await failed).toMatchObject([{ name: 'AbortError' }]);
    expect(core.opened[0]!.resetCode).toBe(0);
  });

  it('are announced on a channel, only while somebody listens', () => {
    const { connection } = make();
    const seen: unknown[] = [];
    const listener = (message: unknown) => seen.push(message);
    connection.openStream();
    diagnosticsChannel.subscribe('burstwire:stream.open', listener);
    const stream = connection.openStream();
    diagnosticsChannel.unsubscribe('burstwire:stream.open', listener);
    connection.openStream();
    expect(seen).toEqual([{ connection, stream }]);
  });
});

describe('streams of the peer', () => {
  it('go to listeners', () => {
    const { connection, receive } = make();
    const seen: number[] = [];
    connection.on('stream', (stream) => seen.push(stream.id));
    receive(EVENT_STREAM, new FakeStream({ id: 1 }));
    receive(EVENT_STREAM, new FakeStream({ id: 5 }));
    expect(seen).toEqual([1, 5]);
  });

  it('wait for a listener, and come in order', async () => {
    const { connection, receive } = make();
    receive(EVENT_STREAM, new FakeStream({ id: 1 }));
    receive(EVENT_STREAM, new FakeStream({ id: 5 }));
    const seen: number[] = [];
    connection.once('stream', (stream) => seen.push(stream.id));
    await settled();
    expect(seen).toEqual([1]);
    connection.on('stream', (stream) => seen.push(stream.id));
    receive(EVENT_STREAM, new FakeStream({ id: 9 }));
    await settled();
    expect(seen).toEqual([1, 5, 9]);
  });

  it('go to loops', async () => {
    const { connection, receive, end } = make();
    receive(EVENT_STREAM, new FakeStream({ id: 1 }));
    const seen: number[] = [];
    const loop = (async () => {
      for await (const stream of connection.streams()) seen.push(stream.id);
    })();
    await settled();
    receive(EVENT_STREAM, new FakeStream({ id: 5 }));
    await settled();
    end();
    await loop;
    expect(seen).toEqual([1, 5]);
  });

  it('that nobody has taken fail silently, and reach nobody then', async () => {
    const { connection, receive } = make();
    const streams = [1, 5].map((id) => new FakeStream({ id }));
    for (const stream of streams) receive(EVENT_STREAM, stream);
    const caught = await uncaughtDuring(() => receive(EVENT_RESET, streams[0], 7));
    expect(caught).toEqual([]);
    const seen: number[] = [];
    connection.on('stream', (stream) => seen.push(stream.id));
    await settled();
    expect(seen).toEqual([5]);
  });

  it('that somebody has taken fail loudly', async () => {
    const { connection, receive } = make();
    connection.on('stream', () => {});
    const stream = new FakeStream({ id: 1 });
    receive(EVENT_STREAM, stream);
    const caught = await uncaughtDuring(() => receive(EVENT_RESET, stream, 7));
    expect(caught).toMatchObject([{ code: 'ERR_STREAM_RESET' }]);
  });

  it('that were all reset before anybody takes them reach nobody', async () => {
    const { connection, receive } = make();
    for (let id = 1; id < 400; id += 4) {
      const stream = new FakeStream({ id });
      receive(EVENT_STREAM, stream);
      receive(EVENT_RESET, stream, 0);
    }
    const onStream = vi.fn();
    connection.on('stream', onStream);
    await settled();
    expect(onStream).not.toHaveBeenCalled();
  });
});

describe('messages', () => {
  it('are lent to the core until they are acknowledged', async () => {
    const { core, connection, receive } = make();
    const bytes = Buffer.from('abc');
    const sent = connection.sendMessage(bytes);
    expect(core.messages[0]!.bytes).toBe(bytes);
    receive(EVENT_MESSAGE_DONE, core.messages[0]!.token, 0);
    await sent;
  });

  it.each([
    [-1, 'ERR_MESSAGE_TOO_LARGE'],
    [-2, 'ERR_QUEUE_FULL'],
  ])('are refused (%i) with %s', async (result, code) => {
    const { core, connection } = make();
    core.messageResult = result;
    await expect(connection.sendMessage(Buffer.from('abc'))).rejects.toMatchObject({ code });
  });

  it('are as urgent as the caller says, or as documented', () => {
    const { core, connection } = make();
    void connection.sendMessage(Buffer.from('abc'));
    void connection.sendMessage(Buffer.from('abc'), { urgency: 0 });
    expect(core.messages.map(({ urgency }) => urgency)).toEqual([3, 0]);
    for (const [options, code] of [
      [{ urgency: 8 }, 'ERR_OPTION_RANGE'],
      [{ urgency: '1' }, 'ERR_OPTION_TYPE'],
      [{ weight: 1 }, 'ERR_OPTION_UNKNOWN'],
    ] as const) {
      const send = () => connection.sendMessage(Buffer.from('abc'), options as never);
      expect(send).toThrow(expect.objectContaining({ code }));
    }
    expect(core.messages).toHaveLength(2);
  });

  it('are bytes, or a TypeError', () => {
    expect(() => make().connection.sendMessage('abc' as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
  });

  it('fail with the connection', async () => {
    const { core, connection, receive } = make();
    const sent = connection.sendMessage(Buffer.from('abc'));
    core.closed = closeInfo({ code: 5 });
    receive(EVENT_MESSAGE_DONE, core.messages[0]!.token, 0x0c);
    await expect(sent).rejects.toMatchObject({
      name: 'ConnectionError',
      code: 'ERR_CONNECTION_APPLICATION',
      remoteCode: 5,
    });
  });

  it('of the peer give their room back when they are taken, not before', async () => {
    const { core, connection, receive } = make();
    receive(EVENT_MESSAGE, Buffer.from('abc'));
    expect(core.taken).toEqual([]);
    const seen: string[] = [];
    connection.on('message', (bytes) => seen.push(text(bytes)));
    await settled();
    receive(EVENT_MESSAGE, Buffer.from('de'));
    expect(seen).toEqual(['abc', 'de']);
    expect(core.taken).toEqual([3, 2]);
  });

  it('of the peer go to loops, each once, and what waits comes before the end', async () => {
    const { core, connection, receive, end } = make();
    for (const part of ['a', 'b', 'c']) receive(EVENT_MESSAGE, Buffer.from(part));
    end();
    const seen: string[] = [];
    for await (const bytes of connection.messages()) seen.push(text(bytes));
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(core.taken).toEqual([1, 1, 1]);
  });
});

describe('datagrams', () => {
  it('tell whether they were kept, and when there is room again', () => {
    const { core, connection, receive } = make();
    const onDrain = vi.fn();
    connection.on('drain', onDrain);
    expect(connection.sendDatagram(Buffer.from('a'))).toBe(true);
    receive(EVENT_DATAGRAM_ROOM, core);
    expect(onDrain).not.toHaveBeenCalled();
    core.datagramResult = 1;
    expect(connection.sendDatagram(Buffer.from('b'))).toBe(false);
    receive(EVENT_DATAGRAM_ROOM, core);
    expect(onDrain).toHaveBeenCalledTimes(1);
  });

  it('are dropped, not thrown, on a connection that is over', () => {
    const { core, connection } = make();
    core.datagramResult = -3;
    expect(connection.sendDatagram(Buffer.from('a'))).toBe(false);
  });

  it('say how large they may be', () => {
    const { core, connection } = make();
    expect(connection.maxDatagramPayload).toBe(1170);
    core.maxDatagramPayload = -1;
    expect(connection.maxDatagramPayload).toBe(0);
  });

  it('wait, the newest of them: entries', async () => {
    const { connection, receive } = make();
    for (let index = 0; index < DATAGRAMS_MAX + 2; index++) {
      receive(EVENT_DATAGRAM, Buffer.from(String(index)));
    }
    expect(connection.stats().datagramsUnread).toBe(2);
    const { value } = await connection.datagrams().next();
    expect(text(value)).toBe('2');
  });

  it('wait, the newest of them: bytes', () => {
    const { connection, receive } = make();
    const half = new Uint8Array(DATAGRAM_BYTES_MAX / 2);
    for (let index = 0; index < 3; index++) receive(EVENT_DATAGRAM, half);
    expect(connection.stats().datagramsUnread).toBe(1);
  });

  it('are never dropped for a listener', () => {
    const { connection, receive } = make();
    const seen = vi.fn();
    connection.on('datagram', seen);
    for (let index = 0; index < DATAGRAMS_MAX + 2; index++) receive(EVENT_DATAGRAM, Buffer.of(1));
    expect(seen).toHaveBeenCalledTimes(DATAGRAMS_MAX + 2);
    expect(connection.stats().datagramsUnread).toBe(0);
  });
});

describe('listeners', () => {
  it('that throw hurt neither the turn nor other events', async () => {
    const { connection, receive } = make();
    const fail = () => {
      throw new Error('from a listener');
    };
    const seen: number[] = [];
    connection.on('message', fail).on('datagram', fail).on('pathMtu', fail).on('stream', fail);
    connection.on('message', () => seen.push(1));
    const caught = await uncaughtDuring(() => {
      receive(EVENT_MESSAGE, Buffer.from('a'));
      receive(EVENT_DATAGRAM, Buffer.from('a'));
      receive(EVENT_PATH_MTU, undefined, 1400);
      receive(EVENT_STREAM, new FakeStream({ id: 1 }));
    });
    expect(caught).toHaveLength(4);
  });

  it('come and go, and waiting is noticed after removeAllListeners', async () => {
    const { connection, receive } = make();
    connection.on('message', () => {});
    connection.removeAllListeners();
    receive(EVENT_MESSAGE, Buffer.from('abc'));
    const seen: string[] = [];
    connection.on('message', (bytes) => seen.push(text(bytes)));
    await settled();
    expect(seen).toEqual(['abc']);
  });
});

describe('the end', () => {
  it('is asked of the core gracefully, with code and reason', async () => {
    const { core, connection, end } = make();
    const closing = connection.close({ code: 3, reason: 'done' });
    expect(core.closes).toEqual([[3, 'done', true]]);
    end({ origin: 'local', code: 3 });
    expect(await closing).toMatchObject({ origin: 'local', code: 3 });
  });

  it('at once is asked with destroy', () => {
    const { core, connection } = make();
    void connection.destroy({ code: 4 });
    expect(core.closes).toEqual([[4, '', false]]);
  });

  it('refuses codes that are none', () => {
    const { core, connection } = make();
    expect(() => connection.close({ code: -1 })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_RANGE' }),
    );
    expect(core.closes).toEqual([]);
  });

  it('gives the core what Node still holds, first', async () => {
    const { core, connection } = make();
    const stream = connection.openStream();
    core.opened[0]!.sendBuffer = 1;
    stream.write('abc');
    stream.write('def');
    void connection.close();
    expect(core.opened[0]!.written).toBe(6);
  });

  it('is told once, by promise and by event, with the same object', async () => {
    const { core, connection, end } = make();
    const onClose = vi.fn();
    connection.on('close', onClose);
    end({ code: 9, reason: 'why' });
    expect(await connection.closed).toBe(core.closed);
    expect(onClose).toHaveBeenCalledExactlyOnceWith(core.closed);
  });

  it('makes every later call fail with one code', async () => {
    const { core, connection, end } = make();
    end({ reason: 'why' });
    const code = 'ERR_CONNECTION_CLOSED';
    expect(() => connection.openStream()).toThrow(expect.objectContaining({ code }));
    await expect(connection.sendMessage(Buffer.of(1))).rejects.toMatchObject({ code });
    expect(core.messages).toEqual([]);
    await expect(connection.close()).resolves.toMatchObject({ reason: 'why' });
  });

  it('reaches the streams: as an error, except in good order', async () => {
    for (const [given, isError] of [
      [{ code: 0 }, false],
      [{ code: 1 }, true],
      [{ origin: 'idle', isApplication: false }, true],
    ] as const) {
      const { connection, end } = make();
      const stream = connection.openStream();
      const onError = vi.fn();
      stream.on('error', onError);
      end(given);
      await settled();
      expect(stream.destroyed).toBe(true);
      expect(onError).toHaveBeenCalledTimes(isError ? 1 : 0);
    }
  });

  it.each([
    [{ origin: 'idle', isApplication: false }, 'ERR_CONNECTION_TIMEOUT'],
    [{ origin: 'discarded', isApplication: false }, 'ERR_CONNECTION_REPLACED'],
    [{ origin: 'reset', isApplication: false }, 'ERR_CONNECTION_RESET'],
    [{ isApplication: false, code: 2, name: 'CONNECTION_REFUSED' }, 'ERR_CONNECTION_REFUSED'],
    [{ isApplication: false, code: 3, name: 'FLOW_CONTROL_ERROR' }, 'ERR_CONNECTION_PROTOCOL'],
    [{ code: 1, name: '1' }, 'ERR_CONNECTION_APPLICATION'],
    [{ origin: 'local', code: 0 }, 'ERR_CONNECTION_CLOSED'],
  ] as const)('%o is an error with code %s', async (given, code) => {
    const { connection, end } = make();
    const stream: TransportStream = connection.openStream();
    const failed = once(stream, 'error');
    stream.write('abc');
    end(given);
    expect(await failed).toMatchObject([{ name: 'ConnectionError', code }]);
  });

  it('is announced on a channel', () => {
    const { core, connection, end } = make();
    const seen: unknown[] = [];
    const listener = (message: unknown) => seen.push(message);
    diagnosticsChannel.subscribe('burstwire:connection.close', listener);
    end();
    diagnosticsChannel.unsubscribe('burstwire:connection.close', listener);
    expect(seen).toEqual([{ connection, closed: core.closed }]);
  });
});

describe('stats', () => {
  it('have the short names, too', () => {
    const { connection } = make();
    expect(connection.stats()).toMatchObject({
      rtt: 1.5,
      cwnd: 12_000,
      lost: 3,
      retransmitted: 4,
      pathMtu: 1452,
      datagramsUnread: 0,
    });
  });
});
