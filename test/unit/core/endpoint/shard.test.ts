/** Shards (wire-format.md, S1 to S4): what their ids say, and what becomes of a datagram that another one should have had. */

import { describe, expect, it } from 'vitest';
import { Shard } from '../../../../lib/core/endpoint/shard.js';
import { Rng } from '../../../sim/rng.js';
import { CoreNode, join, type Sent } from '../../../support/core-node.js';

const PLACE = Uint8Array.of(127, 0, 0, 1, 17, 81);
const random = new Rng(11).asRandom();
const SERVER = 9;
/** Addresses of client and server. */
const HERE = 1;
const THERE = 2;

function shardOf(index: number, count = 4): CoreNode {
  return new CoreNode({ name: SERVER, random, resetPlace: PLACE, shard: { index, count } });
}

const client = () => new CoreNode({ name: 3, random });

/** A protected packet with that id, which opens nowhere. */
function packet(id: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(100).fill(0xee);
  bytes[0] = 0x41;
  bytes.set(id, 1);
  return bytes;
}

const idStarting = (first: number) => Uint8Array.of(first, 1, 2, 3, 4, 5, 6, 7);

function deliver(node: CoreNode, bytes: Uint8Array, nowUs = 0): Sent[] {
  return node.turn([{ from: HERE, bytes }], nowUs);
}

describe('a connection id of a shard', () => {
  it('begins with its number, and the rest is chance', () => {
    for (const index of [0, 1, 255]) {
      const shard = new Shard({ index, count: 256 }, random);
      const ids = new Set<string>();
      for (let draw = 0; draw < 200; draw++) {
        const id = new Uint8Array(8);
        shard.fillId(id);
        expect(id[0]).toBe(index);
        expect(shard.isOurs(id, 0)).toBe(true);
        expect(shard.isOthers(id, 0)).toBe(false);
        ids.add(id.join());
      }
      expect(ids.size).toBe(200);
    }
  });

  it('is in every packet of the peer, the first one and those after a change of address', () => {
    for (const index of [0, 2]) {
      const server = shardOf(index);
      const peer = client();
      const nowUs = join(peer, server, HERE, THERE);
      expect(server.connection.isConfirmed).toBe(true);
      const { remoteIds } = peer.connection;
      const seen = new Set<string>();
      do {
        expect(remoteIds.current[0]).toBe(index);
        seen.add(remoteIds.current.join());
      } while (remoteIds.rotate());
      expect(seen.size).toBe(4);
      expect(server.endpoint.createId()[0]).toBe(index);
      expect(nowUs).toBeGreaterThan(0);
    }
  });

  it('is in what answers a handshake that the shard begins', () => {
    const shard = shardOf(3);
    const peer = client();
    join(shard, peer, HERE, THERE);
    expect(peer.connection.remoteIds.current[0]).toBe(3);
  });

  it.each([
    { index: 4, count: 4 },
    { index: -1, count: 4 },
    { index: 0, count: 257 },
    { index: 0.5, count: 4 },
    { index: 0, count: Number.NaN },
    { index: 0, count: 0 },
  ])('needs a place that exists: %o', (place) => {
    expect(() => new Shard(place, random)).toThrow(RangeError);
  });
});

describe('a datagram for another shard', () => {
  it('is counted, and never answered: its connection may be alive', () => {
    const shard = shardOf(1);
    expect(deliver(shard, packet(idStarting(2)))).toEqual([]);
    expect(shard.endpoint.counts).toMatchObject({
      droppedMisdirected: 1,
      droppedUnknownConnection: 0,
      resetsSent: 0,
    });
  });

  it('is told from one of nobody, which is not answered either', () => {
    const shard = shardOf(1);
    expect(deliver(shard, packet(idStarting(4)))).toEqual([]);
    expect(deliver(shard, packet(idStarting(255)))).toEqual([]);
    expect(shard.endpoint.counts).toMatchObject({
      droppedMisdirected: 0,
      droppedUnknownConnection: 2,
    });
  });

  it('that answers a handshake is counted and not looked at', () => {
    const shard = shardOf(1);
    for (const type of [2, 3, 4, 5]) {
      const bytes = new Uint8Array(100);
      bytes[0] = 0x80 + type;
      bytes[5] = 3;
      deliver(shard, bytes);
      bytes[5] = 1;
      deliver(shard, bytes);
    }
    expect(shard.endpoint.counts).toMatchObject({ droppedMisdirected: 4, receivedHandshakes: 4 });
    // Too short to have an id.
    deliver(shard, Uint8Array.of(0x82, 0, 0, 0, 0, 3));
    expect(shard.endpoint.counts).toMatchObject({ droppedMisdirected: 4, receivedHandshakes: 5 });
  });

  it('does not exist without shards', () => {
    const alone = new CoreNode({ name: SERVER, random, resetPlace: PLACE });
    expect(deliver(alone, packet(idStarting(2)))).toHaveLength(1);
    expect(alone.endpoint.counts).toMatchObject({ droppedMisdirected: 0, resetsSent: 1 });
  });
});

describe('a shard that was started anew', () => {
  it('tells the peers of the one before, and no others, that their connections are gone', () => {
    const peer = client();
    const nowUs = join(peer, shardOf(2), HERE, THERE);
    const id = peer.connection.remoteIds.current;
    const heir = shardOf(2);
    const [reset] = deliver(heir, packet(id), nowUs);
    expect(deliver(shardOf(1), packet(id), nowUs)).toEqual([]);
    expect(peer.endpoint.counts.receivedResets).toBe(0);
    peer.turn([{ from: THERE, bytes: reset.bytes }], nowUs);
    expect(peer.endpoint.counts.receivedResets).toBe(1);
    expect(peer.endpoint.connectionCount).toBe(0);
  });

  it('is told by a peer that was: a reset names no shard, so any may get it', () => {
    const place = Uint8Array.of(10, 0, 0, 1, 0, 1);
    const peer = new CoreNode({ name: 3, random, resetPlace: place });
    const shard = shardOf(2);
    const nowUs = join(peer, shard, HERE, THERE);
    const peerAnew = new CoreNode({ name: 3, random, resetPlace: place });
    const to = shard.connection.remoteIds.current;
    const [reset] = peerAnew.turn([{ from: THERE, bytes: packet(to) }], nowUs);
    deliver(shard, reset.bytes, nowUs);
    expect(shard.endpoint.counts).toMatchObject({ receivedResets: 1, droppedMisdirected: 0 });
  });
});
