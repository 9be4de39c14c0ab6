/** TransportStream on a fake core stream: writing, reading, ending, giving up. */

import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { describe, expect, it, vi } from 'vitest';
import { TransportStream } from '../../../lib/api/stream.js';
import { FakeStream, type FakeStreamKind, settled, uncaughtDuring } from './fake-core.js';
import { detach } from './fake-engine.js';

function make(kind: FakeStreamKind = {}, highWaterMark?: number) {
  const core = new FakeStream(kind);
  const host = { onStreamGone: vi.fn() };
  const stream = new TransportStream(core.core, host, highWaterMark);
  return { core, stream, host };
}

const error = new Error('the connection is over');

describe('writing', () => {
  it('hands the very chunk on, uncopied', () => {
    const { core, stream } = make();
    const chunk = Buffer.from('abc');
    stream.write(chunk);
    expect(core.chunks[0]).toBe(chunk);
  });

  it('shares the memory of a Uint8Array', () => {
    const { core, stream } = make();
    const chunk = Uint8Array.of(1, 2, 3);
    stream.write(chunk);
    expect(core.chunks[0]!.buffer).toBe(chunk.buffer);
    expect(core.chunks[0]!.byteOffset).toBe(chunk.byteOffset);
  });

  it('calls back when the peer has acknowledged the chunk, and not before', async () => {
    const { core, stream } = make();
    const [one, two] = [vi.fn(), vi.fn()];
    stream.write('abc', one);
    stream.write('de', two);
    await settled();
    expect(one).not.toHaveBeenCalled();
    core.acknowledge(4);
    stream.onWritable();
    expect(one).toHaveBeenCalledExactlyOnceWith(undefined);
    expect(two).not.toHaveBeenCalled();
    core.acknowledge(1);
    stream.onWritable();
    expect(two).toHaveBeenCalledTimes(1);
  });

  it('counts writes without a callback, and strings in their encoding', async () => {
    const { core, stream } = make();
    const callback = vi.fn();
    stream.write('aé');
    stream.write('0a0b', 'hex');
    stream.setDefaultEncoding('base64');
    stream.write('AAAA');
    stream.write(Buffer.alloc(2), callback);
    await settled();
    expect(core.written).toBe(3 + 2 + 3 + 2);
    core.acknowledge(9);
    stream.onWritable();
    expect(callback).not.toHaveBeenCalled();
    core.acknowledge(1);
    stream.onWritable();
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it('calls back at once for bytes that are acknowledged already', async () => {
    const { core, stream } = make();
    const callback = vi.fn();
    stream.write('abc', callback);
    core.acknowledge();
    await settled();
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it('pushes back when the core is full, and goes on when there is room', async () => {
    const { core, stream } = make({}, 4);
    core.sendBuffer = 6;
    expect(stream.write('abc')).toBe(true);
    expect(stream.write('def')).toBe(true);
    const onDrain = vi.fn();
    stream.on('drain', onDrain);
    expect(stream.write('ghi')).toBe(false);
    await settled();
    expect(core.written).toBe(6);
    expect(onDrain).not.toHaveBeenCalled();
    core.acknowledge(3);
    stream.onWritable();
    await settled();
    expect(core.written).toBe(9);
    core.acknowledge(6);
    stream.onWritable();
    await settled();
    expect(onDrain).toHaveBeenCalledTimes(1);
  });

  it('hands what was corked over in one go', async () => {
    const { core, stream } = make();
    stream.cork();
    stream.write('a');
    stream.write('b');
    expect(core.written).toBe(0);
    stream.uncork();
    expect(core.written).toBe(2);
  });

  it('finishes when the end is acknowledged', async () => {
    const { core, stream } = make();
    const onFinish = vi.fn();
    stream.on('finish', onFinish);
    stream.end('abc');
    await settled();
    expect(core.hasFin).toBe(true);
    expect(onFinish).not.toHaveBeenCalled();
    core.acknowledge();
    stream.onFinished();
    await settled();
    expect(onFinish).toHaveBeenCalledTimes(1);
    expect(stream.destroyed).toBe(false);
  });

  it('of a chunk whose buffer is gone throws', () => {
    const { core, stream } = make();
    const chunk = new Uint8Array(10);
    detach(chunk);
    expect(() => stream.write(chunk)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_DETACHED_BUFFER' }),
    );
    expect(stream.destroyed).toBe(false);
    expect(stream.write(new Uint8Array(0))).toBe(true);
    expect(core.written).toBe(0);
  });

  it.each([1, 2])('fails when the buffer goes before the core has the chunk: %d', async (count) => {
    const { core, stream } = make();
    core.sendBuffer = 1;
    const failed = once(stream, 'error');
    stream.write('x');
    const chunks = Array.from({ length: count }, () => new Uint8Array(10));
    const callback = vi.fn();
    for (const chunk of chunks) stream.write(chunk, callback);
    detach(chunks[count - 1]!);
    core.acknowledge();
    stream.onWritable();
    const gone = expect.objectContaining({ code: 'ERR_DETACHED_BUFFER' });
    expect(await failed).toEqual([gone]);
    expect(callback.mock.calls).toEqual(chunks.map(() => [gone]));
    expect([core.resetCode, core.stopCode]).toEqual([0, 0]);
  });

  it('fails when the buffer goes before the chunk is delivered', async () => {
    const { core, stream } = make();
    const callback = vi.fn();
    const failed = once(stream, 'error');
    stream.write('abc', callback);
    stream.onChunkGone();
    const gone = expect.objectContaining({ code: 'ERR_DETACHED_BUFFER' });
    expect(await failed).toEqual([gone]);
    expect(callback).toHaveBeenCalledExactlyOnceWith(gone);
    expect([core.resetCode, core.stopCode]).toEqual([0, 0]);
  });

  it('goes on although a callback throws', async () => {
    const { core, stream } = make();
    const after = vi.fn();
    stream.write('a', () => {
      throw new Error('from a callback');
    });
    stream.write('b', after);
    const caught = await uncaughtDuring(async () => {
      await settled();
      core.acknowledge();
      stream.onWritable();
    });
    expect(caught).toEqual([new Error('from a callback')]);
    expect(after).toHaveBeenCalledTimes(1);
  });

  it('gives all that waits to the core before the connection closes', async () => {
    const { core, stream } = make();
    core.sendBuffer = 1;
    for (const text of ['abc', 'def', 'ghi']) stream.write(text);
    stream.end();
    expect(core.written).toBe(3);
    stream.flushBeforeClose();
    await settled();
    expect(core.written).toBe(9);
    expect(core.hasFin).toBe(true);
  });
});

describe('reading', () => {
  it('leaves bytes with the core until somebody reads', () => {
    const { core, stream } = make();
    core.arrive('abc');
    stream.onReadable();
    expect(core.incoming).toHaveLength(1);
  });

  it('passes each chunk of the core on as one chunk', async () => {
    const { core, stream } = make();
    const seen: string[] = [];
    stream.on('data', (chunk) => seen.push(String(chunk)));
    await settled();
    core.arrive('abc', 'de');
    stream.onReadable();
    expect(seen).toEqual(['abc', 'de']);
  });

  it('stops taking when the reader is full, and takes more when it has read', async () => {
    const { core, stream } = make({}, 4);
    stream.on('readable', () => {});
    await settled();
    core.arrive('abcd', 'efgh', 'ijkl');
    stream.onReadable();
    expect(core.incoming.length).toBeGreaterThan(0);
    expect(String(stream.read(4))).toBe('abcd');
    await settled();
    expect(String(stream.read())).toMatch(/^efgh/);
  });

  it('ends when everything was read and the end has come', async () => {
    const { core, stream } = make({ sends: false });
    core.arrive('abc');
    core.receiving!.isComplete = true;
    const seen: string[] = [];
    for await (const chunk of stream) seen.push(String(chunk));
    expect(seen).toEqual(['abc']);
    expect(core.stopCode).toBeUndefined();
  });

  it('takes the end when somebody reads, not before', async () => {
    const { core, stream } = make({ sends: false });
    core.receiving!.isComplete = true;
    stream.onReadable();
    await settled();
    expect(core.isEndTaken).toBe(false);
    stream.resume();
    await once(stream, 'end');
    expect(core.isEndTaken).toBe(true);
  });

  it('gives the end back that nobody has read when it is destroyed', () => {
    const { core, stream } = make({ sends: false });
    core.receiving!.isComplete = true;
    stream.onReadable();
    stream.destroy();
    expect(core.stopCode).toBe(0);
  });

  it('in a loop to its end leaves the other half open', async () => {
    const { core, stream } = make();
    core.arrive('question');
    core.receiving!.isComplete = true;
    for await (const chunk of stream) expect(String(chunk)).toBe('question');
    await settled();
    expect(stream.destroyed).toBe(false);
    stream.end('answer');
    await settled();
    expect(String(core.chunks[0])).toBe('answer');
    expect([core.resetCode, core.stopCode]).toEqual([undefined, undefined]);
  });

  it('in a loop that is left early gives up', async () => {
    const { core, stream } = make();
    core.arrive('a');
    for await (const _chunk of stream) break;
    expect(stream.destroyed).toBe(true);
    expect(core.stopCode).toBe(0);
  });

  it('in a loop fails with the stream', async () => {
    const { stream } = make();
    const loop = (async () => {
      for await (const _chunk of stream) expect.unreachable();
    })();
    await settled();
    stream.onReset(3);
    await expect(loop).rejects.toMatchObject({ code: 'ERR_STREAM_RESET', remoteCode: 3 });
  });

  it('goes on although a listener throws', async () => {
    const { core, stream } = make();
    const seen: string[] = [];
    stream.on('data', (chunk) => {
      seen.push(String(chunk));
      if (seen.length === 1) throw new Error('from a listener');
    });
    const caught = await uncaughtDuring(async () => {
      await settled();
      core.arrive('a', 'b');
      stream.onReadable();
      await settled();
    });
    expect(caught).toEqual([new Error('from a listener')]);
    expect(seen).toEqual(['a', 'b']);
  });
});

describe('borrowed reading', () => {
  it('gives each piece where it lies, first what Node has buffered', async () => {
    const { core, stream } = make();
    stream.on('readable', () => {});
    await settled();
    core.arrive('buffered');
    stream.onReadable();
    await settled();
    stream.removeAllListeners('readable');
    core.arrive('waiting');
    const seen: string[] = [];
    stream.readBorrowed((bytes, offset, byteLength) => {
      seen.push(Buffer.from(bytes.subarray(offset, offset + byteLength)).toString());
    });
    core.arrive('fresh');
    stream.onReadable();
    expect(seen).toEqual(['buffered', 'waiting', 'fresh']);
  });

  it('leaves nothing to data, even when Node asks first', async () => {
    const { core, stream } = make();
    const seen: string[] = [];
    stream.readBorrowed((bytes) => seen.push(String(bytes)));
    await settled();
    core.arrive('abc');
    stream.read(0);
    await settled();
    stream.onReadable();
    expect(seen).toEqual(['abc']);
  });

  it('tells the end as ever', async () => {
    const { core, stream } = make({ sends: false });
    stream.readBorrowed(() => {});
    const ended = once(stream, 'end');
    core.arrive('x');
    core.receiving!.isComplete = true;
    stream.onReadable();
    await ended;
  });

  it('is not called any more after destroy, and hurts nobody when it throws', async () => {
    const { core, stream } = make();
    const seen: string[] = [];
    stream.readBorrowed((bytes) => {
      seen.push(String(bytes));
      if (seen.length === 2) stream.destroy();
      throw new Error('from the reader');
    });
    core.arrive('a', 'b', 'c');
    const caught = await uncaughtDuring(() => stream.onReadable());
    expect(seen).toEqual(['a', 'b']);
    expect(caught).toHaveLength(2);
  });

  it('goes back to data', async () => {
    const { core, stream } = make();
    stream.readBorrowed(() => {});
    const seen: string[] = [];
    stream.on('data', (chunk) => seen.push(String(chunk)));
    stream.readBorrowed(undefined);
    await settled();
    core.arrive('abc');
    stream.onReadable();
    expect(seen).toEqual(['abc']);
  });

  it('is refused where nothing is received, and for what is no function', () => {
    expect(() => make({ receives: false }).stream.readBorrowed(() => {})).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    );
    expect(() => make().stream.readBorrowed(7 as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
  });
});

describe('one way', () => {
  it('is not readable where it only sends, nor writable where it only receives', () => {
    const { stream: sender } = make({ receives: false });
    expect([sender.readable, sender.writable, sender.unidirectional]).toEqual([false, true, true]);
    const { stream: receiver } = make({ sends: false });
    expect([receiver.readable, receiver.writable]).toEqual([true, false]);
  });

  it('is over when its one half is', async () => {
    const { core, stream, host } = make({ receives: false });
    stream.end('abc');
    await settled();
    core.acknowledge();
    stream.onFinished();
    await finished(stream);
    expect(host.onStreamGone).toHaveBeenCalledExactlyOnceWith(stream);
    expect(core.resetCode).toBeUndefined();
  });
});

describe('the priority', () => {
  it('is 3 and 16 until it is set, each part by itself', () => {
    const { core, stream } = make();
    expect(stream.priority).toEqual({ urgency: 3, weight: 16 });
    stream.setPriority({ urgency: 1 });
    stream.setPriority({ weight: 200 });
    stream.setPriority({});
    expect(stream.priority).toEqual({ urgency: 1, weight: 200 });
    expect([core.urgency, core.weight]).toEqual([1, 200]);
  });

  it.each([
    [{ urgency: -1 }, 'ERR_OPTION_RANGE'],
    [{ urgency: 8 }, 'ERR_OPTION_RANGE'],
    [{ urgency: 2.5 }, 'ERR_OPTION_RANGE'],
    [{ urgency: '3' }, 'ERR_OPTION_TYPE'],
    [{ weight: 0 }, 'ERR_OPTION_RANGE'],
    [{ weight: 257 }, 'ERR_OPTION_RANGE'],
    [{ weight: null }, 'ERR_OPTION_TYPE'],
    [{ wait: 1 }, 'ERR_OPTION_UNKNOWN'],
    [7, 'ERR_OPTION_TYPE'],
  ])('that is none is refused, and changes nothing: %j', (priority, code) => {
    const { stream } = make();
    expect(() => stream.setPriority(priority as never)).toThrow(expect.objectContaining({ code }));
    expect(stream.priority).toEqual({ urgency: 3, weight: 16 });
  });

  it('is none of a stream that only receives', () => {
    const { stream } = make({ sends: false });
    expect(() => stream.setPriority({ urgency: 1 })).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    );
  });
});

describe('giving up', () => {
  it('resets and stops what is not over, with the code of the error', async () => {
    const { core, stream, host } = make();
    stream.on('error', () => {});
    stream.destroy(Object.assign(new Error('mine'), { code: 42 }));
    expect([core.resetCode, core.stopCode]).toEqual([42, 42]);
    expect(host.onStreamGone).toHaveBeenCalledTimes(1);
  });

  it('says code 0 for an error with a word for a code', () => {
    const { core, stream } = make();
    stream.on('error', () => {});
    stream.destroy(Object.assign(new Error('mine'), { code: 'EPIPE' }));
    expect(core.resetCode).toBe(0);
  });

  it('leaves halves alone that are over', async () => {
    const { core, stream } = make();
    stream.end('abc').resume();
    await settled();
    core.acknowledge();
    stream.onFinished();
    stream.destroy();
    expect([core.resetCode, core.stopCode]).toEqual([undefined, 0]);
  });

  it('fails the callbacks of writes, whether Node or the core has them', async () => {
    const { core, stream } = make();
    core.sendBuffer = 3;
    const callbacks = [vi.fn(), vi.fn(), vi.fn()];
    for (const callback of callbacks) stream.write('abc', callback);
    await settled();
    const mine = new Error('mine');
    stream.on('error', () => {});
    stream.destroy(mine);
    await settled();
    expect(callbacks[0]).toHaveBeenCalledExactlyOnceWith(mine);
    expect(callbacks[1]).toHaveBeenCalledTimes(1);
    expect(callbacks[2]).toHaveBeenCalledTimes(1);
  });

  it('fails them with a code when no error was given', async () => {
    const { stream } = make();
    const callback = vi.fn();
    stream.write('abc', callback);
    await settled();
    stream.destroy();
    expect(callback).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ code: 'ERR_STREAM_DESTROYED' }),
    );
  });
});

describe('the peer', () => {
  it('that resets makes an error with its code', async () => {
    const { core, stream } = make();
    const failed = once(stream, 'error');
    stream.onReset(7);
    expect(await failed).toMatchObject([{ code: 'ERR_STREAM_RESET', remoteCode: 7 }]);
    expect(core.resetCode).toBe(0);
  });

  it('that wants no more fails what is under way', async () => {
    const { stream } = make();
    const callback = vi.fn();
    stream.on('error', () => {});
    stream.write('abc', callback);
    stream.onStopped(9);
    await settled();
    const stopped = expect.objectContaining({ code: 'ERR_STREAM_STOPPED', remoteCode: 9 });
    expect(callback).toHaveBeenCalledExactlyOnceWith(stopped);
    expect(stream.errored).toEqual(stopped);
  });

  it('that wants no more can still answer while nothing is written', async () => {
    const { core, stream } = make();
    stream.onStopped(9);
    core.arrive('the answer');
    const [chunk] = await once(stream, 'data');
    expect(String(chunk)).toBe('the answer');
    const failed = once(stream, 'error');
    stream.write('late');
    expect(await failed).toMatchObject([{ code: 'ERR_STREAM_STOPPED' }]);
  });

  it('that wants no more of a one-way stream ends it', async () => {
    const { stream } = make({ receives: false });
    const failed = once(stream, 'error');
    stream.onStopped(0);
    expect(await failed).toMatchObject([{ code: 'ERR_STREAM_STOPPED' }]);
  });
});

describe('the end of the connection', () => {
  it('counts what was acknowledged in the last moment', async () => {
    const { core, stream } = make({ receives: false });
    const callback = vi.fn();
    stream.write('abc', callback);
    stream.end();
    await settled();
    core.acknowledge();
    const done = finished(stream);
    stream.onConnectionOver(error, false);
    await done;
    expect(callback).toHaveBeenCalledExactlyOnceWith(undefined);
  });

  it('loses nothing that was received whole, and nothing is wrong then', async () => {
    const { core, stream } = make({ sends: false });
    core.arrive('abc', 'def');
    core.receiving!.isComplete = true;
    stream.onConnectionOver(error, false);
    await settled();
    let text = '';
    for await (const chunk of stream) text += chunk;
    expect(text).toBe('abcdef');
  });

  it('tells an error at once when bytes were not acknowledged', async () => {
    const { core, stream } = make();
    const failed = once(stream, 'error');
    stream.write('abc');
    core.arrive('unread');
    stream.onConnectionOver(error, true);
    expect(await failed).toEqual([error]);
  });

  it('tells an error when part of what the peer sent is missing', async () => {
    const { core, stream } = make({ sends: false });
    core.receiving!.highest = 10;
    const failed = once(stream, 'error');
    stream.onConnectionOver(error, true);
    expect(await failed).toEqual([error]);
  });

  it('is no error for an idle stream when it was in good order', async () => {
    const { stream } = make();
    const closed = once(stream, 'close');
    stream.onConnectionOver(error, true);
    await closed;
    expect(stream.errored).toBeNull();
  });

  it('is an error for an idle stream when it was not', async () => {
    const { stream } = make();
    const failed = once(stream, 'error');
    stream.onConnectionOver(error, false);
    expect(await failed).toEqual([error]);
  });

  it('in good order lets what came be read first', async () => {
    const { core, stream } = make({}, 4);
    core.arrive('abcd', 'efgh');
    stream.onConnectionOver(error, true);
    await settled();
    expect(stream.destroyed).toBe(false);
    const seen: string[] = [];
    stream.on('data', (chunk) => seen.push(String(chunk)));
    await once(stream, 'close');
    expect(seen).toEqual(['abcd', 'efgh']);
    expect(stream.errored).toBeNull();
  });

  it('in good order makes no error of an end that comes later', async () => {
    const { core, stream } = make();
    core.arrive('abc');
    stream.onConnectionOver(error, true);
    stream.end();
    stream.resume();
    await once(stream, 'close');
    expect(stream.errored).toBeNull();
    expect(stream.writableFinished).toBe(false);
  });

  it('fails writes that come later', async () => {
    const { core, stream } = make();
    core.arrive('unread');
    stream.onConnectionOver(error, true);
    const failed = once(stream, 'error');
    stream.write('late');
    expect(await failed).toEqual([error]);
  });

  it('leaves an end to be read that nobody has asked for', async () => {
    const { core, stream } = make();
    core.receiving!.isComplete = true;
    stream.onConnectionOver(error, true);
    await settled();
    expect(stream.destroyed).toBe(false);
    stream.resume();
    await once(stream, 'end');
  });

  it('comes after the answer to a half that is still open, with its error', async () => {
    const { core, stream } = make();
    core.arrive('answer');
    core.receiving!.isComplete = true;
    stream.onConnectionOver(error, false);
    const failed = once(stream, 'error');
    let text = '';
    stream.on('data', (chunk) => {
      text += chunk;
    });
    expect(await failed).toEqual([error]);
    expect(text).toBe('answer');
  });
});
