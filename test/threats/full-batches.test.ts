/**
 * No batch starves the event loop: as full as a receive call makes it, and of whatever frames, it costs no more than so many
 * frames, answers, events and allocations. Work is counted here; bench/stress/hostile-turns.ts takes the time.
 *
 * The same holds for a batch of several hostile connections; what an honest peer has in it behind them is lost if it was too
 * much, and comes through when it is sent again. The twin: an honest sender of as many tiny frames gets all of them through,
 * a little later.
 */

import { describe, expect, it, vi } from 'vitest';
import { RECEIVE_MESSAGES, RECEIVE_ROWS, RECEIVE_STRIDE } from '../../lib/batch/layout.js';
import { FRAMES_PER_BATCH, FRAMES_PER_CONNECTION } from '../../lib/core/endpoint/receive-pass.js';
import { EVENT_STREAM } from '../../lib/core/event-ring.js';
import type { Stream } from '../../lib/core/streams/stream.js';
import { FrameReader } from '../../lib/core/wire/frame-reader.js';
import { simulatedMemory } from '../sim/surroundings.js';
import { repeated, stream } from './support/frames.js';
import {
  FRAME_KINDS,
  HOSTILE_BATCHES,
  PAYLOAD_BYTES,
  payloadsOf,
} from './support/hostile-batches.js';
import { RawCrowd } from './support/raw-crowd.js';
import { RawPeer } from './support/raw-peer.js';

/** Of one packet: it is read to its end, but for useless frames no frame of it has less than four bytes. */
const FRAMES_PER_PACKET = PAYLOAD_BYTES;
/** Also packets with a frame each are read to the last row. */
const FRAMES_MAX = FRAMES_PER_CONNECTION + FRAMES_PER_PACKET;
/** Packets that a turn sends in answer: each may bring an ACK, a credit, a response. */
const ANSWERS_MAX = 64;
const EVENTS_MAX = 4096;
const ALLOCATIONS_MAX = 4096;
const ONE_BYTE = stream(0, 0, Uint8Array.of(1));
const FROM_STREAM_TO_STREAM = 'a byte of each of 1,000 streams';
/** Hostile connections in one batch. */
const CROWD = 8;
/** The smallest frames, and those that cost the most. */
const CROWD_KINDS = FRAME_KINDS.filter(({ name }) =>
  ['PING', 'the same byte of a stream', 'every second byte, from behind'].includes(name),
);

interface Work {
  readonly frames: number;
  readonly allocations: number;
}

/** Frames that were read meanwhile, by whomever, and calls for memory. */
function workOf(run: () => void): Work {
  const next = vi.spyOn(FrameReader.prototype, 'next');
  const allocate = vi.spyOn(simulatedMemory, 'allocate');
  run();
  const work = { frames: next.mock.calls.length, allocations: allocate.mock.calls.length };
  next.mockRestore();
  allocate.mockRestore();
  return work;
}

describe('a batch as full as it can be', () => {
  it.each(HOSTILE_BATCHES)('costs no more than a turn may: $name', ({ name, make }) => {
    const { peer, datagrams } = make();
    const told = peer.told.length;
    const heard = peer.packetsHeard;
    // The peer reads what it hears by the same class.
    const { frames, allocations } = workOf(() => peer.deliver(datagrams));
    expect(frames).toBeGreaterThan(1000);
    expect(frames).toBeLessThan(FRAMES_MAX + RECEIVE_ROWS);
    // Each finds its stream out of the cache, and counts for three: one packet is read.
    if (name === FROM_STREAM_TO_STREAM) expect(frames).toBeLessThan(FRAMES_PER_CONNECTION);
    expect(peer.packetsHeard - heard).toBeLessThan(ANSWERS_MAX);
    expect(peer.told.length - told).toBeLessThan(EVENTS_MAX);
    expect(allocations).toBeLessThan(ALLOCATIONS_MAX);
  });

  it.each(CROWD_KINDS)('costs no more when it comes from eight connections: $name', (kind) => {
    const crowd = new RawCrowd(CROWD);
    const flood = crowd.flood(payloadsOf(kind.frameAt).slice(0, 2 * CROWD));
    const { told } = crowd;
    let answers = 0;
    const { frames, allocations } = workOf(() => {
      answers = crowd.turn(flood);
    });
    // The last packet that is begun is read to its end.
    expect(frames).toBeLessThan(FRAMES_PER_BATCH + FRAMES_PER_PACKET + RECEIVE_MESSAGES);
    expect(answers).toBeLessThan(ANSWERS_MAX);
    expect(crowd.told - told).toBeLessThan(EVENTS_MAX);
    expect(allocations).toBeLessThan(ALLOCATIONS_MAX);
    expect(crowd.victim.endpoint.counts.droppedByLoad).toBeGreaterThan(0);
  });
});

/** What the honest peer sends, and how much of it the victim's application has. */
function transfer(crowd: RawCrowd): () => number {
  const sent = Uint8Array.from({ length: 40_000 }, (_, index) => index % 251);
  const stream = crowd.honest.connection.openStream(true)!;
  stream.write(sent);
  stream.finish();
  let read = 0;
  return () => {
    for (const arrived of crowd.streams) {
      for (let chunk = arrived.read(); chunk !== undefined; chunk = arrived.read()) {
        expect(chunk.every((byte, index) => byte === (read + index) % 251)).toBe(true);
        read += chunk.length;
      }
    }
    return read;
  };
}

describe('an honest peer in the batches of eight hostile ones', () => {
  /** One packet of each, with as many frames as fit. */
  const payloads = payloadsOf(() => ONE_BYTE).slice(0, CROWD);

  it('loses what comes behind them, and gets all of it through once they rest', () => {
    const crowd = new RawCrowd(CROWD);
    const { counts } = crowd.victim.endpoint;
    const readAll = transfer(crowd);
    for (let turn = 0; turn < 20; turn++) {
      crowd.nowUs += 10_000;
      const flood = crowd.flood(payloads);
      const honest = crowd.say();
      const before = counts.droppedByLoad;
      crowd.turn([...flood, ...honest]);
      // Of the flood three packets are read.
      expect(counts.droppedByLoad - before).toBe(flood.length - 3 + honest.length);
    }
    expect(readAll()).toBe(0);
    const dropped = counts.droppedByLoad;
    for (let turn = 0; turn < 2000 && readAll() < 40_000; turn++) {
      crowd.nowUs += 10_000;
      crowd.turn(crowd.say());
    }
    expect(readAll()).toBe(40_000);
    expect(counts.droppedByLoad).toBe(dropped);
    expect(crowd.honest.connection.closed).toBeUndefined();
  });

  it('loses nothing of what comes in front of them', () => {
    const crowd = new RawCrowd(CROWD);
    const { counts } = crowd.victim.endpoint;
    const readAll = transfer(crowd);
    let flooded = 0;
    for (let turn = 0; turn < 200 && readAll() < 40_000; turn++) {
      crowd.nowUs += 10_000;
      const flood = crowd.flood(payloads);
      crowd.turn([...crowd.say(), ...flood]);
      flooded += flood.length;
    }
    expect(readAll()).toBe(40_000);
    expect(crowd.honest.connection.stats().packetsLost).toBe(0);
    expect(counts.droppedByLoad).toBeLessThan(flooded);
  });

  it('loses nothing behind one of them, whose own packets are lost first', () => {
    const crowd = new RawCrowd(1);
    const readAll = transfer(crowd);
    for (let turn = 0; turn < 200 && readAll() < 40_000; turn++) {
      crowd.nowUs += 10_000;
      crowd.turn([...crowd.flood(payloads), ...crowd.say()]);
    }
    expect(readAll()).toBe(40_000);
    expect(crowd.honest.connection.stats().packetsLost).toBe(0);
    expect(crowd.victim.endpoint.counts.droppedByLoad).toBeGreaterThan(0);
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
