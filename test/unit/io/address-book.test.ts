/** AddressBook: interned objects, caller's objects, and ids that change hands. */

import { describe, expect, it } from 'vitest';
import { COUNTER_PLACES, PEER_INTS, PEER_PINS } from '../../../lib/batch/layout.js';
import {
  AddressBook,
  NOT_A_PORT,
  NOT_AN_ADDRESS,
  NOT_AN_OBJECT,
  NOT_THE_FAMILY,
  PEERS_FULL,
} from '../../../lib/io/address-book.js';
import { DgramPeers } from '../../../lib/io/dgram-peers.js';

class CountingPeers extends DgramPeers {
  interned = 0;
  described = 0;

  override intern(address: string, port: number): number {
    this.interned++;
    return super.intern(address, port);
  }

  override describe(id: number) {
    this.described++;
    return super.describe(id);
  }
}

function makeBook(capacity = 4) {
  const peers = new CountingPeers('dual', capacity, new Float64Array(COUNTER_PLACES));
  return { peers, book: new AddressBook(peers) };
}

/** Gives all ids to other addresses. */
function flood(peers: DgramPeers, capacity: number): void {
  peers.endSend();
  for (let round = 0; round < 3; round++) {
    peers.beginReceive();
    for (let index = 0; index < capacity; index++) {
      peers.internReceived('198.51.100.1', 1 + round * capacity + index);
    }
  }
  peers.beginReceive();
}

describe('addressOf', () => {
  it('gives one frozen plain object for a peer', () => {
    const { peers, book } = makeBook();
    const id = peers.internReceived('192.0.2.7', 53);
    const address = book.addressOf(id);
    expect(address).toEqual({ address: '192.0.2.7', port: 53, family: 'IPv4' });
    expect(Object.isFrozen(address)).toBe(true);
    expect(Object.getPrototypeOf(address)).toBe(Object.prototype);
    expect(book.addressOf(id)).toBe(address);
    expect(peers.described).toBe(1);
  });

  it('gives a new object when the id went to another peer', () => {
    const { peers, book } = makeBook();
    const id = peers.internReceived('192.0.2.7', 53);
    const before = book.addressOf(id);
    flood(peers, 4);
    const after = book.addressOf(id);
    expect(after.address).toBe('198.51.100.1');
    expect(before.address).toBe('192.0.2.7');
  });
});

describe('idOf', () => {
  it('knows the objects it handed out without asking again', () => {
    const { peers, book } = makeBook();
    const first = peers.internReceived('192.0.2.7', 53);
    const second = peers.internReceived('192.0.2.8', 53);
    for (let round = 0; round < 3; round++) {
      expect(book.idOf(book.addressOf(first))).toBe(first);
      expect(book.idOf(book.addressOf(second))).toBe(second);
    }
    expect(peers.interned).toBe(0);
  });

  it('knows an application object again', () => {
    const { peers, book } = makeBook();
    const one = { address: '192.0.2.7', port: 53 };
    const two = { address: '192.0.2.8', port: 53 };
    const ids = [book.idOf(one), book.idOf(two)];
    expect([book.idOf(one), book.idOf(two)]).toEqual(ids);
    expect(ids[0]).not.toBe(ids[1]);
    expect(peers.interned).toBe(2);
  });

  it('asks once for a new object with the same text each time', () => {
    const { peers, book } = makeBook();
    const ids = [1, 2, 3].map(() => book.idOf({ address: '192.0.2.7', port: 53 }));
    expect(new Set(ids).size).toBe(1);
    expect(book.idOf({ address: '192.0.2.7', port: 53, family: 'IPv4' })).toBe(ids[0]);
    expect(peers.interned).toBe(1);
  });

  it('sees that an application object was changed', () => {
    const { book } = makeBook();
    const to = { address: '192.0.2.7', port: 53 };
    const before = book.idOf(to);
    to.port = 54;
    const after = book.idOf(to);
    expect(after).not.toBe(before);
    expect(book.addressOf(after).port).toBe(54);
    to.address = '192.0.2.8';
    expect(book.addressOf(book.idOf(to)).address).toBe('192.0.2.8');
  });

  it('sees that the id of an object went to another peer', () => {
    const { peers, book } = makeBook();
    const mine = { address: '192.0.2.7', port: 53 };
    const before = book.idOf(mine);
    const theirs = book.addressOf(before);
    expect(book.idOf(theirs)).toBe(before);
    flood(peers, 4);
    for (const object of [mine, theirs, { address: '192.0.2.7', port: 53 }]) {
      // Ids named in this send stay until it is over.
      expect(book.addressOf(book.idOf(object))).toMatchObject({ address: '192.0.2.7', port: 53 });
    }
  });

  it('takes port 0 from what was heard, and from nobody else', () => {
    const { peers, book } = makeBook();
    const heard = book.addressOf(peers.internReceived('192.0.2.7', 0));
    expect(book.idOf(heard)).toBeGreaterThan(0);
    flood(peers, 4);
    // Twice: its id went to another, and the second time it is no longer an object of a live id.
    for (let round = 0; round < 2; round++) {
      expect(book.addressOf(book.idOf(heard))).toMatchObject({ address: '192.0.2.7', port: 0 });
      expect(book.idOf({ address: '192.0.2.7', port: 0 })).toBe(NOT_A_PORT);
    }
  });

  it('reads each property of a foreign object once', () => {
    const { book } = makeBook();
    const reads: string[] = [];
    const to = {
      get address() {
        reads.push('address');
        return '192.0.2.7';
      },
      get port() {
        reads.push('port');
        return 53;
      },
      get family() {
        reads.push('family');
        return 'IPv4';
      },
    };
    const id = book.idOf(to);
    expect(reads).toEqual(['address', 'port', 'family']);
    expect(book.idOf(to)).toBe(id);
    expect(reads).toEqual(['address', 'port', 'family', 'address', 'port']);
  });

  it.each([
    [undefined, NOT_AN_OBJECT],
    [null, NOT_AN_OBJECT],
    ['192.0.2.7:53', NOT_AN_OBJECT],
    [{}, NOT_AN_ADDRESS],
    [{ address: 'localhost', port: 53 }, NOT_AN_ADDRESS],
    [{ address: '192.0.2', port: 53 }, NOT_AN_ADDRESS],
    [{ address: '', port: 53 }, NOT_AN_ADDRESS],
    [{ address: { toString: (): string => '192.0.2.7' }, port: 53 }, NOT_AN_ADDRESS],
    [{ address: '192.0.2.7', port: 0 }, NOT_A_PORT],
    [{ address: '192.0.2.7', port: -0 }, NOT_A_PORT],
    [{ address: '192.0.2.7', port: 65536 }, NOT_A_PORT],
    [{ address: '192.0.2.7', port: 2 ** 32 + 53 }, NOT_A_PORT],
    [{ address: '192.0.2.7', port: 53.5 }, NOT_A_PORT],
    [{ address: '192.0.2.7', port: Number.NaN }, NOT_A_PORT],
    [{ address: '192.0.2.7', port: '53' }, NOT_A_PORT],
    [{ address: '192.0.2.7' }, NOT_A_PORT],
    [{ address: '192.0.2.7', port: 53, family: 'IPv6' }, NOT_THE_FAMILY],
    [{ address: '::1', port: 53, family: 4 }, NOT_THE_FAMILY],
  ])('refuses %o', (to, code) => {
    const { peers, book } = makeBook();
    expect(book.idOf(to)).toBe(code);
    expect(peers.interned).toBe(0);
  });

  it('keeps what it refused for the message', () => {
    const { book } = makeBook();
    book.idOf({ address: 'localhost', port: 53, family: 'IPv4' });
    expect(book.rejectedAddress).toBe('localhost');
    expect(book.rejectedPort).toBe(53);
    expect(book.rejectedFamily).toBe('IPv4');
  });

  it('says when every id is pinned', () => {
    const { peers, book } = makeBook(2);
    for (const port of [1, 2]) {
      peers.columns[book.idOf({ address: '192.0.2.7', port }) * PEER_INTS + PEER_PINS]++;
    }
    peers.endSend();
    expect(book.idOf({ address: '192.0.2.7', port: 3 })).toBe(PEERS_FULL);
  });
});
