/**
 * What an endpoint asks of its surroundings besides packet protection: memory and addresses.
 *
 * Memory comes filled with rubbish, as malloc's does; addresses count their pins.
 *
 * Invariant: an address is never unpinned more often than it was pinned.
 */

import type { Addresses, Memory } from '../../lib/core/ports.js';
import { SimulationFailure } from './failure.js';

const RUBBISH = 0xc7;

export const simulatedMemory: Memory = {
  // Not made zero first: a run asks for gigabytes.
  allocate: (byteLength) =>
    new Uint8Array(Buffer.allocUnsafeSlow(byteLength).buffer, 0, byteLength).fill(RUBBISH),
  gather(target, source, pieces, count) {
    let at = 0;
    for (let piece = 0; piece < count; piece++) {
      const from = pieces[2 * piece];
      const length = pieces[2 * piece + 1];
      target.set(source.subarray(from, from + length), at);
      at += length;
    }
  },
};

/** Address and port of a peer id. */
export type AddressPlan = (peer: number) => { readonly address: Uint8Array; readonly port: number };

/** Each peer id is a host of its own. */
const separateHosts: AddressPlan = (peer) => ({
  address: Uint8Array.of(10, 0, peer >> 8, peer & 255),
  port: 4000 + peer,
});

export class SimulatedAddresses implements Addresses {
  readonly #pins = new Map<number, number>();
  readonly #plan: AddressPlan;

  constructor(plan: AddressPlan = separateHosts) {
    this.#plan = plan;
  }

  /** Addresses that somebody holds on to. */
  get pinned(): number {
    return this.#pins.size;
  }

  sourceOf(peer: number): { address: Uint8Array; port: number; peer: number } {
    return { ...this.#plan(peer), peer };
  }

  pin(peer: number): void {
    this.#pins.set(peer, (this.#pins.get(peer) ?? 0) + 1);
  }

  unpin(peer: number): void {
    const pins = (this.#pins.get(peer) ?? 0) - 1;
    if (pins < 0) throw new SimulationFailure(`address ${peer} is unpinned too often`);
    if (pins === 0) this.#pins.delete(peer);
    else this.#pins.set(peer, pins);
  }
}
