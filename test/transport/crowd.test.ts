/**
 * Many peers at one endpoint, good ones and bad ones: nobody is hurt by another.
 */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../lib/index.js';
import { until } from '../conformance/support/waiting.js';
import { collect, hashOf, seeded } from './support/bytes.js';
import { addressOf, ignore, join, open } from './support/pair.js';
import { engines } from './support/variants.js';

describe.each(engines)('a crowd: $name', (variant) => {
  it('of 300 connects at once from one address gets in', async () => {
    const server = await open(variant);
    server.on('connection', ignore);
    const client = await open(variant);
    const connects = Array.from({ length: 300 }, () => client.connect(addressOf(server)));
    const connections = await Promise.all(connects);
    expect(new Set(connections).size).toBe(300);
  });

  it.runIf(process.platform === 'linux')(
    'of 50 connections at once is served, each its own',
    async () => {
      const server = await open(variant);
      server.on('connection', (connection) => {
        connection.on('stream', (stream) => stream.on('error', ignore).pipe(stream));
        connection.on('message', (bytes) => void connection.sendMessage(bytes).catch(ignore));
      });
      // Ten machines, that is.
      const clients = await Promise.all(
        Array.from({ length: 10 }, (_, host) => open(variant, { address: `127.0.0.${host + 2}` })),
      );
      const connections = await Promise.all(
        Array.from({ length: 50 }, (_, number) => clients[number % 10]!.connect(addressOf(server))),
      );
      await until(
        () => server.connections.size === 50,
        () => `50 connections, not ${server.connections.size}`,
      );
      const answers = connections.map(async (connection, number) => {
        const bytes = seeded(20_000 + number, number);
        const stream = connection.openStream();
        stream.end(bytes);
        const answer = once(connection, 'message');
        await connection.sendMessage(Buffer.from(`connection ${number}`));
        expect(String((await answer)[0])).toBe(`connection ${number}`);
        expect(hashOf(await collect(stream))).toBe(hashOf(bytes));
      });
      await Promise.all(answers);
      await Promise.all(connections.map((connection) => connection.close()));
      await until(
        () => server.connections.size === 0,
        () => `no connections, not ${server.connections.size}`,
      );
    },
  );

  it('goes on while some fall out', async () => {
    const server = await open(variant);
    const client = await open(variant);
    const pairs: [Connection, Connection][] = [];
    for (let number = 0; number < 10; number++) pairs.push(await join(client, server));
    const bytes = seeded(300_000, 41);
    const received = pairs.map(
      ([, there]) =>
        new Promise<string>((resolve) => {
          there.on('stream', (stream) => {
            collect(stream).then(
              (all) => resolve(hashOf(all)),
              () => resolve('failed'),
            );
          });
        }),
    );
    for (const [number, [here, there]] of pairs.entries()) {
      const stream = here.openStream({ unidirectional: true });
      stream.on('error', ignore);
      stream.write(bytes.subarray(0, 100_000));
      if (number % 3 === 0)
        await until(
          () => there.stats().streamsActive === 1,
          () => 'the stream',
        );
      if (number % 3 === 0) there.destroy({ code: number });
      else stream.end(bytes.subarray(100_000));
    }
    const results = await Promise.all(
      received.map((result, number) => (number % 3 === 0 ? 'destroyed' : result)),
    );
    results.forEach((result, number) => {
      expect(result).toBe(number % 3 === 0 ? 'destroyed' : hashOf(bytes));
    });
  });

  it('is not disturbed by what is no packet', async () => {
    const server = await open(variant);
    const client = await open(variant);
    const [here, there] = await join(client, server);
    const noise = createSocket('udp4');
    const { port } = server.address;
    for (let number = 0; number < 300; number++) {
      const bytes = seeded([0, 1, 20, 30, 148, 1200, 1400][number % 7]!, number + 1);
      // Of all the first bytes that mean something.
      if (bytes.length > 0) bytes[0] = [0x40, 0x01, 0x02, 0x03, 0xc0, 0x00, 0xff][number % 7]!;
      await new Promise((resolve) => noise.send(bytes, port, '127.0.0.1', resolve));
    }
    await new Promise<void>((resolve) => noise.close(() => resolve()));
    await here.sendMessage(seeded(200_000));
    await there.sendMessage(seeded(200_000));
    const { socket, connections } = server.stats();
    expect(socket.datagramsReceived).toBeGreaterThan(0);
    expect(connections).toBe(1);
  });
});
