/** `bind` and `capabilities` through the front door, on the dgram engine and loopback. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type BindOptions,
  bind,
  capabilities,
  OptionError,
  type UdpSocket,
} from '../../../lib/udp.js';
import { codeOf, text } from './fake-engine.js';

const opened: UdpSocket[] = [];

beforeEach(() => {
  for (const name of ['ENGINE', 'GSO', 'GRO', 'DEBUG']) vi.stubEnv(`BURSTWIRE_${name}`, '');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await Promise.all(opened.splice(0).map((socket) => socket.close()));
});

async function open(options: BindOptions = {}): Promise<UdpSocket> {
  const socket = await bind({ engine: 'dgram', address: '127.0.0.1', ...options });
  opened.push(socket);
  return socket;
}

/** The texts of the next `count` datagrams. */
function collect(socket: UdpSocket, count: number): Promise<string[]> {
  const seen: string[] = [];
  return new Promise((resolve) => {
    socket.on('batch', (batch) => {
      for (let index = 0; index < batch.length; index++) {
        seen.push(Buffer.from(batch.payload(index)).toString());
      }
      if (seen.length >= count) resolve(seen);
    });
  });
}

describe('bind', () => {
  it('throws misuse at once, not in the promise', () => {
    expect(() => bind({ port: -1 })).toThrow(OptionError);
    expect(codeOf(() => bind({ adress: '::' } as object))).toBe('ERR_OPTION_UNKNOWN');
    vi.stubEnv('BURSTWIRE_ENGINE', 'turbo');
    expect(() => bind()).toThrow(/BURSTWIRE_ENGINE/);
  });

  it('needs no options', async () => {
    vi.stubEnv('BURSTWIRE_ENGINE', 'dgram');
    const socket = await bind();
    opened.push(socket);
    expect(['::', '0.0.0.0']).toContain(socket.address.address);
    expect(socket.address.port).toBeGreaterThan(0);
    expect(socket.engine.name).toBe('dgram');
    expect([Object.isFrozen(socket.address), Object.isFrozen(socket.engine)]).toEqual([true, true]);
  });

  it('looks a host name up once', async () => {
    const socket = await open({ address: 'localhost' });
    expect(['127.0.0.1', '::1']).toContain(socket.address.address);
    await expect(open({ address: 'no-such-host.invalid' })).rejects.toHaveProperty('code');
  });

  it('rejects with the system error', async () => {
    const { address } = await open();
    await expect(open({ port: address.port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      syscall: 'bind',
    });
    await expect(open({ address: '192.0.2.1' })).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  });

  it('follows its signal before, while and after', async () => {
    const reason = new Error('enough');
    await expect(open({ signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
      name: 'AbortError',
      code: 'ABORT_ERR',
      cause: reason,
    });
    const during = new AbortController();
    const pending = open({ signal: during.signal });
    during.abort();
    await expect(pending).rejects.toMatchObject({ name: 'AbortError' });
    const after = new AbortController();
    const socket = await open({ signal: after.signal });
    const closed = once(socket, 'close');
    after.abort();
    await closed;
    expect(codeOf(() => socket.send(text('x'), socket.address))).toBe('ERR_SOCKET_CLOSED');
  });

  it('leaves nothing open when its signal cannot be listened to', async () => {
    const free = await open();
    const { port } = free.address;
    await free.close();
    const { signal } = new AbortController();
    signal.addEventListener = () => {
      throw new Error('not to me');
    };
    await expect(open({ port, signal })).rejects.toThrow('not to me');
    expect((await open({ port })).address.port).toBe(port);
  });

  it('warns once in a process when a buffer is smaller than asked', async () => {
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const socket = await open({ receiveBufferSize: 1 << 30 });
    await open({ receiveBufferSize: 1 << 30 });
    expect(socket.stats().receiveBufferSize).toBeLessThan(1 << 30);
    const ours = warnings.mock.calls.filter(
      ([, options]) => (options as { code?: string }).code === 'BURSTWIRE_BUFFER_CLAMPED',
    );
    expect(ours).toHaveLength(1);
    expect(String(ours[0][0])).toContain('receiveBufferSize');
    expect(String(ours[0][0])).not.toContain('sendBufferSize');
  });
});

describe('a socket', () => {
  it('moves datagrams both ways', async () => {
    const [server, client] = [await open(), await open()];
    server.on('batch', (batch) => {
      for (let index = 0; index < batch.length; index++) {
        expect(batch.local(index)).toBe(server.address);
        server.send(batch.payload(index), batch.remote(index), { from: batch.local(index) });
      }
    });
    const answers = collect(client, 6);
    expect(client.send(text('one'), server.address)).toBe(1);
    expect(client.sendBatch([text('two'), text('three')], server.address)).toBe(2);
    expect(client.sendSegments(text('fourfive'), 4, server.address)).toBe(2);
    const out = client.createSendBatch();
    out.reserve(3, server.address).set(text('six'));
    expect(out.flush()).toBe(1);
    expect(await answers).toEqual(['one', 'two', 'three', 'four', 'five', 'six']);
    expect(client.stats()).toMatchObject({
      datagramsSent: 6,
      bytesSent: 22,
      datagramsReceived: 6,
      sendFailures: 0,
      errors: {},
    });
  });

  it('keeps what arrives before anybody listens', async () => {
    const [server, client] = [await open(), await open()];
    client.send(text('early'), server.address);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await collect(server, 1)).toEqual(['early']);
  });

  it('talks to node:dgram', async () => {
    const socket = await open();
    const other = createSocket('udp4').bind(0, '127.0.0.1');
    await once(other, 'listening');
    const seen = collect(socket, 1);
    other.send('from node', socket.address.port, '127.0.0.1');
    expect(await seen).toEqual(['from node']);
    const message = once(other, 'message');
    socket.send(text('to node'), { address: '127.0.0.1', port: other.address().port });
    expect(String((await message)[0])).toBe('to node');
    other.close();
  });

  it('gives owned copies to a loop', async () => {
    const [server, client] = [await open(), await open()];
    const loop = (async () => {
      for await (const batch of server) {
        await new Promise((resolve) => setImmediate(resolve));
        return Buffer.from(batch.payload(0)).toString();
      }
      return undefined;
    })();
    client.send(text('kept'), server.address);
    expect(await loop).toBe('kept');
  });

  it('reports what IP cannot carry and sends the rest', async () => {
    const [server, client] = [await open(), await open()];
    const errors: unknown[] = [];
    client.on('datagramError', (error) => errors.push(error));
    const seen = collect(server, 2);
    const drained = once(client, 'drain');
    const payloads = [text('a'), new Uint8Array(65508), text('c')];
    expect(client.sendBatch(payloads, server.address)).toBe(2);
    expect(errors).toMatchObject([{ index: 1, code: 'EMSGSIZE', remote: server.address }]);
    expect(client.stats()).toMatchObject({ sendFailures: 1, errors: { EMSGSIZE: 1 } });
    expect(await seen).toEqual(['a', 'c']);
    await drained;
  });

  it('hands back what does not fit, and delivers all after drain', async () => {
    const [server, client] = [await open(), await open()];
    const payloads = Array.from({ length: 3000 }, (_, index) => text(String(index)));
    const seen = collect(server, payloads.length);
    let next = client.sendBatch(payloads, server.address);
    expect(next).toBeLessThan(payloads.length);
    while (next < payloads.length) {
      await once(client, 'drain');
      // The receiver shares this thread: let it read.
      await new Promise((resolve) => setTimeout(resolve, 5));
      next += client.sendBatch(payloads.slice(next), server.address);
    }
    expect(await seen).toEqual(payloads.map((bytes) => Buffer.from(bytes).toString()));
  });

  it('overwrites released bytes in debug mode', async () => {
    vi.stubEnv('BURSTWIRE_DEBUG', '1');
    const [server, client] = [await open(), await open()];
    const kept = new Promise<Uint8Array>((resolve) => {
      server.on('batch', (batch) => resolve(batch.payload(0)));
    });
    client.send(text('abc'), server.address);
    expect([...(await kept)]).toEqual([0xdb, 0xdb, 0xdb]);
  });

  it('lets exceptions of its listeners reach uncaughtException and reads on', async () => {
    const [server, client] = [await open(), await open()];
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const uncaught = once(process, 'uncaughtException');
    let calls = 0;
    const second = new Promise<void>((resolve) => {
      server.on('batch', () => {
        if (++calls === 1) throw new Error('mine');
        resolve();
      });
    });
    try {
      client.send(text('one'), server.address);
      expect((await uncaught)[0]).toMatchObject({ message: 'mine' });
    } finally {
      for (const listener of before) process.on('uncaughtException', listener);
    }
    client.send(text('two'), server.address);
    await second;
  });
});

describe('capabilities', () => {
  it('never throws, and gives a reason for each no', () => {
    vi.stubEnv('BURSTWIRE_ENGINE', 'turbo');
    const found = capabilities();
    expect(found.platform).toBe(process.platform);
    expect(found.kernel).not.toBe('');
    expect(found.reasons).toHaveProperty('environment');
    for (const name of ['recvmmsg', 'sendmmsg', 'gso', 'gro', 'ecn', 'pktinfo'] as const) {
      if (!found[name]) expect(found.reasons[name]).toBeTypeOf('string');
    }
    expect(Object.isFrozen(found)).toBe(true);
  });

  it('follows the environment', () => {
    vi.stubEnv('BURSTWIRE_ENGINE', 'dgram');
    vi.stubEnv('BURSTWIRE_GSO', '0');
    vi.stubEnv('BURSTWIRE_GRO', '0');
    const found = capabilities();
    expect(found).toMatchObject({ engine: 'dgram', gso: false, gro: false });
    expect(found.reasons).toHaveProperty('engine');
    expect(found.reasons).toHaveProperty('gso');
  });
});
