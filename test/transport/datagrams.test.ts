/**
 * Unreliable datagrams over real sockets: how large, how many wait, and who is told.
 */

import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { until, within } from '../conformance/support/waiting.js';
import { hashOf, seeded } from './support/bytes.js';
import { pair } from './support/pair.js';
import { engines } from './support/variants.js';

describe.each(engines)('datagrams: $name', (variant) => {
  it('arrive as they were sent', async () => {
    const { here, there } = await pair(variant);
    for (const size of [0, 1, 1000, here.maxDatagramPayload]) {
      const arrived = once(there, 'datagram');
      const bytes = seeded(size, size);
      expect(here.sendDatagram(bytes)).toBe(true);
      // Copied: what becomes of ours is nobody's concern.
      const expected = hashOf(bytes);
      bytes.fill(0);
      const [datagram] = (await within(arrived, () => `${size} bytes`)) as [Uint8Array];
      expect(hashOf(datagram)).toBe(expected);
    }
  });

  it('above the largest size are not sent', async () => {
    const { here, there } = await pair(variant, { client: { maxDatagramSize: 1400 } });
    const sizes: number[] = [];
    there.on('datagram', ({ length }) => sizes.push(length));
    await until(
      () => here.maxDatagramPayload > 1300,
      () => `a path of 1,400 bytes, not ${here.maxDatagramPayload}`,
    );
    const most = here.maxDatagramPayload;
    expect(here.sendDatagram(new Uint8Array(most + 1))).toBe(false);
    expect(here.sendDatagram(new Uint8Array(most))).toBe(true);
    await until(
      () => sizes.length === 1,
      () => `one datagram, not ${sizes}`,
    );
    expect(sizes).toEqual([most]);
    expect(here.stats().datagramsTooLarge).toBe(1);
  });

  it('beyond the queue are dropped, which is said, and room is told of', async () => {
    const { here, there } = await pair(variant);
    let arrived = 0;
    there.on('datagram', () => arrived++);
    const drained = once(here, 'drain');
    let kept = 0;
    const results: boolean[] = [];
    for (let number = 0; number < 1500; number++) {
      const isKept = here.sendDatagram(Buffer.from(String(number)));
      results.push(isKept);
      if (isKept) kept++;
    }
    expect(kept).toBe(1024);
    expect(results.slice(1024)).not.toContain(true);
    await within(drained, () => "'drain'");
    expect(here.sendDatagram(Buffer.from('again'))).toBe(true);
    expect(here.stats().datagramsDropped).toBe(1500 - 1024);
    await here.sendMessage(Buffer.from('fence'));
    expect(arrived).toBeGreaterThan(0);
  });

  it('that are large fill the queue by bytes, and room is told of as well', async () => {
    const { here, there } = await pair(variant);
    there.on('datagram', () => {});
    await until(
      () => here.maxDatagramPayload > 60_000,
      () => `the path MTU of loopback, not ${here.maxDatagramPayload}`,
    );
    const drained = once(here, 'drain');
    const bytes = new Uint8Array(60_000);
    let kept = 0;
    while (here.sendDatagram(bytes)) kept++;
    expect(kept).toBe(Math.floor((4 << 20) / 60_000));
    await within(drained, () => "'drain'");
  });

  it('wait for a listener or a loop, the newest of them', async () => {
    const { here, there } = await pair(variant);
    const count = 1024 + 100;
    for (let number = 0; number < count; number++) {
      here.sendDatagram(Uint8Array.of(number & 0xff, number >> 8));
      await until(
        () => Number(there.stats().datagramsReceived) > number,
        () => `datagram ${number}`,
      );
    }
    await until(
      () => there.stats().datagramsUnread === 100,
      () => `100 that gave way, not ${there.stats().datagramsUnread}`,
    );
    const numbers: number[] = [];
    for await (const bytes of there.datagrams()) {
      numbers.push(bytes[0]! + 256 * bytes[1]!);
      if (numbers.length === 1024) break;
    }
    expect(numbers[0]).toBe(100);
    expect(numbers.at(-1)).toBe(count - 1);
  });
});
