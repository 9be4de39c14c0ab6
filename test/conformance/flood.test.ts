/**
 * Many sources: a flood of addresses costs bounded memory and nobody else's datagrams; and its twin, an honest burst
 * of the largest legal size, passes whole.
 *
 * All of 127.0.0.0/8 is this machine: one socket that chooses its source plays thousands.
 */

import { describe, expect, it } from 'vitest';
import type { SocketAddress, UdpSocket } from '../../lib/udp.js';
import { Collector } from './support/collector.js';
import { exchange, openPair } from './support/exchange.js';
import { firstDifference, payloadOf, payloads } from './support/payloads.js';
import { sendWays } from './support/senders.js';
import { open } from './support/sockets.js';
import { nativeVariants, variants } from './support/variants.js';
import { until } from './support/waiting.js';

const SOURCES = 3000;
const MAX_PEERS = 1024;

function sourceOf(number: number): SocketAddress {
  const address = `127.77.${number >> 8}.${number & 255}`;
  return { address, port: 1, family: 'IPv4' };
}

/** Sends one datagram from each of the sources `from` to `to`. */
function spoof(attacker: UdpSocket, target: SocketAddress, from: number, to: number): void {
  const out = attacker.createSendBatch({ datagrams: to - from, bytes: 4 * (to - from) });
  for (let number = from; number < to; number++) {
    out.reserve(4, target, { from: sourceOf(number) }).set(payloadOf(number, 4));
  }
  expect(out.flush()).toBe(to - from);
}

async function openFlood(variant: (typeof variants)[number]) {
  const server = await open(variant, { maxPeers: MAX_PEERS });
  const inbox = new Collector(server);
  const [native] = nativeVariants;
  const attacker = await open(native, { address: '0.0.0.0' });
  return { server, inbox, attacker, target: server.address };
}

/** Waits until `count` more datagrams are here, so that no buffer runs over. */
async function flood(
  { inbox, attacker, target }: Awaited<ReturnType<typeof openFlood>>,
  honest?: () => void,
): Promise<void> {
  for (let from = 0; from < SOURCES; from += 100) {
    const before = inbox.datagrams.length;
    spoof(attacker, target, from, from + 100);
    honest?.();
    await inbox.count(before + (honest === undefined ? 100 : 101));
  }
}

describe.skipIf(nativeVariants.length === 0).each(variants)(
  'a flood of sources: $name',
  (variant) => {
    it('is forgotten, and told apart while it lasts', async () => {
      const parts = await openFlood(variant);
      const { server, inbox, attacker } = parts;
      await flood(parts);
      const { port } = attacker.address;
      for (const [number, { remote, bytes }] of inbox.datagrams.entries()) {
        expect(remote).toEqual({ ...sourceOf(number), port });
        expect(bytes).toEqual(payloadOf(number, 4));
      }
      const { peerEvictions, peerOverflows } = server.stats();
      // The bound address takes a place as well.
      expect(peerEvictions).toBeGreaterThanOrEqual(SOURCES - MAX_PEERS);
      expect(peerOverflows).toBe(0);
    });

    it('does not disturb an honest peer: served, and by its right name', async () => {
      const parts = await openFlood(variant);
      const { server, inbox, target } = parts;
      const client = await open(variant);
      const answers = new Collector(client);
      let questions = 0;
      server.on('batch', (batch) => {
        for (let index = 0; index < batch.length; index++) {
          if (batch.byteLength(index) !== 9) continue;
          expect(batch.remote(index)).toEqual(client.address);
          server.send(batch.payload(index), batch.remote(index));
        }
      });
      await flood(parts, () => client.send(payloadOf(questions++, 9), target));
      await answers.count(questions);
      expect(answers.payloads).toEqual(payloads(0, questions, 9));
      const honest = inbox.datagrams.filter(({ bytes }) => bytes.length === 9);
      expect(honest.length).toBe(questions);
      expect(new Set(honest.map(({ remote }) => remote.port))).toEqual(
        new Set([client.address.port]),
      );
    });

    it('does not redirect an address object that was kept', async () => {
      const parts = await openFlood(variant);
      const { server, inbox, target } = parts;
      const client = await open(variant);
      const answers = new Collector(client);
      client.send(payloadOf(1, 9), target);
      await inbox.count(1);
      const [{ remote }] = inbox.datagrams;
      const own = { address: '127.0.0.1', port: client.address.port };
      server.send(payloadOf(0, 10), own);
      await flood(parts);
      expect(server.stats().peerEvictions).toBeGreaterThan(0);
      server.send(payloadOf(1, 10), remote);
      server.send(payloadOf(2, 10), own);
      server.sendBatch([payloadOf(3, 10), payloadOf(4, 10)], [remote, own]);
      await answers.fence(server, client.address);
      expect(firstDifference(answers.payloads, payloads(0, 5, 10))).toBeUndefined();
    });

    it('does not redirect what waits in a send batch', async () => {
      const parts = await openFlood(variant);
      const { server } = parts;
      const clients = [];
      for (let index = 0; index < 4; index++) clients.push(await open(variant));
      const inboxes = clients.map((client) => new Collector(client));
      const out = server.createSendBatch();
      for (let number = 0; number < 40; number++) {
        out.reserve(20, clients[number % 4].address).set(payloadOf(number, 20));
      }
      await flood(parts);
      expect(out.flush()).toBe(40);
      for (const [index, inbox] of inboxes.entries()) {
        await inbox.fence(server, clients[index].address);
        const expected = payloads(0, 40, 20).filter((_, number) => number % 4 === index);
        expect(firstDifference(inbox.payloads, expected)).toBeUndefined();
      }
    });

    it('is dropped, and counted, when every place is held by a send batch', async () => {
      const parts = await openFlood(variant);
      const { server, attacker, target, inbox } = parts;
      const out = server.createSendBatch({ datagrams: 2000 });
      const full = expect.objectContaining({ code: 'ERR_PEERS_FULL' });
      let held = 0;
      try {
        for (; held < 2000; held++) out.reserve(1, { address: '127.0.0.1', port: held + 1 });
      } catch (error) {
        expect(error).toEqual(full);
      }
      expect(held).toBeGreaterThan(MAX_PEERS - 50);
      expect(held).toBeLessThanOrEqual(MAX_PEERS);
      spoof(attacker, target, 0, 60);
      await until(
        () => server.stats().peerOverflows >= 60 - (MAX_PEERS - held),
        () => `${server.stats().peerOverflows} overflows`,
      );
      out.clear();
      spoof(attacker, target, 100, 150);
      await inbox.count(50);
      expect(inbox.datagrams.at(-1)?.remote.address).toBe(sourceOf(149).address);
    });
  },
);

describe.each(variants)('many destinations: $name', (variant) => {
  it('that were named and never sent to are forgotten', async () => {
    const { sender, inbox, to } = await openPair(variant);
    const socket = await open(variant, { maxPeers: MAX_PEERS });
    const out = socket.createSendBatch({ datagrams: MAX_PEERS });
    for (let port = 1; port < 1000; port++) out.reserve(1, { address: '127.0.0.1', port });
    out.clear();
    for (let port = 1; port < 1000; port++) {
      const destinations = [
        { address: '127.0.0.2', port },
        { address: 'nowhere', port },
      ];
      const two = payloads(0, 2, 10);
      expect(() => socket.sendBatch(two, destinations)).toThrowError(
        expect.objectContaining({ code: 'ERR_INVALID_ADDRESS' }),
      );
    }
    expect(socket.send(payloadOf(1, 10), to)).toBe(1);
    await inbox.count(1);
    await inbox.fence(sender, to);
    expect(socket.stats().datagramsSent).toBe(1);
  });
});

describe.each(variants)('an honest burst: $name', (variant) => {
  it.each(sendWays)('of the largest batch to one peer passes whole, by $name', async (way) => {
    const pair = await openPair(variant);
    // As many as one receive call of the native engine can return, in bursts that the buffer holds.
    const all = payloads(0, 8192, 32);
    await exchange(pair, all, way);
    expect(firstDifference(pair.inbox.payloads, all)).toBeUndefined();
    expect(pair.receiver.stats()).toMatchObject({
      kernelDrops: 0,
      peerEvictions: 0,
      peerOverflows: 0,
    });
  });
});
