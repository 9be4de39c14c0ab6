/** Stateless resets (wire-format.md, Z1 to Z6): whom they are sent to, what they look like, and what they end. */

import { describe, expect, it } from 'vitest';
import { LENGTH, OFFSET, REMOTE, ROW_SHIFT } from '../../../../lib/batch/layout.js';
import { PacketBatch } from '../../../../lib/batch/packet-batch.js';
import { PacketBuilder } from '../../../../lib/core/connection/packet-builder.js';
import { EndpointCounts } from '../../../../lib/core/endpoint/endpoint-counts.js';
import { ResetTokens } from '../../../../lib/core/endpoint/reset-tokens.js';
import { StatelessReset } from '../../../../lib/core/endpoint/stateless-reset.js';
import { Rng } from '../../../sim/rng.js';
import { SimulatedAddresses } from '../../../sim/surroundings.js';
import { CoreNode, join, type Sent } from '../../../support/core-node.js';
import { toyIdentity, toyPrimitives } from '../../../support/toy-primitives.js';

const PLACE = Uint8Array.of(127, 0, 0, 1, 17, 81);
const primitives = toyPrimitives(1);
const random = new Rng(7).asRandom();

function make(place = PLACE, name = 1) {
  const counts = new EndpointCounts();
  const addresses = new SimulatedAddresses();
  const resets = new StatelessReset(
    primitives,
    toyIdentity(name),
    place,
    random,
    addresses,
    counts,
    0,
  );
  return { resets, counts };
}

const idOf = (value: number) => new Uint8Array(8).fill(value);

/** A packet of nobody's connection. */
function packet(byteLength: number, id = 5): Uint8Array {
  const bytes = new Uint8Array(byteLength).fill(0xee);
  bytes[0] = 0x41;
  bytes.set(idOf(id), 1);
  return bytes;
}

function written(resets: StatelessReset): Sent[] {
  const batch = new PacketBatch(64 << 10, 256);
  const builder = new PacketBuilder();
  builder.openBatch(batch);
  resets.write(builder);
  return Array.from({ length: batch.length }, (_, row) => {
    const at = row << ROW_SHIFT;
    const offset = batch.rows[at + OFFSET];
    const bytes = batch.bytes.slice(offset, offset + batch.rows[at + LENGTH]);
    return { to: batch.rows[at + REMOTE], bytes };
  });
}

function answer(resets: StatelessReset, peer: number, byteLength: number, nowUs = 0): Sent[] {
  resets.answer(peer, packet(byteLength), 1, byteLength, nowUs);
  return written(resets);
}

describe('a token', () => {
  it('follows from identity, place and id alone', () => {
    const token = make().resets.tokenOf(idOf(1));
    expect(token).toHaveLength(16);
    expect(make().resets.tokenOf(idOf(1))).toEqual(token);
    expect(make().resets.tokenOf(idOf(2))).not.toEqual(token);
    expect(make(Uint8Array.of(1)).resets.tokenOf(idOf(1))).not.toEqual(token);
    expect(make(PLACE, 2).resets.tokenOf(idOf(1))).not.toEqual(token);
  });
});

describe('a reset', () => {
  it('is shorter than every packet that is answered, and none is answered that short', () => {
    for (let byteLength = 29; byteLength < 1500; byteLength++) {
      const { resets } = make();
      const sent = answer(resets, 1, byteLength);
      expect(sent).toHaveLength(byteLength < 46 ? 0 : 1);
      for (const { bytes } of sent) {
        expect(bytes.length).toBeGreaterThanOrEqual(29);
        expect(bytes.length).toBeLessThan(46);
      }
    }
  });

  it('looks like a packet, goes to its sender and ends with the token', () => {
    const { resets, counts } = make();
    const [{ to, bytes }] = answer(resets, 3, 100);
    expect(to).toBe(3);
    expect(bytes[0] & 0xe0).toBe(0x40);
    expect(bytes.slice(-16)).toEqual(resets.tokenOf(idOf(5)));
    expect(counts.resetsSent).toBe(1);
  });

  it('has every length and every first byte that a short packet may have', () => {
    const [lengths, firsts] = [new Set<number>(), new Set<number>()];
    const { resets } = make();
    for (let round = 0; round < 2000; round++) {
      const [{ bytes }] = answer(resets, round + 1, 60, round * 1e6);
      lengths.add(bytes.length);
      firsts.add(bytes[0]);
    }
    expect(lengths.size).toBe(12);
    expect(firsts.size).toBe(32);
  });
});

describe('a flood of packets of nobody', () => {
  it('from one address gets ten answers, and ten more each second', () => {
    const { resets, counts } = make();
    let sent = 0;
    for (let index = 0; index < 10_000; index++) sent += answer(resets, 1, 100).length;
    expect(sent).toBe(10);
    expect(counts.resetsLimited).toBe(9990);
    for (let index = 0; index < 1000; index++) sent += answer(resets, 1, 100, 1e6).length;
    expect(sent).toBe(20);
  });

  it('from a hundred thousand addresses gets two hundred in a second', () => {
    const { resets } = make();
    let sent = 0;
    for (let peer = 1; peer <= 60_000; peer++) sent += answer(resets, peer, 100).length;
    expect(sent).toBe(200);
  });

  it('in one batch leaves no more than 32 waiting, and none for the next batch', () => {
    const { resets } = make();
    for (let peer = 1; peer <= 100; peer++) resets.answer(peer, packet(100), 1, 100, 0);
    expect(resets.waiting).toBe(32);
    resets.forgetWaiting();
    expect(written(resets)).toEqual([]);
  });
});

describe('the tokens of peers', () => {
  const token = Uint8Array.from({ length: 16 }, (_, index) => 3 * index);
  const datagram = (end: Uint8Array) => Uint8Array.of(...packet(24), ...end);
  const tokens = () => new ResetTokens(random, primitives.equal);

  it('are found at the end of a datagram, by all of their bits', () => {
    const held = tokens();
    held.set(4, token);
    expect(held.find(datagram(token), 40)).toBe(4);
    for (let bit = 0; bit < 128; bit++) {
      const wrong = token.slice();
      wrong[bit >> 3] ^= 1 << (bit & 7);
      expect(held.find(datagram(wrong), 40)).toBe(-1);
    }
  });

  it('end nothing once they are replaced or taken back', () => {
    const held = tokens();
    held.set(4, token);
    held.set(
      4,
      token.map((byte) => byte ^ 1),
    );
    expect(held.find(datagram(token), 40)).toBe(-1);
    held.set(4, undefined);
    expect(held.size).toBe(0);
  });

  it('may be the same for two connections: the one that goes first takes nothing from the other', () => {
    const held = tokens();
    held.set(4, token);
    held.set(5, token);
    held.set(4, undefined);
    expect(held.find(datagram(token), 40)).toBe(5);
  });
});

describe('an endpoint that was started anew', () => {
  const config = { keepAliveUs: 1_000_000 };
  const node = (name: number, seed: number) =>
    new CoreNode({ name, random: new Rng(seed).asRandom(), config, resetPlace: PLACE });

  it('ends the connections that it does not know any more', () => {
    const [client, server] = [node(1, 1), node(2, 2)];
    let nowUs = join(client, server, 1, 9);
    const { connection } = client;
    const fresh = node(2, 3);
    nowUs += 1_500_000;
    const [ping] = client.turn([], nowUs);
    const [reset] = fresh.turn([{ from: 1, bytes: ping.bytes }], nowUs);
    client.turn([{ from: 9, bytes: reset.bytes }], nowUs);
    expect(connection.closed).toMatchObject({ origin: 'reset', isApplication: false, code: 0 });
    expect(client.endpoint.counts.receivedResets).toBe(1);
    expect(client.endpoint.connectionCount).toBe(0);
  });

  it('has no answer to the reset of one that has forgotten everything, too', () => {
    const [client, server] = [node(1, 1), node(2, 2)];
    const nowUs = join(client, server, 1, 9) + 1_500_000;
    const [ping] = client.turn([], nowUs);
    const [left, right] = [node(1, 5), node(2, 6)];
    const [reset] = right.turn([{ from: 1, bytes: ping.bytes }], nowUs);
    expect(left.turn([{ from: 9, bytes: reset.bytes }], nowUs)).toEqual([]);
  });

  it('at another place does not give the tokens of this one away', () => {
    const [client, server] = [node(1, 1), node(2, 2)];
    const nowUs = join(client, server, 1, 9) + 1_500_000;
    const [ping] = client.turn([], nowUs);
    const options = { name: 2, random: new Rng(9).asRandom(), config };
    const elsewhere = new CoreNode({ ...options, resetPlace: Uint8Array.of(9, 9) });
    const [reset] = elsewhere.turn([{ from: 1, bytes: ping.bytes }], nowUs);
    client.turn([{ from: 9, bytes: reset.bytes }], nowUs);
    expect(client.connection.phase).toBe('open');
  });
});
