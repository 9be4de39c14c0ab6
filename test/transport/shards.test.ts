/** Several endpoints behind one port: who gets which connection, through changes of address and through replacement. */

import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type Connection,
  type Endpoint,
  Endpoint as EndpointClass,
  generateIdentity,
  OptionError,
  ShardGroup,
  type ShardGroupOptions,
} from '../../lib/index.js';
import { capabilities } from '../../lib/udp.js';
import { within } from '../conformance/support/waiting.js';
import { addressOf, ignore, open } from './support/pair.js';
import { Relay } from './support/relay.js';
import { engines } from './support/variants.js';

const COUNT = 4;
const identity = generateIdentity();

async function openGroup(options: ShardGroupOptions = {}): Promise<ShardGroup> {
  const group = await ShardGroup.bind({ address: '127.0.0.1', count: COUNT, ...options });
  onTestFinished(() => group.close());
  return group;
}

/** Serves shard `index`: what it is sent as a message comes back. */
async function serve(group: ShardGroup, index: number): Promise<Endpoint> {
  const server = await open(
    { name: 'shard', options: {} },
    { ...group.bindOptions(index), identity },
  );
  server.on('connection', (connection) => {
    connection.on('message', (bytes) => {
      connection.sendMessage(bytes).catch(ignore);
    });
  });
  return server;
}

const serveAll = (group: ShardGroup): Promise<Endpoint[]> =>
  Promise.all(Array.from({ length: group.count }, (_, index) => serve(group, index)));

async function echo(connection: Connection, text: string): Promise<void> {
  const answer = within(once(connection, 'message'), () => `echo of ${text}`);
  await connection.sendMessage(new TextEncoder().encode(text));
  const [bytes] = (await answer) as [Uint8Array];
  expect(new TextDecoder().decode(bytes)).toBe(text);
}

const misdirected = (servers: readonly Endpoint[]): number[] =>
  servers.map((server) => server.stats().droppedMisdirected);
const connections = (servers: readonly Endpoint[]): number[] =>
  servers.map((server) => server.connections.size);

/** A client with a connection to each shard: as many ports as that takes. */
async function reachAll(group: ShardGroup, servers: readonly Endpoint[]) {
  const reached: { relay: Relay; connection: Connection }[] = [];
  for (let tries = 0; tries < 200 && reached.filter(Boolean).length < group.count; tries++) {
    const relay = await Relay.open(group.address.port);
    const client = await open({ name: 'client', options: {} });
    const before = connections(servers);
    const publicKey = identity.publicKey;
    const connection = await client.connect({ address: '127.0.0.1', port: relay.port, publicKey });
    await echo(connection, 'hello');
    const index = connections(servers).findIndex((count, at) => count > before[at]);
    if (reached[index] === undefined) reached[index] = { relay, connection };
    else await client.close();
  }
  expect(reached.filter(Boolean)).toHaveLength(group.count);
  return reached;
}

describe.runIf(capabilities().steering)('shards that the kernel steers', () => {
  it('keep their connections when the peer changes its port', async () => {
    const group = await openGroup();
    expect(group.isSteered).toBe(true);
    const servers = await serveAll(group);
    for (const server of servers) expect(server.address).toEqual(group.address);
    const reached = await reachAll(group, servers);
    for (let round = 0; round < 6; round++) {
      for (const { relay, connection } of reached) {
        await relay.rebind();
        await echo(connection, `round ${round}`);
      }
    }
    expect(misdirected(servers)).toEqual([0, 0, 0, 0]);
    for (const server of servers) {
      const [connection] = server.connections;
      expect(connection.stats().pathSwitches).toBeGreaterThanOrEqual(6);
    }
  });

  it('are replaced one by one, and the others lose nothing', async () => {
    const group = await openGroup();
    const servers = await serveAll(group);
    const reached = await reachAll(group, servers);
    for (let index = 0; index < COUNT; index++) {
      await servers[index].close();
      await within(reached[index].connection.closed, () => 'closed');
      for (const { connection } of reached.slice(index + 1)) await echo(connection, 'meanwhile');
      servers[index] = await serve(group, index);
      for (const { connection } of reached.slice(index + 1)) await echo(connection, 'after');
    }
    expect(misdirected(servers)).toEqual([0, 0, 0, 0]);
    await reachAll(group, servers);
  });

  it('serve IPv4 and IPv6 through one group, as one socket does', async () => {
    const group = await openGroup({ address: '::', count: 2 });
    const servers = await serveAll(group);
    const client = await open({ name: 'client', options: {} });
    const to = { ...addressOf(servers[0]), address: '127.0.0.1' };
    await echo(await client.connect(to), 'over IPv4');
    expect(misdirected(servers)).toEqual([0, 0]);
  });

  it('may be the initiators: what is answered comes back to the right one', async () => {
    const group = await openGroup();
    const servers = await serveAll(group);
    const other = await open({ name: 'other', options: {} });
    other.on('connection', (connection) => {
      connection.on('message', (bytes) => void connection.sendMessage(bytes).catch(ignore));
    });
    // One at a time: to the other side all come from one address, and a train goes where its first packet belongs.
    for (const server of servers) {
      const connection = await server.connect(addressOf(other));
      await echo(connection, 'outwards');
      expect(server.connections.size).toBe(1);
    }
  });

  it('that came by hash alone are told so, and misdirected packets are counted', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue(undefined);
    const port = await (async () => {
      const probe = await openGroup({ count: 1 });
      const { address } = probe;
      probe.close();
      return address.port;
    })();
    const servers = [];
    for (let index = 0; index < 2; index++) {
      const shard = { index, count: 2 };
      const place = { address: '127.0.0.1', port, reusePort: true, shard, identity };
      const server = await open({ name: 'shard', options: {} }, place);
      server.on('connection', ignore);
      servers.push(server);
    }
    const codes = warn.mock.calls.map(([, options]) => (options as { code?: string }).code);
    warn.mockRestore();
    expect(codes.filter((code) => code === 'BURSTWIRE_NOT_STEERED').length).toBeLessThanOrEqual(1);
    const relay = await Relay.open(port);
    const client = await open({ name: 'client', options: {} });
    const { publicKey } = identity;
    const connection = await client.connect({ address: '127.0.0.1', port: relay.port, publicKey });
    await connection.sendMessage(new Uint8Array(1)).catch(ignore);
    for (let tries = 0; tries < 100 && Math.max(...misdirected(servers)) === 0; tries++) {
      await relay.rebind();
      connection.sendDatagram(new Uint8Array(10));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(Math.max(...misdirected(servers))).toBeGreaterThan(0);
    // It has not been told that it is gone: it is not.
    expect(servers.map((server) => server.stats().resetsSent)).toEqual([0, 0]);
  });
});

describe.each(engines)('a group on engine $name', ({ options: { engine } }) => {
  it('serves with as many shards as it says', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue(undefined);
    const group = await openGroup({ engine });
    warn.mockRestore();
    expect(group.count).toBeGreaterThanOrEqual(1);
    const servers = [];
    for (let index = 0; index < group.count; index++) {
      const server = await open(
        { name: '', options: { engine } },
        { ...group.bindOptions(index), identity },
      );
      server.on('connection', (connection) => {
        connection.on('message', (bytes) => void connection.sendMessage(bytes).catch(ignore));
      });
      servers.push(server);
    }
    const client = await open({ name: 'client', options: { engine } });
    await echo(await client.connect(addressOf(servers[0])), 'hello');
  });
});

describe('misuse of shards', () => {
  const place = { port: 4433, reusePort: true };
  const cases: readonly (readonly [string, object, string, string])[] = [
    ['no index', { ...place, shard: { count: 2 } }, 'ERR_OPTION_RANGE', 'shard'],
    ['no count', { ...place, shard: { index: 0 } }, 'ERR_OPTION_RANGE', 'shard'],
    ['index beyond', { ...place, shard: { index: 2, count: 2 } }, 'ERR_OPTION_RANGE', 'shard'],
    ['index below', { ...place, shard: { index: -1, count: 2 } }, 'ERR_OPTION_RANGE', 'index'],
    ['fraction', { ...place, shard: { index: 0.5, count: 2 } }, 'ERR_OPTION_RANGE', 'index'],
    ['too many', { ...place, shard: { index: 0, count: 257 } }, 'ERR_OPTION_RANGE', 'count'],
    ['text', { ...place, shard: { index: '0', count: 2 } }, 'ERR_OPTION_TYPE', 'index'],
    ['fd', { ...place, shard: { index: 0, count: 2, fd: -1 } }, 'ERR_OPTION_TYPE', 'fd'],
    ['fd text', { ...place, shard: { index: 0, count: 2, fd: '3' } }, 'ERR_OPTION_TYPE', 'fd'],
    ['more', { ...place, shard: { index: 0, count: 2, of: 2 } }, 'ERR_OPTION_UNKNOWN', 'of'],
    ['alone', { port: 4433, shard: { index: 0, count: 2 } }, 'ERR_OPTION_CONFLICT', 'reusePort'],
    ['any port', { reusePort: true, shard: { index: 0, count: 2 } }, 'ERR_OPTION_CONFLICT', 'port'],
  ];

  it.each(cases)('%s', (_name, options, code, option) => {
    expect(() => EndpointClass.bind(options)).toThrow(expect.objectContaining({ code, option }));
  });

  it('of the group: options, indexes, a closed group', async () => {
    for (const count of [0, 257, 1.5, '4', null]) {
      expect(() => ShardGroup.bind({ count: count as number })).toThrow(OptionError);
    }
    expect(() => ShardGroup.bind({ reusePort: true } as object)).toThrow(
      /no option "reusePort"|'reusePort'/,
    );
    const group = await openGroup();
    for (const index of [-1, group.count, 0.5, Number.NaN]) {
      expect(() => group.bindOptions(index)).toThrow(OptionError);
      expect(() => group.descriptor(index)).toThrow(OptionError);
    }
    expect(() => group.bindOptions(0, -1)).toThrow(OptionError);
    group.close();
    group.close();
    expect(() => group.bindOptions(0)).toThrow(
      expect.objectContaining({ code: 'ERR_SHARD_GROUP_CLOSED' }),
    );
  });

  it.runIf(capabilities().steering)(
    'a descriptor of something else is refused by the kernel',
    async () => {
      const group = await openGroup();
      const wrong = { ...group.bindOptions(0), shard: { index: 0, count: COUNT, fd: 0 } };
      await expect(EndpointClass.bind(wrong)).rejects.toMatchObject({
        code: expect.stringMatching(/^E/),
      });
      const gone = { ...wrong, shard: { ...wrong.shard, fd: 1_000_000 } };
      await expect(EndpointClass.bind(gone)).rejects.toMatchObject({
        code: 'EBADF',
        syscall: 'fcntl',
      });
      const elsewhere = { ...group.bindOptions(0), port: group.address.port ^ 1 };
      await expect(EndpointClass.bind(elsewhere)).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
      const dgram = { ...group.bindOptions(0), engine: 'dgram' } as const;
      await expect(EndpointClass.bind(dgram)).rejects.toMatchObject({
        code: 'ERR_ENGINE_UNAVAILABLE',
      });
    },
  );
});
