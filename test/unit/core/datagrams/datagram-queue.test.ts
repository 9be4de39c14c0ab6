/** Unreliable datagrams: their frames, their caps, and what is counted. */

import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG, type TransportConfig } from '../../../../lib/core/config.js';
import { DatagramQueue } from '../../../../lib/core/datagrams/datagram-queue.js';
import { NO_ERROR } from '../../../../lib/core/error-codes.js';
import { EVENT_DATAGRAM, EVENT_DATAGRAM_ROOM, EventRing } from '../../../../lib/core/event-ring.js';
import { FrameReader } from '../../../../lib/core/wire/frame-reader.js';
import type { FrameSpace } from '../../../../lib/core/wire/frame-space.js';
import { FRAME_DATAGRAM, FRAME_PADDING } from '../../../../lib/core/wire/frame-types.js';

const MOST = 60_000;

class Packet implements FrameSpace {
  readonly bytes: Uint8Array;
  at = 0;
  readonly end: number;
  records = 0;

  constructor(byteLength: number) {
    // What was there before is not zero.
    this.bytes = new Uint8Array(byteLength).fill(0xee);
    this.end = byteLength;
  }

  record(): void {
    this.records++;
  }

  gather(): void {
    throw new Error('datagrams are copied');
  }

  /** The payloads of its DATAGRAM frames. */
  get payloads(): Uint8Array[] {
    const reader = new FrameReader();
    const payloads: Uint8Array[] = [];
    reader.reset(this.bytes, 0, this.at);
    for (let type = reader.next(); type !== -1; type = reader.next()) {
      if (type === FRAME_PADDING) continue;
      expect(type).toBe(FRAME_DATAGRAM);
      payloads.push(this.bytes.slice(reader.dataAt, reader.dataAt + reader.length));
    }
    return payloads;
  }
}

function make(
  config: Partial<TransportConfig> = {},
  peerLimit = 65_535,
): {
  queue: DatagramQueue;
  events: EventRing;
} {
  const events = new EventRing();
  const queue = new DatagramQueue({ ...DEFAULT_CONFIG, ...config }, events, 'the connection');
  queue.setPeerLimit(peerLimit);
  return { queue, events };
}

function told(events: EventRing): { kind: number; subject: unknown }[] {
  const all: { kind: number; subject: unknown }[] = [];
  while (events.take()) all.push({ kind: events.kind, subject: events.subject });
  return all;
}

describe('sending', () => {
  it('puts as many into a packet as fit, in order', () => {
    const { queue } = make();
    for (let size = 0; size < 5; size++) {
      expect(queue.send(new Uint8Array(size * 10).fill(size), MOST)).toBe(0);
    }
    const packet = new Packet(70);
    queue.write(packet);
    expect(packet.payloads).toEqual([0, 1, 2, 3].map((n) => new Uint8Array(n * 10).fill(n)));
    expect(packet.records).toBe(4);
    expect(queue.hasData).toBe(true);
    const next = new Packet(70);
    queue.write(next);
    expect(next.payloads).toEqual([new Uint8Array(40).fill(4)]);
    expect(queue.hasData).toBe(false);
  });

  it('takes every size that a packet has room for', () => {
    for (let room = 1; room <= 200; room++) {
      for (let size = Math.max(room - 5, 0); size < room; size++) {
        const { queue } = make();
        queue.setPacketRoom(room);
        queue.send(new Uint8Array(size).fill(7), MOST);
        const packet = new Packet(room);
        queue.write(packet);
        expect(packet.payloads).toEqual([new Uint8Array(size).fill(7)]);
        expect(packet.at).toBeLessThanOrEqual(room);
      }
    }
  });

  it('copies: the caller’s bytes are the caller’s again at once, also those of a Buffer', () => {
    for (const bytes of [Uint8Array.of(1, 2, 3), Buffer.from([1, 2, 3])]) {
      const { queue } = make();
      queue.send(bytes, MOST);
      bytes.fill(0);
      const packet = new Packet(100);
      queue.write(packet);
      expect(packet.payloads).toEqual([Uint8Array.of(1, 2, 3)]);
    }
  });

  it('refuses what is larger than path or queue take', () => {
    const { queue } = make({ datagramQueueBytes: 1000 });
    expect(queue.send(new Uint8Array(501), 500)).toBe(-1);
    expect(queue.send(new Uint8Array(500), 500)).toBe(0);
    expect(queue.send(new Uint8Array(1001), 2000)).toBe(-1);
    expect(queue.counters.datagramsTooLarge).toBe(2);
  });

  it('refuses everything for a peer that takes no datagrams, and for a queue of none', () => {
    expect(make({}, 0).queue.send(new Uint8Array(0), MOST)).toBe(-1);
    expect(make({ datagramQueue: 0 }).queue.send(new Uint8Array(1), MOST)).toBe(-1);
    expect(make({}, 2).queue.send(new Uint8Array(0), 0)).toBe(0);
  });

  it.each([2, 10, 63, 64, 66, 67, 100, 16_383, 16_387, 65_535])(
    'never writes a frame above the peer’s limit of %i',
    (limit) => {
      const { queue } = make({}, limit);
      const most = queue.peerLimitBytes;
      expect(queue.send(new Uint8Array(most), most)).toBe(0);
      for (const spare of [0, 1, 2, 3, 100]) {
        const { queue: other } = make({}, limit);
        other.send(new Uint8Array(most), most);
        const packet = new Packet(1 + most + spare);
        other.write(packet);
        const padding = packet.bytes.findIndex((byte) => byte !== 0);
        expect(packet.at - padding).toBeLessThanOrEqual(limit);
        expect(packet.payloads.length).toBe(1);
      }
    },
  );

  it('waits for an emptier packet, and gives up only what none will carry', () => {
    const { queue } = make();
    queue.setPacketRoom(100);
    queue.send(new Uint8Array(99), MOST);
    queue.send(new Uint8Array(100), MOST);
    queue.send(new Uint8Array(10), MOST);
    const half = new Packet(50);
    queue.write(half);
    expect(half.payloads).toEqual([]);
    const whole = new Packet(100);
    queue.write(whole);
    expect(whole.payloads).toEqual([new Uint8Array(99)]);
    const last = new Packet(100);
    queue.write(last);
    expect(last.payloads).toEqual([new Uint8Array(10)]);
    expect(queue.counters).toMatchObject({ datagramsSent: 2, datagramsDropped: 1 });
  });

  it('counts losses, and sends nothing again', () => {
    const { queue } = make();
    queue.send(new Uint8Array(1), MOST);
    queue.write(new Packet(100));
    queue.onLost();
    expect(queue.hasData).toBe(false);
    expect(queue.counters.datagramsLost).toBe(1);
  });
});

describe('the queue of a flood', () => {
  it('keeps the newest by number', () => {
    const { queue } = make({ datagramQueue: 100 });
    for (let number = 0; number < 20_000; number++) {
      expect(queue.send(Uint8Array.of(number >> 8, number), MOST)).toBe(number < 100 ? 0 : 1);
    }
    expect(queue.counters).toMatchObject({ datagramsWaiting: 100, datagramsDropped: 19_900 });
    const packet = new Packet(1200);
    queue.write(packet);
    const numbers = packet.payloads.map(([high, low]) => 256 * high + low);
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, index) => (19_900 + index) & 0xffff));
  });

  it('keeps the newest by bytes', () => {
    const { queue } = make({ datagramQueueBytes: 1000 });
    for (let number = 0; number < 10_000; number++) queue.send(new Uint8Array(300), MOST);
    expect(queue.counters.datagramsWaiting).toBe(3);
    queue.send(new Uint8Array(1000), MOST);
    expect(queue.counters.datagramsWaiting).toBe(1);
  });

  it.each([
    ['entries', { datagramQueue: 10 }],
    ['bytes', { datagramQueueBytes: 1000 }],
  ])('tells once when there is room again, whatever was full: %s', (_what, config) => {
    const { queue, events } = make(config);
    for (let number = 0; number < 10; number++) queue.send(new Uint8Array(100), MOST);
    queue.write(new Packet(150));
    expect(told(events)).toEqual([]);
    for (let number = 0; number < 2; number++) queue.send(new Uint8Array(100), MOST);
    expect(queue.counters.datagramsDropped).toBe(1);
    queue.write(new Packet(50));
    queue.write(new Packet(150));
    queue.write(new Packet(150));
    expect(told(events)).toEqual([{ kind: EVENT_DATAGRAM_ROOM, subject: 'the connection' }]);
  });

  it.each([
    ['entries', { datagramQueue: 10 }],
    ['bytes', { datagramQueueBytes: 1000 }],
  ])('does not tell as long as nothing has left it: %s', (_what, config) => {
    const { queue, events } = make(config);
    for (let number = 0; number < 20; number++) queue.send(new Uint8Array(100), MOST);
    queue.write(new Packet(50));
    expect(told(events)).toEqual([]);
    queue.write(new Packet(150));
    expect(told(events)).toHaveLength(1);
  });

  it('is not that of an honest sender, which loses none', () => {
    const { queue } = make();
    let sent = 0;
    let received = 0;
    while (received < 20_000) {
      // As many as it takes, and then a full window goes out.
      while (sent < 20_000 && sent - received < DEFAULT_CONFIG.datagramQueue) {
        expect(queue.send(Uint8Array.of(sent++), MOST)).toBe(0);
      }
      for (let packets = 0; packets < 20 && queue.hasData; packets++) {
        const packet = new Packet(1200);
        queue.write(packet);
        for (const [byte] of packet.payloads) expect(byte).toBe(received++ & 0xff);
      }
    }
    expect(queue.counters.datagramsDropped).toBe(0);
  });
});

describe('receiving', () => {
  it('copies, and tells each', () => {
    for (const slab of [Uint8Array.of(9, 1, 2, 9), Buffer.from([9, 1, 2, 9])]) {
      const { queue, events } = make();
      expect(queue.onDatagram(slab, 1, 2)).toBe(NO_ERROR);
      expect(queue.onDatagram(slab, 2, 0)).toBe(NO_ERROR);
      slab.fill(0);
      expect(told(events)).toEqual([
        { kind: EVENT_DATAGRAM, subject: Uint8Array.of(1, 2) },
        { kind: EVENT_DATAGRAM, subject: new Uint8Array(0) },
      ]);
    }
  });

  it.each([
    ['entries', { datagramQueue: 100 }, 100],
    ['bytes', { datagramQueueBytes: 1000 }, 10],
  ])('drops the newest of a turn above its cap: %s', (_what, config, most) => {
    const { queue, events } = make(config);
    const slab = new Uint8Array(100);
    for (let turn = 0; turn < 3; turn++) {
      for (let count = 0; count < 10_000; count++) {
        expect(queue.onDatagram(slab, 0, 100)).toBe(NO_ERROR);
      }
      expect(told(events).length).toBe(most);
      queue.endTurn();
    }
    expect(queue.counters).toMatchObject({
      datagramsReceived: 30_000,
      datagramsReceivedDropped: 3 * (10_000 - most),
    });
  });

  it('drops none of a batch that is as full as a receive call makes it', () => {
    const { queue, events } = make();
    const slab = new Uint8Array(1452);
    // 1 MiB, what a receive call brings at most, in packets of full size.
    for (let turn = 0; turn < 10; turn++) {
      for (let count = 0; count < (1 << 20) / 1452; count++) queue.onDatagram(slab, 0, 1400);
      queue.endTurn();
    }
    expect(queue.counters.datagramsReceivedDropped).toBe(0);
    expect(told(events).length).toBe(10 * Math.ceil((1 << 20) / 1452));
  });
});
