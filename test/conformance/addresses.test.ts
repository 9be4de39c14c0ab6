/**
 * Addresses: who sent it, where it arrived, from where it leaves, on both families and on sockets of both.
 */

import { describe, expect, it } from 'vitest';
import type { DatagramError, SocketAddress } from '../../lib/udp.js';
import { Collector } from './support/collector.js';
import { openPair } from './support/exchange.js';
import { payloadOf, payloads } from './support/payloads.js';
import { open } from './support/sockets.js';
import { engines, hasIpv6, nativeVariants } from './support/variants.js';

function at(address: string, port: number): SocketAddress {
  return { address, port, family: address.includes(':') ? 'IPv6' : 'IPv4' };
}

describe.each(engines)('addresses: $name', (variant) => {
  it('bind by default to a free port', async () => {
    const socket = await open(variant, { address: undefined });
    expect(socket.address.port).toBeGreaterThan(0);
    expect(Object.isFrozen(socket.address)).toBe(true);
    expect(socket.address).toMatchObject(
      hasIpv6 ? { address: '::', family: 'IPv6' } : { address: '0.0.0.0', family: 'IPv4' },
    );
  });

  it('looks up a host name given to bind', async () => {
    const socket = await open(variant, { address: 'localhost' });
    expect(['127.0.0.1', '::1']).toContain(socket.address.address);
  });

  it('gives the same frozen object for the same peer, and another for another', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const other = await open(variant);
    sender.sendBatch(payloads(0, 5, 10), to);
    await inbox.count(5);
    other.send(payloadOf(5, 10), to);
    await inbox.count(6);
    sender.send(payloadOf(6, 10), to);
    await inbox.count(7);
    const [first] = inbox.datagrams;
    expect(first.remote).toEqual(sender.address);
    expect(Object.isFrozen(first.remote)).toBe(true);
    for (const index of [1, 2, 3, 4, 6]) {
      expect(inbox.datagrams[index].remote).toBe(first.remote);
    }
    expect(inbox.datagrams[5].remote).not.toBe(first.remote);
    expect(inbox.datagrams[5].remote).toEqual(other.address);
  });

  it('answers to the object that it was given', async () => {
    const { sender, receiver, inbox, to } = await openPair(variant);
    const answers = new Collector(sender);
    sender.send(payloadOf(1, 10), to);
    await inbox.count(1);
    receiver.send(payloadOf(2, 10), inbox.datagrams[0].remote);
    await answers.count(1);
    expect(answers.datagrams[0].remote).toEqual(to);
  });

  it.skipIf(!hasIpv6)('speaks IPv6', async () => {
    const server = await open(variant, { address: '::1' });
    const client = await open(variant, { address: '::1' });
    const inbox = new Collector(server);
    expect(server.address).toMatchObject({ address: '::1', family: 'IPv6' });
    const all = payloads(0, 70, 100);
    expect(client.sendBatch(all, server.address)).toBe(70);
    await inbox.fence(client, server.address);
    expect(inbox.payloads).toEqual(all);
    expect(inbox.datagrams[0].remote).toEqual(client.address);
  });

  it.skipIf(!hasIpv6)('sends the largest IPv6 datagram, 65,527 bytes', async () => {
    const server = await open(variant, { address: '::1' });
    const client = await open(variant, { address: '::1' });
    const inbox = new Collector(server);
    const largest = payloadOf(1, 65_527);
    // Loopback carries 65,536 bytes with the header of 40 and UDP's of 8: one such datagram has no room.
    const taken = client.send(largest, server.address);
    const fits = client.send(largest.subarray(0, 65_488), server.address);
    expect(fits).toBe(1);
    await inbox.fence(client, server.address);
    expect(inbox.payloads.at(-1)).toEqual(largest.subarray(0, 65_488));
    expect(inbox.datagrams.length).toBe(taken + 1);
  });

  it.skipIf(!hasIpv6)('shows an IPv4 client of a dual-stack server as IPv4', async () => {
    const server = await open(variant, { address: '::' });
    const client = await open(variant);
    const six = await open(variant, { address: '::1' });
    const inbox = new Collector(server);
    const answers = new Collector(client);
    const { port } = server.address;
    client.sendBatch(payloads(0, 3, 50), at('127.0.0.1', port));
    await inbox.count(3);
    six.sendBatch(payloads(3, 6, 50), at('::1', port));
    await inbox.count(6);
    expect(inbox.datagrams[0].remote).toEqual(client.address);
    expect(inbox.datagrams[0].remote.family).toBe('IPv4');
    expect(inbox.datagrams[5].remote).toEqual(six.address);
    expect(inbox.payloads).toEqual(payloads(0, 6, 50));
    server.send(payloadOf(9, 9), inbox.datagrams[0].remote);
    server.send(payloadOf(10, 9), at('127.0.0.1', client.address.port));
    server.send(payloadOf(11, 9), { ...at('::ffff:127.0.0.1', client.address.port) });
    await answers.count(3);
    expect(answers.payloads).toEqual(payloads(9, 12, 9));
  });

  it.skipIf(!hasIpv6)('takes and reaches no IPv4 with ipv6Only', async () => {
    const server = await open(variant, { address: '::', ipv6Only: true });
    const { port } = server.address;
    // The port is still free for IPv4.
    const four = await open(variant, { address: '0.0.0.0', port });
    expect(four.address.port).toBe(port);
    expect(() => server.send(new Uint8Array(1), at('127.0.0.1', port))).toThrowError(
      expect.objectContaining({ code: 'ERR_INVALID_ADDRESS' }),
    );
    expect(() => server.send(new Uint8Array(1), at('::ffff:127.0.0.1', port))).toThrowError(
      expect.objectContaining({ code: 'ERR_INVALID_ADDRESS' }),
    );
  });

  it('says where a datagram arrived, on a socket of one address', async () => {
    const { sender, receiver, inbox, to } = await openPair(variant);
    sender.send(payloadOf(1, 10), to);
    await inbox.count(1);
    expect(inbox.datagrams[0].local).toEqual(receiver.address);
  });
});

describe.each(nativeVariants)('local addresses: $name', (variant) => {
  const homes = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];

  it('tells to which address of a wildcard socket a datagram came', async () => {
    const server = await open(variant, { address: '0.0.0.0' });
    const client = await open(variant);
    const inbox = new Collector(server);
    const { port } = server.address;
    const to = payloads(0, 30, 100).map((_, index) => at(homes[Math.floor(index / 4) % 3], port));
    expect(client.sendBatch(payloads(0, 30, 100), to)).toBe(30);
    await inbox.count(30);
    expect(inbox.datagrams.map(({ local }) => local)).toEqual(to);
    expect(inbox.datagrams[0].local).toBe(inbox.datagrams[1].local);
    expect(Object.isFrozen(inbox.datagrams[0].local)).toBe(true);
  });

  it.each(['0.0.0.0', '::'])('answers from the address it was asked at (%s)', async (address) => {
    if (address === '::' && !hasIpv6) return;
    const server = await open(variant, { address });
    const client = await open(variant);
    const inbox = new Collector(server);
    const answers = new Collector(client);
    const { port } = server.address;
    for (const home of homes) client.send(payloadOf(1, 10), at(home, port));
    await inbox.count(3);
    for (const { bytes, remote, local } of inbox.datagrams) {
      expect(server.send(bytes, remote, { from: local })).toBe(1);
    }
    const [last] = inbox.datagrams.slice(-1);
    expect(server.sendBatch(payloads(0, 8, 40), last.remote, { from: last.local })).toBe(8);
    expect(server.sendSegments(new Uint8Array(80), 10, last.remote, { from: last.local })).toBe(8);
    await answers.count(19);
    const expected = [...homes, ...Array<string>(16).fill('127.0.0.3')];
    expect(answers.datagrams.map(({ remote }) => remote.address)).toEqual(expected);
  });

  it.skipIf(!hasIpv6)('does so over IPv6 too', async () => {
    const server = await open(variant, { address: '::' });
    const client = await open(variant, { address: '::1' });
    const inbox = new Collector(server);
    const answers = new Collector(client);
    client.send(payloadOf(1, 10), at('::1', server.address.port));
    await inbox.count(1);
    const [{ local, remote }] = inbox.datagrams;
    expect(local).toEqual(at('::1', server.address.port));
    server.send(payloadOf(2, 10), remote, { from: local });
    await answers.count(1);
    expect(answers.datagrams[0].remote).toEqual(local);
  });

  // Over IPv4 newer kernels say that there is no route from it; older ones, and IPv6, that it is invalid.
  it.each([
    ['IPv4', '127.0.0.1', '0.0.0.0', '203.0.113.77', ['ESRCGONE', 'ENETUNREACH']],
    ['IPv6', '::1', '::', '2001:db8::77', ['ESRCGONE']],
  ])(
    'reports a source that this machine does not have, and keeps its trains: %s',
    async (_name, clientAddress, serverAddress, gone, codes) => {
      if (clientAddress === '::1' && !hasIpv6) return;
      const server = await open(variant, { address: serverAddress });
      const client = await open(variant, { address: clientAddress });
      const inbox = new Collector(client);
      const failed: DatagramError[] = [];
      server.on('datagramError', (error) => failed.push(error));
      const all = payloads(0, 3, 10);
      expect(server.sendBatch(all, client.address, { from: at(gone, 1) })).toBe(0);
      expect(failed.map(({ index }) => index)).toEqual([0, 1, 2]);
      for (const { code } of failed) expect(codes).toContain(code);
      expect(server.sendBatch(all, client.address)).toBe(3);
      expect(server.stats().trainsSent).toBe(variant.gso ? 1 : 0);
      await inbox.count(3);
    },
  );
});

describe.each(nativeVariants)('ECN: $name', (variant) => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['IPv4', '127.0.0.1', '127.0.0.1'],
    ['IPv6', '::1', '::1'],
    ['IPv4 into a dual-stack socket', '::', '127.0.0.1'],
    ['IPv6 into a dual-stack socket', '::', '::1'],
  ];

  it.each(cases)('carries 0 to 3: %s', async (_name, serverAddress, clientAddress) => {
    if (serverAddress.includes(':') && !hasIpv6) return;
    const server = await open(variant, { address: serverAddress });
    const client = await open(variant, { address: clientAddress });
    expect(server.engine.ecn).toBe(true);
    const inbox = new Collector(server);
    const to = at(clientAddress, server.address.port);
    const expected: number[] = [];
    for (const ecn of [0, 1, 2, 3] as const) {
      expect(client.send(payloadOf(1, 10), to, { ecn })).toBe(1);
      expect(client.sendBatch(payloads(0, 4, 60), to, { ecn })).toBe(4);
      expect(client.sendSegments(new Uint8Array(60), 20, to, { ecn })).toBe(3);
      for (let datagram = 0; datagram < 8; datagram++) expected.push(ecn);
    }
    await inbox.count(expected.length);
    expect(inbox.datagrams.map(({ ecn }) => ecn)).toEqual(expected);
  });

  it.skipIf(!hasIpv6)('carries it out of a dual-stack socket to IPv4', async () => {
    const server = await open(variant, { address: '::' });
    const client = await open(variant);
    const inbox = new Collector(client);
    for (const ecn of [3, 2, 1, 0] as const) {
      server.sendBatch(payloads(0, 2, 20), client.address, { ecn });
    }
    await inbox.count(8);
    expect(inbox.datagrams.map(({ ecn }) => ecn)).toEqual([3, 3, 2, 2, 1, 1, 0, 0]);
  });
});
