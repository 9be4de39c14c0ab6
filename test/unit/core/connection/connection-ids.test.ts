/** The connection ids that we give the peer (RFC 9000 sections 5.1, 19.15, 19.16). */

import { describe, expect, it } from 'vitest';
import { type IdHost, LocalIds } from '../../../../lib/core/connection/connection-ids.js';
import { PROTOCOL_VIOLATION } from '../../../../lib/core/error-codes.js';
import { idOf, Space, tokenOf } from './id-frames.js';

const SLOT = 5;

/** Ids that count, and the routes that a connection has asked for. */
class Host implements IdHost {
  readonly routes = new Map<string, number>([[String(idOf(0)), SLOT]]);
  #made = 0;

  createId() {
    this.#made++;
    return idOf(this.#made);
  }

  tokenOf(id: Uint8Array): Uint8Array {
    return tokenOf(new DataView(id.buffer).getUint32(4));
  }

  addId(id: Uint8Array, slot: number): void {
    expect(this.routes.has(String(id))).toBe(false);
    this.routes.set(String(id), slot);
  }

  removeId(id: Uint8Array): void {
    expect(this.routes.delete(String(id))).toBe(true);
  }

  get routed(): string[] {
    return [...this.routes.keys()];
  }
}

function make(limit: number, isIssued = true) {
  const host = new Host();
  const ids = new LocalIds(idOf(0), limit, SLOT, host);
  if (isIssued) ids.issue();
  return { host, ids };
}

/** The sequence numbers of the NEW_CONNECTION_IDs that `ids` writes into `room` bytes. */
function written(ids: LocalIds, room = 1000): number[] {
  const space = new Space(room);
  ids.write(space);
  return space.newIds().map(({ sequence }) => sequence);
}

describe('LocalIds', () => {
  it('gives nothing until it is told to', () => {
    const { host, ids } = make(4, false);
    expect(ids.hasPending).toBe(false);
    expect(host.routes.size).toBe(1);
  });

  it('gives as many as the peer takes, the one of the handshake included', () => {
    const { host, ids } = make(4);
    expect(written(ids)).toEqual([0, 1, 2, 3]);
    expect(host.routed).toEqual([0, 1, 2, 3].map((sequence) => String(idOf(sequence))));
    expect([...host.routes.values()]).toEqual([SLOT, SLOT, SLOT, SLOT]);
  });

  it('gives 8 at most', () => {
    const { host } = make(2 ** 53 - 1);
    expect(host.routes.size).toBe(8);
  });

  it('does not give more when it is told again', () => {
    const { host, ids } = make(4);
    ids.issue();
    expect(host.routes.size).toBe(4);
  });

  it('writes id and token, of the id of the handshake too, and retires nothing', () => {
    const { ids } = make(2);
    const space = new Space(1000);
    ids.write(space);
    expect(space.newIds()).toEqual([
      { sequence: 0, retirePriorTo: 0, id: idOf(0), token: tokenOf(0) },
      { sequence: 1, retirePriorTo: 0, id: idOf(1), token: tokenOf(1) },
    ]);
    expect(space.records).toEqual([
      [0x18, 0, 0, 0],
      [0x18, 1, 0, 0],
    ]);
    expect(ids.hasPending).toBe(false);
    expect(written(ids)).toEqual([]);
  });

  it('writes what fits, the rest into the next packet', () => {
    const { ids } = make(4);
    expect(written(ids, 27)).toEqual([]);
    expect(written(ids, 28)).toEqual([0]);
    expect(ids.hasPending).toBe(true);
    expect(written(ids, 3 * 28 + 5)).toEqual([1, 2, 3]);
    expect(ids.hasPending).toBe(false);
  });

  it('gives another for each that the peer retires', () => {
    const { host, ids } = make(3);
    written(ids);
    expect(ids.onRetire(0)).toBe(0);
    expect(host.routed).toEqual([1, 2, 3].map((sequence) => String(idOf(sequence))));
    expect(written(ids)).toEqual([3]);
  });

  it('keeps the id of the handshake readable after it is retired', () => {
    const { ids } = make(2);
    ids.onRetire(0);
    expect(ids.first).toEqual(idOf(0));
  });

  it('gives no other for one that is retired before it has begun to give any', () => {
    const { host, ids } = make(3, false);
    expect(ids.onRetire(0)).toBe(0);
    expect(host.routes.size).toBe(0);
    expect(ids.hasPending).toBe(false);
  });

  it('ignores that an id is retired again', () => {
    const { host, ids } = make(3);
    written(ids);
    ids.onRetire(1);
    expect(ids.onRetire(1)).toBe(0);
    expect(host.routes.size).toBe(3);
  });

  it('takes it for a violation that an id is retired that was never sent', () => {
    const { host, ids } = make(3);
    expect(ids.onRetire(3)).toBe(PROTOCOL_VIOLATION);
    // Made, but not yet in a packet: the peer cannot know of it.
    expect(ids.onRetire(1)).toBe(PROTOCOL_VIOLATION);
    expect(host.routes.size).toBe(3);
    written(ids);
    expect(ids.onRetire(1)).toBe(0);
    expect(ids.onRetire(2 ** 53 - 1)).toBe(PROTOCOL_VIOLATION);
  });

  it('sends a lost one again, with the same number', () => {
    const { ids } = make(3);
    written(ids);
    ids.onFrameLost(2);
    expect(written(ids)).toEqual([2]);
  });

  it('does not send one again that has arrived or is retired', () => {
    const { ids } = make(2);
    written(ids);
    ids.onFrameAcked(1);
    ids.onFrameLost(1);
    expect(ids.hasPending).toBe(false);
    ids.onRetire(1);
    written(ids);
    ids.onFrameLost(1);
    ids.onFrameAcked(1);
    expect(ids.hasPending).toBe(false);
  });

  it('does not send a lost one again when another copy arrives before', () => {
    const { ids } = make(2);
    written(ids);
    ids.onFrameLost(1);
    ids.onFrameAcked(1);
    expect(ids.hasPending).toBe(false);
    expect(written(ids)).toEqual([]);
  });

  it('does not send a lost one again that is retired before', () => {
    const { ids } = make(2);
    written(ids);
    ids.onFrameLost(1);
    ids.onRetire(1);
    expect(written(ids)).toEqual([2]);
    expect(ids.hasPending).toBe(false);
  });

  it('routes nothing after its end', () => {
    const { host, ids } = make(4);
    written(ids);
    ids.onRetire(2);
    ids.close();
    expect(host.routes.size).toBe(0);
    expect(ids.hasPending).toBe(false);
    expect(ids.onRetire(1)).toBe(0);
    expect(host.routes.size).toBe(0);
  });

  it('routes as many as ever after a peer has retired ten thousand', () => {
    const { host, ids } = make(4);
    for (let sequence = 0; sequence < 10_000; sequence++) {
      written(ids);
      expect(ids.onRetire(sequence)).toBe(0);
    }
    expect(host.routes.size).toBe(4);
    expect(written(ids)).toEqual([10_003]);
  });
});
