/** The connection ids that the peer gives us, and how they are retired (RFC 9000 sections 5.1, 19.15, 19.16). */

import { describe, expect, it } from 'vitest';
import { REMOTE_IDS_MAX, RemoteIds } from '../../../../lib/core/connection/connection-ids.js';
import {
  CONNECTION_ID_LIMIT_ERROR,
  FRAME_ENCODING_ERROR,
  PROTOCOL_VIOLATION,
} from '../../../../lib/core/error-codes.js';
import { idOf, Space, tokenOf } from './id-frames.js';

const MAX = 2 ** 53 - 1;

/** NEW_CONNECTION_ID with the id and the token of its sequence number. */
function offer(
  ids: RemoteIds,
  sequence: number,
  retirePriorTo = 0,
  id = idOf(sequence),
  token = tokenOf(sequence),
): number {
  const slab = new Uint8Array(64);
  slab.set(id, 20);
  slab.set(token, 28);
  return ids.onNewConnectionId(sequence, retirePriorTo, slab, 20, 28);
}

/** The sequence numbers of the RETIRE_CONNECTION_IDs that `ids` writes into `room` bytes. */
function written(ids: RemoteIds, room = 1000): number[] {
  const space = new Space(room);
  ids.write(space);
  expect(space.records).toEqual(space.retired().map((sequence) => [0x19, sequence, 0, 0]));
  return space.retired();
}

const make = () => new RemoteIds(idOf(0));

describe('new ids', () => {
  it('begin with the one of the handshake, which stays in use', () => {
    const ids = make();
    for (let sequence = 1; sequence < REMOTE_IDS_MAX; sequence++) {
      expect(offer(ids, sequence)).toBe(0);
    }
    expect(ids.current).toEqual(idOf(0));
    expect(ids.hasPending).toBe(false);
  });

  it('may come in any order', () => {
    const ids = make();
    for (const sequence of [3, 1, 2]) expect(offer(ids, sequence)).toBe(0);
    for (const sequence of [1, 2, 3]) {
      expect(ids.rotate()).toBe(true);
      expect(ids.current).toEqual(idOf(sequence));
    }
  });

  it('may come again', () => {
    const ids = make();
    for (let times = 0; times < 3; times++) expect(offer(ids, 1)).toBe(0);
    expect(ids.rotate()).toBe(true);
    expect(ids.rotate()).toBe(false);
    expect(offer(ids, 1)).toBe(0);
    expect(ids.rotate()).toBe(false);
  });

  it('are copied', () => {
    const ids = make();
    const slab = new Uint8Array(24);
    slab.set(idOf(1));
    ids.onNewConnectionId(1, 0, slab, 0, 8);
    slab.fill(0);
    ids.rotate();
    expect(ids.current).toEqual(idOf(1));
  });

  it('above our limit are an error', () => {
    const ids = make();
    expect(offer(ids, REMOTE_IDS_MAX)).toBe(CONNECTION_ID_LIMIT_ERROR);
    expect(offer(ids, MAX)).toBe(CONNECTION_ID_LIMIT_ERROR);
    ids.rotate();
    expect(ids.current).toEqual(idOf(0));
  });

  it('above our limit are none when they retire the excess', () => {
    const ids = make();
    for (const sequence of [1, 2, 3]) offer(ids, sequence);
    expect(offer(ids, 4, 1)).toBe(0);
    expect(ids.current).toEqual(idOf(1));
    expect(written(ids)).toEqual([0]);
  });

  it('that would retire themselves are malformed', () => {
    expect(offer(make(), 1, 2)).toBe(FRAME_ENCODING_ERROR);
  });

  it.each<[string, number, Uint8Array, Uint8Array]>([
    ['another id under a known number', 1, idOf(9), tokenOf(1)],
    ['another token for a known id', 1, idOf(1), tokenOf(9)],
    ['a known id under another number', 2, idOf(1), tokenOf(1)],
    ['the id of the handshake under another number', 2, idOf(0), tokenOf(2)],
    ['another id under the number of the handshake', 0, idOf(9), tokenOf(9)],
  ])('are a violation: %s', (_, sequence, id, token) => {
    const ids = make();
    offer(ids, 1);
    expect(offer(ids, sequence, 0, id, token)).toBe(PROTOCOL_VIOLATION);
  });

  it('change nothing when they are an error', () => {
    const ids = make();
    offer(ids, 1);
    expect(offer(ids, 3, 3, idOf(1))).toBe(PROTOCOL_VIOLATION);
    expect(offer(ids, 50, 3)).toBe(CONNECTION_ID_LIMIT_ERROR);
    expect(offer(ids, 3, 4)).toBe(FRAME_ENCODING_ERROR);
    expect(ids.current).toEqual(idOf(0));
    expect(ids.hasPending).toBe(false);
  });

  it('of the handshake may come as a frame, whatever its token', () => {
    expect(offer(make(), 0, 0, idOf(0), tokenOf(77))).toBe(0);
  });
});

describe('rotate', () => {
  it('has nothing to go on with in the beginning', () => {
    const ids = make();
    expect(ids.rotate()).toBe(false);
    expect(ids.current).toEqual(idOf(0));
    expect(ids.hasPending).toBe(false);
  });

  it('retires what it leaves, and keeps the array', () => {
    const ids = make();
    const { current } = ids;
    offer(ids, 1);
    ids.rotate();
    expect(ids.current).toBe(current);
    expect(written(ids)).toEqual([0]);
  });

  it('skips an id that has not come, which is retired with the rest and not taken later', () => {
    const ids = make();
    offer(ids, 2);
    expect(ids.rotate()).toBe(true);
    expect(ids.current).toEqual(idOf(2));
    expect(written(ids)).toEqual([0, 1]);
    expect(offer(ids, 1)).toBe(0);
    expect(ids.rotate()).toBe(false);
    expect(ids.hasPending).toBe(false);
  });

  it('makes room for as many new ids', () => {
    const ids = make();
    for (const sequence of [1, 2, 3]) offer(ids, sequence);
    expect(offer(ids, 4)).toBe(CONNECTION_ID_LIMIT_ERROR);
    ids.rotate();
    expect(offer(ids, 4)).toBe(0);
    expect(offer(ids, 5)).toBe(CONNECTION_ID_LIMIT_ERROR);
  });

  it('waits while the peer does not acknowledge what was retired', () => {
    const ids = make();
    let turns = 0;
    for (let sequence = 1; sequence < 100; sequence++) {
      offer(ids, sequence);
      if (ids.rotate()) turns++;
      else break;
    }
    expect(turns).toBe(2 * REMOTE_IDS_MAX);
    ids.onFrameAcked(0);
    expect(ids.rotate()).toBe(true);
  });
});

describe('retire prior to', () => {
  it('retires all before, and goes on with the first that is left', () => {
    const ids = make();
    for (const sequence of [1, 2]) offer(ids, sequence);
    expect(offer(ids, 3, 2)).toBe(0);
    expect(ids.current).toEqual(idOf(2));
    expect(written(ids)).toEqual([0, 1]);
  });

  it('goes on with the new id when none is left', () => {
    const ids = make();
    offer(ids, 1);
    expect(offer(ids, 3, 2)).toBe(0);
    expect(ids.current).toEqual(idOf(3));
    expect(written(ids)).toEqual([0, 1]);
  });

  it('does not retire what has yet to come', () => {
    const ids = make();
    offer(ids, 3, 2);
    expect(written(ids)).toEqual([0, 1]);
    expect(offer(ids, 2, 2)).toBe(0);
    expect(ids.current).toEqual(idOf(2));
    expect(ids.rotate()).toBe(true);
    expect(ids.current).toEqual(idOf(3));
    expect(written(ids)).toEqual([2]);
  });

  it('leaves alone what is behind it', () => {
    const ids = make();
    for (const sequence of [1, 2]) offer(ids, sequence);
    ids.rotate();
    written(ids);
    expect(offer(ids, 3, 1)).toBe(0);
    expect(ids.current).toEqual(idOf(1));
    expect(ids.hasPending).toBe(false);
  });

  it('that is lower than one before is ignored', () => {
    const ids = make();
    offer(ids, 3, 3);
    written(ids);
    expect(offer(ids, 4, 1)).toBe(0);
    expect(ids.current).toEqual(idOf(3));
    expect(ids.hasPending).toBe(false);
  });

  it('in a late frame about an id that is retired does nothing', () => {
    const ids = make();
    offer(ids, 3, 3);
    written(ids);
    expect(offer(ids, 2, 2)).toBe(0);
    expect(ids.hasPending).toBe(false);
  });
});

describe('RETIRE_CONNECTION_ID', () => {
  it('is written as far as it fits', () => {
    const ids = make();
    offer(ids, 3, 3);
    expect(written(ids, 5)).toEqual([0, 1]);
    expect(ids.hasPending).toBe(true);
    expect(written(ids, 2)).toEqual([2]);
    expect(ids.hasPending).toBe(false);
  });

  it('is sent again when it is lost', () => {
    const ids = make();
    offer(ids, 2, 2);
    written(ids);
    ids.onFrameLost(1);
    ids.onFrameLost(1);
    expect(written(ids)).toEqual([1]);
    expect(ids.hasPending).toBe(false);
    ids.onFrameLost(1);
    ids.onFrameLost(0);
    expect(written(ids)).toEqual([0, 1]);
  });

  it('is not sent again when a copy has arrived', () => {
    const ids = make();
    offer(ids, 1, 1);
    written(ids);
    ids.onFrameLost(0);
    ids.onFrameAcked(0);
    expect(ids.hasPending).toBe(false);
    ids.onFrameLost(0);
    expect(written(ids)).toEqual([]);
  });

  it('has a cap: a peer that retires without end and acknowledges nothing is cut off', () => {
    const ids = make();
    let sequence = 0;
    let error = 0;
    while (error === 0 && sequence < 100) {
      sequence++;
      error = offer(ids, sequence, sequence);
      if (error === 0) written(ids);
    }
    expect(error).toBe(CONNECTION_ID_LIMIT_ERROR);
    expect(sequence).toBe(2 * REMOTE_IDS_MAX + 1);
    expect(ids.current).toEqual(idOf(2 * REMOTE_IDS_MAX));
  });

  it('has a cap: a peer that retires everything at once is cut off', () => {
    const ids = make();
    expect(offer(ids, MAX, MAX)).toBe(CONNECTION_ID_LIMIT_ERROR);
    expect(offer(ids, 2 * REMOTE_IDS_MAX + 1, 2 * REMOTE_IDS_MAX + 1)).toBe(
      CONNECTION_ID_LIMIT_ERROR,
    );
    expect(ids.hasPending).toBe(false);
    expect(offer(ids, 2 * REMOTE_IDS_MAX, 2 * REMOTE_IDS_MAX)).toBe(0);
  });

  it('has a cap that an honest peer never meets: all ids replaced each round trip, acknowledged one late', () => {
    const ids = make();
    let unacknowledged: number[] = [];
    for (let round = 1; round <= 2000; round++) {
      const first = round * REMOTE_IDS_MAX;
      // In another order each round, each twice.
      for (let step = 0; step < 2 * REMOTE_IDS_MAX; step++) {
        const sequence = first + ((step * 3 + round) % REMOTE_IDS_MAX);
        expect(offer(ids, sequence, first)).toBe(0);
      }
      expect(ids.current).toEqual(idOf(first));
      for (const sequence of unacknowledged) ids.onFrameAcked(sequence);
      unacknowledged = written(ids);
      expect(unacknowledged).toHaveLength(REMOTE_IDS_MAX);
    }
  });
});
