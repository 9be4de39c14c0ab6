/**
 * Messages over real sockets: whole, each once, acknowledged, and never more than the receiver wants.
 */

import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { turns, until, within } from '../conformance/support/waiting.js';
import { hashOf, seeded } from './support/bytes.js';
import { pair } from './support/pair.js';
import { engines } from './support/variants.js';

describe.each(engines)('messages: $name', (variant) => {
  it.each([0, 1, 1200, 70_000, 5_000_000])('of %i bytes arrive whole', async (size) => {
    const { here, there } = await pair(variant);
    const bytes = seeded(size, size);
    const arrived = once(there, 'message');
    await here.sendMessage(bytes);
    const [message] = (await within(arrived, () => "'message'")) as [Uint8Array];
    expect(message).toBeInstanceOf(Uint8Array);
    expect(hashOf(message)).toBe(hashOf(bytes));
  });

  it('go both ways at once, each once', async () => {
    const { here, there } = await pair(variant);
    const heard: Record<string, string[]> = { here: [], there: [] };
    here.on('message', (bytes) => heard.here!.push(String(bytes)));
    there.on('message', (bytes) => heard.there!.push(String(bytes)));
    const sent: Promise<void>[] = [];
    for (let number = 0; number < 300; number++) {
      sent.push(here.sendMessage(Buffer.from(`to there ${number}`)));
      sent.push(there.sendMessage(Buffer.from(`to here ${number}`)));
    }
    await Promise.all(sent);
    await until(
      () => heard.here!.length >= 300 && heard.there!.length >= 300,
      () => `600 messages, not ${heard.here!.length} and ${heard.there!.length}`,
    );
    const expected = (where: string): string[] =>
      Array.from({ length: 300 }, (_, number) => `to ${where} ${number}`).sort();
    expect(heard.here!.sort()).toEqual(expected('here'));
    expect(heard.there!.sort()).toEqual(expected('there'));
  });

  it('above the limit of the peer are refused here, and the connection goes on', async () => {
    const { here, there } = await pair(variant, { server: { maxMessageSize: 1000 } });
    const arrived = once(there, 'message');
    await expect(here.sendMessage(new Uint8Array(1001))).rejects.toMatchObject({
      name: 'RangeError',
      code: 'ERR_MESSAGE_TOO_LARGE',
    });
    await here.sendMessage(seeded(1000, 4));
    expect(hashOf((await arrived)[0] as Uint8Array)).toBe(hashOf(seeded(1000, 4)));
  });

  it('that nobody takes hold the sender back, and all come in the end', async () => {
    const size = 64 << 10;
    const window = 1 << 20;
    const { here, there } = await pair(variant, { server: { maxConnectionData: window } });
    let resolved = 0;
    const count = 60;
    const sent = Array.from({ length: count }, (_, number) =>
      here.sendMessage(seeded(size, number)).then(() => resolved++),
    );
    await until(
      () => resolved >= window / size - 2 && here.stats().bytesInFlight === 0,
      () => `a full window: ${resolved} messages`,
    );
    await turns(20);
    // What is not taken is not given back: the window, and nothing beyond.
    expect(resolved).toBeLessThanOrEqual(window / size);
    expect(there.stats().messagesUntaken).toBeGreaterThanOrEqual(resolved);
    expect(there.stats().messagesUntaken).toBeLessThanOrEqual(window / size);
    const hashes = new Set<string>();
    there.on('message', (bytes) => hashes.add(hashOf(bytes)));
    await within(Promise.all(sent), () => `all ${count} messages, not ${resolved}`);
    await until(
      () => hashes.size === count,
      () => `all ${count} messages, not ${hashes.size}`,
    );
    expect(hashes).toEqual(new Set(sent.map((_, number) => hashOf(seeded(size, number)))));
    expect(there.stats().messagesUntaken).toBe(0);
  });

  it('come to loops, which end with the connection after what waits', async () => {
    const { here, there } = await pair(variant);
    for (const text of ['one', 'two', 'three']) await here.sendMessage(Buffer.from(text));
    await here.close();
    await there.closed;
    const heard: string[] = [];
    for await (const bytes of there.messages()) heard.push(String(bytes));
    expect(heard).toEqual(['one', 'two', 'three']);
  });

  it('resolve only when the peer has them', async () => {
    const { here, there } = await pair(variant);
    let arrived = 0;
    there.on('message', () => arrived++);
    for (let number = 1; number <= 20; number++) {
      await here.sendMessage(seeded(10_000, number));
      expect(there.stats().messagesReceived).toBe(number);
    }
    await until(
      () => arrived === 20,
      () => `20 messages, not ${arrived}`,
    );
  });

  it('are rejected when the connection dies', async () => {
    const { here, there } = await pair(variant, { server: { maxConnectionData: 64 << 10 } });
    const big = seeded(4_000_000);
    const lost = expect(here.sendMessage(big)).rejects.toMatchObject({
      name: 'ConnectionError',
      code: 'ERR_CONNECTION_APPLICATION',
      closed: { origin: 'remote', code: 9, reason: 'enough' },
      remoteCode: 9,
    });
    there.destroy({ code: 9, reason: 'enough' });
    await lost;
    const own = await pair(variant);
    const mine = expect(own.here.sendMessage(big)).rejects.toMatchObject({
      code: 'ERR_CONNECTION_CLOSED',
      closed: { origin: 'local' },
    });
    own.here.destroy();
    await mine;
  });

  it('are refused here when too many are under way', async () => {
    const { here } = await pair(variant, { server: { maxConnectionData: 16 << 10 } });
    const big = Buffer.alloc(16 << 20);
    const kept = Array.from({ length: 4 }, () => here.sendMessage(big).catch(() => 'lost'));
    await expect(here.sendMessage(Buffer.alloc(1))).rejects.toMatchObject({
      name: 'RangeError',
      code: 'ERR_QUEUE_FULL',
    });
    here.destroy();
    expect(await Promise.all(kept)).toEqual(['lost', 'lost', 'lost', 'lost']);
  });

  it('whose buffer is transferred away are refused, and the connection goes on', async () => {
    const { here, there } = await pair(variant);
    const heard: number[] = [];
    there.on('message', ({ length }) => heard.push(length));
    const bytes = new Uint8Array(100_000);
    const sent = expect(here.sendMessage(bytes)).rejects.toMatchObject({
      name: 'TypeError',
      code: 'ERR_DETACHED_BUFFER',
    });
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    await sent;
    for (const call of [() => here.sendMessage(bytes), () => here.sendDatagram(bytes)]) {
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_DETACHED_BUFFER' }));
    }
    await here.sendMessage(new Uint8Array(10));
    await until(
      () => heard.length === 1,
      () => 'the message after it',
    );
    expect(heard).toEqual([10]);
  });
});
