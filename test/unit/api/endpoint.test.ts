/** Endpoint over the loopback: connecting, accepting, refusing, closing. */

import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bind as bindSocket } from '../../../lib/api/bind.js';
import type { Connection } from '../../../lib/api/connection.js';
import { Endpoint } from '../../../lib/api/endpoint.js';
import type { EndpointOptions } from '../../../lib/api/endpoint-options.js';
import { uncaughtDuring } from './fake-core.js';

const HOST = '127.0.0.1';
const open: Endpoint[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((endpoint) => endpoint.close()));
});

async function bind(options: EndpointOptions = {}): Promise<Endpoint> {
  const endpoint = await Endpoint.bind({ address: HOST, ...options });
  open.push(endpoint);
  return endpoint;
}

function knock(client: Endpoint, server: Endpoint): Promise<Connection> {
  const { port } = server.address;
  return client.connect({ address: HOST, port, publicKey: server.publicKey });
}

async function pair(serverOptions: EndpointOptions = {}, clientOptions: EndpointOptions = {}) {
  const server = await bind(serverOptions);
  const client = await bind(clientOptions);
  const accepted = once(server, 'connection');
  const connection = await knock(client, server);
  const [remote] = (await accepted) as [Connection];
  return { server, client, connection, remote };
}

describe('connecting', () => {
  it('gives both sides the key and the address of the other', async () => {
    const { server, client, connection, remote } = await pair();
    expect(connection.remotePublicKey).toEqual(server.publicKey);
    expect(connection.remoteAddress).toEqual(server.address);
    expect(remote.remotePublicKey).toEqual(client.publicKey);
    expect(remote.remoteAddress).toEqual(client.address);
    expect(connection.isInitiator).toBe(true);
    expect(remote.isInitiator).toBe(false);
    expect(connection.handshakeHash).toEqual(remote.handshakeHash);
  });

  it('hands connections to a loop', async () => {
    const server = await bind();
    const client = await bind();
    const accepted = (async () => {
      for await (const connection of server) return connection;
      return undefined;
    })();
    const connection = await knock(client, server);
    expect((await accepted)?.handshakeHash).toEqual(connection.handshakeHash);
  });

  it('looks names up', async () => {
    const server = await bind();
    server.on('connection', () => {});
    const client = await bind();
    const { port } = server.address;
    const connection = await client.connect({
      address: 'localhost',
      port,
      publicKey: server.publicKey,
    });
    expect(connection.remoteAddress.address).toBe(HOST);
  });

  it('learns the key of whoever answers with trust any', async () => {
    const server = await bind();
    server.on('connection', () => {});
    const client = await bind({ authorize: () => false });
    const { port } = server.address;
    const connection = await client.connect({ address: HOST, port, trust: 'any' });
    expect(connection.remotePublicKey).toEqual(server.publicKey);
  });

  it('asks authorize for a key that connect did not name', async () => {
    const server = await bind();
    server.on('connection', () => {});
    const authorize = vi.fn(() => false);
    const client = await bind({ authorize });
    const { port } = server.address;
    await expect(client.connect({ address: HOST, port })).rejects.toMatchObject({
      name: 'ConnectError',
      code: 'ERR_CONNECT_UNAUTHORIZED',
    });
    expect(authorize).toHaveBeenCalledWith(server.publicKey, server.address);
  });

  it('takes what authorize throws, and a promise, as no', async () => {
    for (const authorize of [
      () => {
        throw new Error('from authorize');
      },
      (async () => true) as unknown as () => boolean,
    ]) {
      const server = await bind();
      server.on('connection', () => {});
      const client = await bind({ authorize });
      const { port } = server.address;
      const caught = await uncaughtDuring(async () => {
        await expect(client.connect({ address: HOST, port })).rejects.toMatchObject({
          code: 'ERR_CONNECT_UNAUTHORIZED',
        });
      });
      expect(caught).toHaveLength(1);
    }
  });

  it('works with a key that both sides have', async () => {
    const preSharedKey = new Uint8Array(32).fill(7);
    const { connection, remote } = await pair({ preSharedKey }, { preSharedKey });
    expect(connection.handshakeHash).toEqual(remote.handshakeHash);
  });

  it('begins with the suite that the connecting side prefers', async () => {
    for (const aead of ['aes-256-gcm', 'chacha20-poly1305'] as const) {
      const { connection, remote } = await pair({}, { aead });
      await connection.sendMessage(Buffer.from('x'));
      expect(remote.stats().messagesReceived).toBe(1);
    }
  });
});

describe('a connect that does not come about', () => {
  it('ends at once when it was aborted before', async () => {
    const client = await bind();
    const signal = AbortSignal.abort(new Error('why'));
    await expect(
      client.connect({ address: HOST, port: 9, trust: 'any', signal }),
    ).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: signal.reason });
  });

  it('ends when it is aborted while the name is looked up', async () => {
    const client = await bind();
    const abort = new AbortController();
    const connecting = client.connect({
      address: 'localhost',
      port: 9,
      trust: 'any',
      signal: abort.signal,
    });
    abort.abort();
    await expect(connecting).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('ends when it is aborted while nobody answers', async () => {
    const silent = await bindSocket({ address: HOST });
    const client = await bind();
    const abort = new AbortController();
    const { port } = silent.address;
    const connecting = client.connect({ address: HOST, port, trust: 'any', signal: abort.signal });
    const heard = once(silent, 'batch');
    await heard;
    abort.abort();
    await expect(connecting).rejects.toMatchObject({ name: 'AbortError' });
    await silent.close();
  });

  it('is rejected when the endpoint closes', async () => {
    const silent = await bindSocket({ address: HOST });
    const client = await bind();
    const { port } = silent.address;
    const connecting = client.connect({ address: HOST, port, trust: 'any' });
    const rejection = expect(connecting).rejects.toMatchObject({ code: 'ERR_ENDPOINT_CLOSED' });
    await client.close();
    await rejection;
    await silent.close();
  });

  it('is rejected for an address that the socket cannot reach', async () => {
    const client = await bind();
    await expect(client.connect({ address: '::1', port: 9, trust: 'any' })).rejects.toMatchObject({
      code: 'ERR_CONNECT_FAILED',
    });
  });

  it('throws at once on a closed endpoint', async () => {
    const client = await bind();
    await client.close();
    expect(() => client.connect({ address: HOST, port: 9, trust: 'any' })).toThrow(
      expect.objectContaining({ code: 'ERR_ENDPOINT_CLOSED' }),
    );
  });

  it('is refused, with a name, while nobody listens there', async () => {
    const server = await bind();
    const client = await bind();
    await expect(knock(client, server)).rejects.toMatchObject({
      name: 'ConnectError',
      code: 'ERR_CONNECT_REFUSED',
    });
    expect(server.stats().handshakes).toMatchObject({ refused: 1 });
    expect([client.connections.size, server.connections.size]).toEqual([0, 0]);
  });
});

describe('listeners', () => {
  it('open and close the door, however they come and go', async () => {
    const server = await bind();
    const client = await bind();
    const isTaken = async () => {
      try {
        const connection = await knock(client, server);
        await connection.sendMessage(Buffer.from('knock'));
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_CONNECT_REFUSED' });
        return false;
      }
    };
    const listener = () => {};
    server.on('connection', listener);
    expect(await isTaken()).toBe(true);
    server.removeAllListeners();
    expect(await isTaken()).toBe(false);
    server.on('connection', listener);
    expect(await isTaken()).toBe(true);
    server.off('connection', listener);
    expect(await isTaken()).toBe(false);
  });

  it('that throw hurt nobody else', async () => {
    const server = await bind();
    const client = await bind();
    server.on('connection', () => {
      throw new Error('from the listener');
    });
    const caught = await uncaughtDuring(async () => {
      const connection = await knock(client, server);
      await connection.sendMessage(Buffer.from('x'));
    });
    expect(caught).toEqual([new Error('from the listener')]);
  });
});

describe('closing', () => {
  it('ends loops and connections, emits close once, and can be repeated', async () => {
    const { server, client, connection, remote } = await pair();
    const loop = client[Symbol.asyncIterator]();
    const next = loop.next();
    const onClose = vi.fn();
    client.on('close', onClose);
    await Promise.all([client.close({ code: 7, reason: 'enough' }), client.close()]);
    expect(await next).toEqual({ value: undefined, done: true });
    expect(await connection.closed).toMatchObject({ origin: 'local', code: 7 });
    expect(await remote.closed).toMatchObject({ origin: 'remote', code: 7, reason: 'enough' });
    expect(onClose).toHaveBeenCalledTimes(1);
    expect(client.connections.size).toBe(0);
    expect(server.connections.size).toBe(0);
    expect(client.ref().unref()).toBe(client);
  });

  it('follows a signal', async () => {
    const abort = new AbortController();
    const endpoint = await bind({ signal: abort.signal });
    const closed = once(endpoint, 'close');
    abort.abort();
    await closed;
  });

  it('is what await using does', async () => {
    const endpoint = await bind();
    const onClose = vi.fn();
    endpoint.on('close', onClose);
    await endpoint[Symbol.asyncDispose]();
    expect(onClose).toHaveBeenCalledTimes(1);
  });

  it('frees the port, and so does a bind that fails late', async () => {
    const endpoint = await bind();
    const { port } = endpoint.address;
    await endpoint.close();
    vi.stubEnv('BURSTWIRE_CRYPTO', 'abacus');
    await expect(bind({ port })).rejects.toMatchObject({ code: 'ERR_OPTION_RANGE' });
    vi.unstubAllEnvs();
    expect((await bind({ port })).address.port).toBe(port);
  });
});

describe('what it says of itself', () => {
  it('names engine and crypto, and counts', async () => {
    const { server, client } = await pair({ cryptoEngine: 'node' }, { engine: 'dgram' });
    expect(server.crypto.name).toBe('node');
    expect(client.engine.name).toBe('dgram');
    const stats = client.stats();
    expect(stats.connections).toBe(1);
    expect(stats.connectionsOpened).toBe(1);
    expect(stats.handshakesSent).toBeGreaterThan(0);
    expect(stats.socket.datagramsSent).toBeGreaterThan(0);
  });
});
