/** What benchmarks compare with: it must do what it says, or the comparison means nothing. */

import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  OriginalReceivedTracker,
  OriginalSentTracker,
  RESEND_AFTER_US,
} from '../../../bench/components/original-trackers.js';
import { OriginalReceivedLoad, OurReceivedLoad } from '../../../bench/components/received-load.js';
import { isLost, OriginalSentLoad, OurSentLoad } from '../../../bench/components/sent-load.js';
import { Channel } from '../../../bench/micro/channel.js';
import { decodeMessage, encodeMessage } from '../../../bench/micro/original-message.js';
import { OriginalPackets, openKeyTransport } from '../../../bench/micro/original-protocol.js';
import { type Content, PacketFrames } from '../../../bench/micro/packet-frames.js';

describe('cryptography and messages of the original', () => {
  it('gives back a payload, and refuses one that was changed', () => {
    const packets = new OriginalPackets(randomBytes(16));
    const payload = randomBytes(1000);
    const packet = packets.seal(payload);
    expect(packets.open(packet)).toEqual(payload);
    packet[packet.length - 1] ^= 1;
    expect(() => packets.open(packet)).toThrow();
  });

  it('transports a key', () => {
    const transport = openKeyTransport();
    const key = randomBytes(16);
    expect(transport.receive(transport.send(key))).toEqual(key);
  });

  it('gives back a message', () => {
    const message = { packetId: 7, confirmReceipt: [1, 5], payload: Uint8Array.of(1, 2, 3) };
    expect(decodeMessage(encodeMessage(message))).toEqual(message);
  });
});

describe.each<Content>(['bulk', 'mixed', 'ack'])('content %s of a packet', (content) => {
  it('reads what it has written', () => {
    const frames = new PacketFrames(content);
    expect(frames.write()).toBe(frames.read());
    expect(frames.byteLength).toBeLessThanOrEqual(frames.bytes.byteLength);
  });
});

describe('channel', () => {
  it('keeps the order and never holds more than its capacity', async () => {
    const channel = new Channel<number>(2);
    let sent = 0;
    const sending = (async () => {
      for (; sent < 5; sent++) await channel.send(sent);
    })();
    await new Promise(setImmediate);
    expect(sent).toBe(2);
    const received: number[] = [];
    for (let index = 0; index < 5; index++) received.push(await channel.receive());
    await sending;
    expect(received).toEqual([0, 1, 2, 3, 4]);
    expect(channel.take()).toBeUndefined();
  });
});

describe('books of the original', () => {
  it('hand a packet back when its time is over, and a confirmed one never', () => {
    const tracker = new OriginalSentTracker();
    const [first, second] = [Uint8Array.of(1), Uint8Array.of(2)];
    tracker.onSent(1, first, 0);
    tracker.onSent(2, second, 0);
    expect(tracker.onReceipts([1, 1, 9])).toBe(1);
    expect(tracker.takeOverdue(RESEND_AFTER_US - 1)).toBeUndefined();
    expect(tracker.takeOverdue(RESEND_AFTER_US)).toBe(second);
    expect(tracker.takeOverdue(RESEND_AFTER_US)).toBeUndefined();
    expect(tracker.pending).toBe(0);
  });

  it('know a duplicate as long as they remember it', () => {
    const tracker = new OriginalReceivedTracker();
    expect([tracker.onPacket(1, 0), tracker.onPacket(1, 5), tracker.onPacket(2, 5)]).toEqual([
      true,
      false,
      true,
    ]);
    expect(tracker.takeReceipts()).toEqual([1, 2]);
    expect(tracker.takeReceipts()).toEqual([]);
    tracker.forgetBefore(5);
    expect(tracker.size).toBe(1);
    expect(tracker.onPacket(1, 6)).toBe(true);
  });
});

const SENT = [
  ['ours', OurSentLoad],
  ['original', OriginalSentLoad],
] as const;
const RECEIVED = [
  ['ours', OurReceivedLoad],
  ['original', OriginalReceivedLoad],
] as const;

function lostBelow(number: number): number {
  let count = 0;
  for (let each = 0; each < number; each++) if (isLost(each)) count++;
  return count;
}

describe.each([10, 1000])('load of %i packets in flight', (window) => {
  const STEPS = 10_000;
  const packets = 10 * STEPS - window;

  it.each(SENT)('is settled in full without losses: %s', (_whose, Load) => {
    const load = new Load(window, false);
    for (let step = 0; step < STEPS; step++) load.step();
    expect(load.acknowledged).toBe(packets);
    expect(load.lost).toBe(0);
  });

  it.each(SENT)('loses one of 100, and only these: %s', (_whose, Load) => {
    const load = new Load(window, true);
    for (let step = 0; step < STEPS; step++) load.step();
    // The newest packet but one is late at the end.
    expect(load.acknowledged).toBe(packets - lostBelow(packets) - 1);
    // The original finds out 600 ms, so 60,000 packets, later.
    const judged = load instanceof OurSentLoad ? packets : 10 * STEPS - RESEND_AFTER_US / 10;
    expect(load.lost).toBe(lostBelow(judged));
  });

  it.each(RECEIVED)('takes what comes: %s', (_whose, Load) => {
    const load = new Load(window, true);
    for (let step = 0; step < STEPS; step++) load.step();
    expect(load.packets).toBe(10 * STEPS - lostBelow(10 * STEPS));
    expect(load.ackBytes).toBeGreaterThan(0);
  });
});
