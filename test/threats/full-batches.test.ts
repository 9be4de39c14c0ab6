/**
 * No batch starves the event loop: as full as a receive call makes it, and of whatever frames, it costs no more than so many
 * frames, answers, events and allocations. Work is counted here; bench/stress/hostile-turns.ts takes the time.
 *
 * The twin: an honest sender of as many tiny frames gets all of them through, a little later.
 */

import { describe, expect, it, vi } from 'vitest';
import { RECEIVE_MESSAGES, RECEIVE_ROWS, RECEIVE_STRIDE } from '../../lib/batch/layout.js';
import { FRAMES_PER_CONNECTION } from '../../lib/core/endpoint/receive-pass.js';
import { EVENT_STREAM } from '../../lib/core/event-ring.js';
import type { Stream } from '../../lib/core/streams/stream.js';
import { FrameReader } from '../../lib/core/wire/frame-reader.js';
import { simulatedMemory } from '../sim/surroundings.js';
import { repeated, stream } from './support/frames.js';
import { HOSTILE_BATCHES, PAYLOAD_BYTES } from './support/hostile-batches.js';
import { RawPeer } from './support/raw-peer.js';

/** Of one packet: it is read to its end, but for useless frames no frame of it has less than four bytes. */
const FRAMES_PER_PACKET = PAYLOAD_BYTES;
/** Also packets with a frame each are read to the last row. */
const FRAMES_MAX = FRAMES_PER_CONNECTION + FRAMES_PER_PACKET;
/** Packets that a turn sends in answer: each may bring an ACK, a credit, a response. */
const ANSWERS_MAX = 64;
const EVENTS_MAX = 4096;
const ALLOCATIONS_MAX = 4096;

describe('a batch as full as it can be', () => {
  it.each(HOSTILE_BATCHES)('costs no more than a turn may: $name', ({ make }) => {
    const { peer, datagrams } = make();
    const told = peer.told.length;
    const heard = peer.packetsHeard;
    const next = vi.spyOn(FrameReader.prototype, 'next');
    const allocate = vi.spyOn(simulatedMemory, 'allocate');
    peer.deliver(datagrams);
    const work = {
      // The peer reads what it hears by the same class.
      frames: next.mock.calls.length,
      answers: peer.packetsHeard - heard,
      events: peer.told.length - told,
      allocations: allocate.mock.calls.length,
    };
    next.mockRestore();
    allocate.mockRestore();
    expect(work.frames).toBeGreaterThan(1000);
    expect(work.frames).toBeLessThan(FRAMES_MAX + RECEIVE_ROWS);
    expect(work.answers).toBeLessThan(ANSWERS_MAX);
    expect(work.events).toBeLessThan(EVENTS_MAX);
    expect(work.allocations).toBeLessThan(ALLOCATIONS_MAX);
  });
});

describe('an honest sender of tiny frames', () => {
  it('gets a batch of them through, and what was too much when it sends it again', () => {
    const room = { rows: RECEIVE_ROWS, slabBytes: RECEIVE_MESSAGES * RECEIVE_STRIDE };
    const peer = new RawPeer({}, room);
    const perPacket = 5000;
    const packets = Array.from({ length: 8 }, (_, packet) => {
      const frames = Array.from({ length: perPacket }, (_, index) =>
        stream(0, packet * perPacket + index, Uint8Array.of(index & 0xff)),
      );
      return Uint8Array.from(frames.flatMap((bytes) => [...bytes]));
    });
    peer.deliver(packets.map((payload) => peer.seal(payload)));
    const { counts } = peer.victim.endpoint;
    // Four packets are read: the fourth goes beyond.
    expect(counts.droppedByLoad).toBe(4);
    for (const payload of packets.slice(4)) peer.send(payload);
    expect(counts.droppedByLoad).toBe(4);
    expect(peer.closedName).toBeUndefined();
    const opened = peer.told.find(({ kind }) => kind === EVENT_STREAM)?.subject as Stream;
    let read = 0;
    for (let chunk = opened.read(); chunk !== undefined; chunk = opened.read()) {
      expect(chunk.every((byte, index) => byte === (((read + index) % perPacket) & 0xff))).toBe(
        true,
      );
      read += chunk.length;
    }
    expect(read).toBe(8 * perPacket);
  });

  it('that are fewer than that loses none', () => {
    const peer = new RawPeer();
    const payload = repeated(stream(0, 0, Uint8Array.of(1)), 1000);
    peer.deliver(Array.from({ length: 16 }, () => peer.seal(payload)));
    expect(peer.victim.endpoint.counts.droppedByLoad).toBe(0);
    expect(peer.closedName).toBeUndefined();
  });
});
