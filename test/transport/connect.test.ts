/**
 * Connecting over real sockets: who may, who may not, how one gives up, and where a peer may be.
 */

import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type Connection, Endpoint, generateIdentity } from '../../lib/index.js';
import { until, within } from '../conformance/support/waiting.js';
import { addressOf, ignore, join, open, pair } from './support/pair.js';
import { engines, hasIpv6, protections } from './support/variants.js';

/** Waits until the endpoint has seen a handshake message and let it fall. */
async function droppedHandshake(endpoint: Endpoint): Promise<void> {
  await until(
    () => Object.keys(endpoint.stats().handshakes).length > 0,
    () => `a handshake that is dropped: ${JSON.stringify(endpoint.stats())}`,
  );
}

describe.each(engines)('connecting: $name', (variant) => {
  it('by key gives each side who and where the other is', async () => {
    const { server, client, here, there } = await pair(variant);
    expect(here.remotePublicKey).toEqual(server.publicKey);
    expect(there.remotePublicKey).toEqual(client.publicKey);
    expect(here.remoteAddress).toEqual(server.address);
    expect(there.remoteAddress).toEqual(client.address);
    expect([here.isInitiator, there.isInitiator]).toEqual([true, false]);
    expect(here.handshakeHash).toEqual(there.handshakeHash);
  });

  it('without a key trusts whoever answers, when that is said', async () => {
    const server = await open(variant);
    const accepted = once(server, 'connection');
    const client = await open(variant);
    const { publicKey: _, ...where } = addressOf(server);
    const here = await client.connect({ ...where, trust: 'any' });
    expect(here.remotePublicKey).toEqual(server.publicKey);
    const [there] = (await accepted) as [Connection];
    expect(there.remotePublicKey).toEqual(client.publicKey);
  });

  it('without a key asks authorize, whose no ends it', async () => {
    const server = await open(variant);
    server.on('connection', ignore);
    const asked: Uint8Array[] = [];
    let answer = true;
    const authorize = (publicKey: Uint8Array): boolean => {
      asked.push(publicKey);
      return answer;
    };
    const client = await open(variant, { authorize });
    const { publicKey, ...where } = addressOf(server);
    const here = await client.connect(where);
    expect(asked).toEqual([publicKey]);
    await here.close();
    answer = false;
    await expect(client.connect(where)).rejects.toMatchObject({
      name: 'ConnectError',
      code: 'ERR_CONNECT_UNAUTHORIZED',
    });
  });

  it('to a server whose authorize says no comes to nothing', async () => {
    const asked: [Uint8Array, object][] = [];
    const server = await open(variant, {
      authorize: (publicKey, address) => {
        asked.push([publicKey, address]);
        return false;
      },
    });
    server.on('connection', () => expect.unreachable());
    const client = await open(variant);
    const controller = new AbortController();
    const { signal } = controller;
    const refused = expect(client.connect({ ...addressOf(server), signal })).rejects.toThrow();
    await until(
      () => asked.length > 0,
      () => 'authorize to be asked',
    );
    expect(asked[0]).toEqual([client.publicKey, client.address]);
    controller.abort();
    await refused;
    expect(server.connections.size).toBe(0);
  });

  it('to another key than the peer has comes to nothing, and says so when it is given up', async () => {
    const server = await open(variant);
    server.on('connection', () => expect.unreachable());
    const client = await open(variant);
    const controller = new AbortController();
    const { signal } = controller;
    const { publicKey } = generateIdentity();
    const attempt = client.connect({ ...addressOf(server), publicKey, signal });
    const failed = expect(attempt).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
    await droppedHandshake(server);
    controller.abort(new Error('no answer'));
    await failed;
    expect(client.connections.size).toBe(0);
  });

  it('with a key that both have works, and with different ones does not', async () => {
    const preSharedKey = new Uint8Array(32).fill(7);
    const server = await open(variant, { preSharedKey });
    const friend = await open(variant, { preSharedKey });
    const [here, there] = await join(friend, server);
    expect(here.handshakeHash).toEqual(there.handshakeHash);
    const before = JSON.stringify(server.stats().handshakes);
    for (const other of [{ preSharedKey: new Uint8Array(32).fill(8) }, {}]) {
      const stranger = await open(variant, other);
      const controller = new AbortController();
      const { signal } = controller;
      const attempt = stranger.connect({ ...addressOf(server), signal });
      const failed = expect(attempt).rejects.toMatchObject({ name: 'AbortError' });
      await until(
        () => JSON.stringify(server.stats().handshakes) !== before,
        () => 'a handshake that is dropped',
      );
      controller.abort();
      await failed;
    }
    expect(server.connections.size).toBe(1);
  });

  it('to an endpoint where nobody accepts is refused with a name', async () => {
    const server = await open(variant);
    const client = await open(variant);
    const { publicKey, ...where } = addressOf(server);
    for (const who of [{ publicKey }, { trust: 'any' as const }]) {
      await expect(client.connect({ ...where, ...who })).rejects.toMatchObject({
        name: 'ConnectError',
        code: 'ERR_CONNECT_REFUSED',
      });
    }
    expect(server.connections.size).toBe(0);
    server.on('connection', ignore);
    const again = await client.connect(addressOf(server));
    await again.sendMessage(Buffer.from('now it works'));
  });

  it('to a port where nobody is can be given up', async () => {
    const gone = await open(variant);
    const where = addressOf(gone);
    await gone.close();
    const client = await open(variant);
    const controller = new AbortController();
    const { signal } = controller;
    const attempt = client.connect({ ...where, signal });
    const failed = expect(attempt).rejects.toMatchObject({ name: 'AbortError' });
    await until(
      () => client.stats().handshakesSent > 0,
      () => 'a handshake that is sent',
    );
    controller.abort();
    await failed;
  });

  it('can be given up at any moment, and leaves nothing behind', async () => {
    const server = await open(variant);
    server.on('connection', ignore);
    const client = await open(variant);
    for (let moment = 0; moment < 24; moment++) {
      const controller = new AbortController();
      const { signal } = controller;
      const attempt = client.connect({ ...addressOf(server), signal });
      const outcome = attempt.then(
        (connection) => connection,
        (error: Error) => error.name,
      );
      // Microtasks, ticks and turns of the loop are where something can happen.
      for (let step = 0; step < moment; step++) {
        if (moment % 3 === 0) await Promise.resolve();
        else if (moment % 3 === 1) await new Promise<void>((resolve) => process.nextTick(resolve));
        else await new Promise((resolve) => setImmediate(resolve));
      }
      controller.abort();
      const result = await outcome;
      if (typeof result === 'string') expect(result).toBe('AbortError');
      else result.destroy();
    }
    await until(
      () => server.connections.size === 0 && client.connections.size === 0,
      () => `${server.connections.size} and ${client.connections.size} connections to end`,
    );
    const [here] = await join(client, server);
    await here.sendMessage(Buffer.from('all is well'));
  });

  it('is not begun with a signal that is aborted', async () => {
    const client = await open(variant);
    const signal = AbortSignal.abort();
    const where = { address: '127.0.0.1', port: 9, trust: 'any', signal } as const;
    await expect(client.connect(where)).rejects.toMatchObject({ name: 'AbortError' });
    expect(client.stats().handshakesSent).toBe(0);
  });

  it('to a host name looks it up', async () => {
    const server = await open(variant);
    server.on('connection', ignore);
    const client = await open(variant);
    const here = await client.connect({ ...addressOf(server), address: 'localhost' });
    expect(here.remoteAddress.address).toBe('127.0.0.1');
    await expect(
      client.connect({ ...addressOf(server), address: 'no-such-host.invalid' }),
    ).rejects.toMatchObject({ syscall: 'getaddrinfo' });
  });

  it.runIf(hasIpv6)('works over IPv6, and with IPv4 on a socket for both', async () => {
    const server = await open(variant, { address: '::' });
    server.on('connection', ignore);
    const { port } = server.address;
    const { publicKey } = server;
    for (const [own, address] of [
      ['::1', '::1'],
      ['::', '::1'],
      ['::', '127.0.0.1'],
      ['127.0.0.1', '127.0.0.1'],
    ] as const) {
      const client = await open(variant, { address: own });
      const here = await client.connect({ address, port, publicKey });
      expect(here.remoteAddress.address).toBe(address);
      await here.sendMessage(Buffer.from('hello'));
    }
  });

  it('fails at once for what the socket cannot reach', async () => {
    const client = await open(variant);
    const where = { address: '::1', port: 9, trust: 'any' } as const;
    await expect(client.connect(where)).rejects.toMatchObject({ code: 'ERR_CONNECT_FAILED' });
  });

  it('fails beyond maxConnections', async () => {
    const server = await open(variant);
    server.on('connection', ignore);
    const client = await open(variant, { maxConnections: 1 });
    await client.connect(addressOf(server));
    await expect(client.connect(addressOf(server))).rejects.toMatchObject({
      code: 'ERR_TOO_MANY_CONNECTIONS',
    });
  });

  it.each([true, false])(
    'is refused by a peer with maxConnections, key known: %s',
    async (isKnown) => {
      const server = await open(variant, { maxConnections: 1 });
      server.on('connection', ignore);
      const { publicKey, ...where } = addressOf(server);
      const first = await (await open(variant)).connect({ ...where, publicKey });
      await first.sendMessage(Buffer.from('here'));
      const late = await open(variant);
      const attempt = (): Promise<Connection> =>
        late.connect(isKnown ? { ...where, publicKey } : { ...where, trust: 'any' });
      await expect(attempt()).rejects.toMatchObject({ code: 'ERR_CONNECT_REFUSED' });
      expect(server.stats()).toMatchObject({ refusedFull: 1, connections: 1 });
      first.destroy();
      await until(
        () => server.stats().connections === 0,
        () => `room again: ${JSON.stringify(server.stats())}`,
      );
      await (await attempt()).sendMessage(Buffer.from('here, too'));
    },
  );

  it('is over when the endpoint closes, before and meanwhile', async () => {
    const server = await open(variant);
    const client = await open(variant);
    const attempt = expect(client.connect(addressOf(server))).rejects.toMatchObject({
      code: 'ERR_ENDPOINT_CLOSED',
    });
    await client.close();
    await attempt;
    expect(() => client.connect(addressOf(server))).toThrow(
      expect.objectContaining({ code: 'ERR_ENDPOINT_CLOSED' }),
    );
  });

  it('is answered by a loop, and by listeners with what a loop has left', async () => {
    const server = await open(variant);
    const client = await open(variant);
    const loop = server[Symbol.asyncIterator]();
    const hellos = [];
    for (let number = 0; number < 3; number++) {
      const here = await client.connect(addressOf(server));
      hellos.push(here.sendMessage(Buffer.from(`${number}`)));
    }
    const { value: first } = (await loop.next()) as IteratorYieldResult<Connection>;
    expect(first.isInitiator).toBe(false);
    await until(
      () => server.connections.size === 3,
      () => 'three connections',
    );
    await loop.return!();
    const left: Connection[] = [];
    server.on('connection', (connection) => left.push(connection));
    await Promise.all(hellos);
    await until(
      () => left.length === 2,
      () => `the two that the loop has left, not ${left.length}`,
    );
    expect(new Set([first, ...left])).toEqual(server.connections);
  });

  it('to each other at once ends with one connection', async () => {
    for (let round = 0; round < 8; round++) {
      const left = await open(variant);
      const right = await open(variant);
      const heard: string[] = [];
      for (const [name, endpoint] of [
        ['left', left],
        ['right', right],
      ] as const) {
        endpoint.on('connection', (connection) => {
          connection.on('message', (bytes) => heard.push(`${name} ${String(bytes)}`));
        });
      }
      const [fromLeft, fromRight] = await Promise.all([
        left.connect(addressOf(right)),
        right.connect(addressOf(left)),
      ]);
      await until(
        () => left.connections.size === 1 && right.connections.size === 1,
        () => `one connection, not ${left.connections.size} and ${right.connections.size}`,
      );
      const [one] = left.connections;
      const [other] = right.connections;
      expect(one!.handshakeHash).toEqual(other!.handshakeHash);
      expect([fromLeft, fromRight].every((connection) => connection instanceof Object)).toBe(true);
      one!.on('message', (bytes) => heard.push(`left ${String(bytes)}`));
      other!.on('message', (bytes) => heard.push(`right ${String(bytes)}`));
      await Promise.all([
        one!.sendMessage(Buffer.from('from left')),
        other!.sendMessage(Buffer.from('from right')),
      ]);
      await until(
        () => heard.some((text) => text === 'right from left') && heard.includes('left from right'),
        () => `both messages, not ${heard}`,
      );
    }
  });
});

describe('handshakes by other suites', () => {
  it.each(['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'] as const)(
    '%s is spoken by every provider with every other',
    async (aead) => {
      for (const from of protections) {
        for (const to of protections) {
          const server = await open(to);
          const client = await open(from, { aead });
          expect([client.crypto.name, server.crypto.name]).toEqual([from.name, to.name]);
          const [here, there] = await join(client, server);
          const heard = once(there, 'message');
          const bytes = Buffer.alloc(20_000, `${from.name} to ${to.name}`);
          await within(here.sendMessage(bytes), () => `${from.name} to ${to.name}`);
          expect(Buffer.compare((await heard)[0] as Uint8Array, bytes)).toBe(0);
        }
      }
    },
  );
});

describe('binding', () => {
  it('rejects as bind does, and leaves nothing open', async () => {
    const taken = await Endpoint.bind({ address: '127.0.0.1' });
    const { port } = taken.address;
    await expect(Endpoint.bind({ address: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    await taken.close();
    const again = await Endpoint.bind({ address: '127.0.0.1', port });
    await again.close();
    const signal = AbortSignal.abort();
    await expect(Endpoint.bind({ signal })).rejects.toMatchObject({ name: 'AbortError' });
  });
});
