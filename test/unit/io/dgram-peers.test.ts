/** The dgram engine's peer table: one id for one address, bounded, and never taken from who holds it. */

import { describe, expect, it } from 'vitest';
import {
  COUNT_PEER_EVICTIONS,
  COUNTER_PLACES,
  PEER_GENERATION,
  PEER_INTS,
  PEER_PINS,
} from '../../../lib/batch/layout.js';
import { NOT_AN_ADDRESS, PEERS_FULL } from '../../../lib/io/batch-socket.js';
import { canonicalAddress, DgramPeers, type Reach } from '../../../lib/io/dgram-peers.js';

function makePeers(capacity = 4, reach: Reach = 'dual') {
  const counters = new Float64Array(COUNTER_PLACES);
  return { counters, peers: new DgramPeers(reach, capacity, counters) };
}

describe('canonicalAddress', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1', 'IPv4'],
    ['::ffff:192.0.2.1', '192.0.2.1', 'IPv4'],
    ['::FFFF:c000:201', '192.0.2.1', 'IPv4'],
    ['0:0:0:0:0:0:0:1', '::1', 'IPv6'],
    ['2001:DB8::0:1', '2001:db8::1', 'IPv6'],
    ['fe80::0:1%lo', 'fe80::1%lo', 'IPv6'],
    ['::', '::', 'IPv6'],
  ])('writes %s as %s', (given, address, family) => {
    expect(canonicalAddress(given)).toEqual({ address, family });
  });

  it.each(['localhost', '', '192.0.2', '192.0.2.1:53', '[::1]', 'fe80::1%'])(
    'refuses %o',
    (given) => {
      expect(canonicalAddress(given)).toBeUndefined();
    },
  );
});

describe('intern', () => {
  it('gives one id to one address, however it is written', () => {
    const { peers } = makePeers();
    const id = peers.intern('192.0.2.1', 53);
    expect(id).toBe(1);
    expect(peers.intern('::ffff:192.0.2.1', 53)).toBe(id);
    expect(peers.internReceived('::ffff:192.0.2.1', 53)).toBe(id);
    expect(peers.intern('192.0.2.1', 54)).not.toBe(id);
    expect(peers.describe(id)).toEqual({ address: '192.0.2.1', port: 53, family: 'IPv4' });
  });

  it.each([
    ['IPv4', '192.0.2.1', '192.0.2.1'],
    ['IPv4', '::ffff:192.0.2.1', '192.0.2.1'],
    ['IPv4', '::1', undefined],
    ['IPv6', '::1', '::1'],
    ['IPv6', '192.0.2.1', undefined],
    ['dual', '192.0.2.1', '::ffff:192.0.2.1'],
    ['dual', '::1', '::1'],
  ] as const)('on a socket for %s writes %s as %s', (reach, address, wire) => {
    const { peers } = makePeers(4, reach);
    const id = peers.intern(address, 53);
    if (wire === undefined) expect(id).toBe(NOT_AN_ADDRESS);
    else expect(peers.wireAddress(id)).toBe(wire);
  });
});

describe('eviction', () => {
  it('starts when the table is full and changes the generation', () => {
    const { peers, counters } = makePeers(2);
    peers.internReceived('192.0.2.1', 1);
    peers.internReceived('192.0.2.1', 2);
    peers.beginReceive();
    const id = peers.internReceived('192.0.2.1', 3);
    expect([1, 2]).toContain(id);
    expect(peers.columns[id * PEER_INTS + PEER_GENERATION]).toBe(1);
    expect(counters[COUNT_PEER_EVICTIONS]).toBe(1);
    expect(peers.describe(id).port).toBe(3);
  });

  it('spares pinned ids, those of the current receive, and those named for the next send', () => {
    const { peers } = makePeers(3);
    const pinned = peers.internReceived('192.0.2.1', 1);
    peers.columns[pinned * PEER_INTS + PEER_PINS]++;
    peers.beginReceive();
    const received = peers.internReceived('192.0.2.1', 3);
    const named = peers.intern('192.0.2.1', 2);
    expect(peers.internReceived('192.0.2.1', 4)).toBe(0);
    peers.endSend();
    expect(peers.internReceived('192.0.2.1', 4)).toBe(named);
    expect(peers.internReceived('192.0.2.1', 5)).toBe(0);
    expect(peers.intern('192.0.2.1', 5)).toBe(PEERS_FULL);
    peers.beginReceive();
    expect([named, received]).toContain(peers.internReceived('192.0.2.1', 5));
    expect(peers.describe(pinned).port).toBe(1);
  });

  it('takes back names that no send used, for a name or in the next receive', () => {
    const { peers } = makePeers(2);
    const first = peers.intern('192.0.2.1', 1);
    const second = peers.intern('192.0.2.1', 2);
    expect(peers.internReceived('192.0.2.1', 3)).toBe(0);
    expect(peers.intern('192.0.2.1', 3)).toBe(first);
    expect(peers.internReceived('192.0.2.1', 4)).toBe(second);
    peers.intern('192.0.2.1', 5);
    peers.beginReceive();
    expect(peers.internReceived('192.0.2.1', 6)).not.toBe(0);
  });

  it('takes a source that spoke once before one that talks', () => {
    const { peers } = makePeers(16);
    const talker = peers.internReceived('192.0.2.1', 53);
    for (let port = 1; port <= 200; port++) {
      peers.beginReceive();
      peers.internReceived('198.51.100.1', port);
      peers.internReceived('192.0.2.1', 53);
    }
    expect(peers.internReceived('192.0.2.1', 53)).toBe(talker);
    expect(peers.columns[talker * PEER_INTS + PEER_GENERATION]).toBe(0);
  });

  it('keeps memory bounded under a flood', () => {
    const { peers, counters } = makePeers(8);
    for (let port = 1; port <= 1000; port++) {
      peers.beginReceive();
      expect(peers.internReceived('198.51.100.1', port)).toBeLessThanOrEqual(8);
    }
    expect(counters[COUNT_PEER_EVICTIONS]).toBe(992);
  });
});
