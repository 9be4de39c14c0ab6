/**
 * All providers are equal to the bit: the same random life of several connections is played on each of them, and after
 * every step rows, slabs and counters are compared.
 *
 * Packets are sealed by one provider and opened by all; on the way they are lost, doubled, reordered, cut and damaged;
 * keys are updated, retired and replaced in between, sometimes on one side only.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KEY_COUNTS, KEY_SLOT_BITS } from '../../../lib/batch/layout.js';
import type { PacketBatch } from '../../../lib/batch/packet-batch.js';
import type { Protection } from '../../../lib/core/ports.js';
import {
  AEADS,
  batchToOpen,
  batchToSeal,
  bytesOf,
  filled,
  guardsHold,
  resultsOf,
  trafficKey,
} from './packets.js';
import { providers } from './providers.js';

const LINKS = 4;
/** Few: so they are given out again and again within one life. */
const SLOTS = 32;

/** Which packets are sealed: link, step of the packet number, payload size. */
const packet = fc.tuple(
  fc.nat(LINKS - 1),
  fc.oneof(
    { weight: 12, arbitrary: fc.integer({ min: 1, max: 3 }) },
    { weight: 1, arbitrary: fc.constantFrom(0, -1, 0.5, 4000, 8193, 20_000, 2 ** 30, 2 ** 31 - 1) },
  ),
  fc.oneof(
    { weight: 20, arbitrary: fc.nat(80) },
    { weight: 1, arbitrary: fc.constantFrom(1171, 1371, 4000) },
  ),
);
/** What happens to the bytes on the way. */
const fate = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ kind: 'whole' } as const) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), keep: fc.nat(60) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('flip' as const),
      at: fc.nat(2000),
      bits: fc.integer({ min: 1, max: 255 }),
    }),
  },
);
const delivery = fc.record({ pick: fc.nat(1e6), recent: fc.boolean(), fate });
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('seal' as const),
      packets: fc.array(packet, { minLength: 1, maxLength: 12 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('open' as const),
      deliveries: fc.array(delivery, { minLength: 1, maxLength: 16 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('updateSeal', 'updateOpen', 'updateBoth', 'retirePrevious'),
      link: fc.nat(LINKS - 1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replace'), link: fc.nat(LINKS - 1) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

interface Link {
  seed: number;
  number: number;
  sealGeneration: number;
  openGeneration: number;
}

/** One provider's ids for the links. */
interface Side {
  readonly protection: Protection;
  readonly sealIds: number[];
  readonly openIds: number[];
}

class Life {
  readonly #sides: readonly Side[];
  readonly #links: Link[] = [];
  readonly #sent: { link: number; bytes: Uint8Array }[] = [];
  opened = 0;
  refused = 0;

  constructor() {
    this.#sides = providers.map(({ open }) => ({
      protection: open({ maxSlots: SLOTS }),
      sealIds: [],
      openIds: [],
    }));
    for (let link = 0; link < LINKS; link++) this.#install(link, link);
  }

  play(step: Step): void {
    if (step.kind === 'seal') this.#seal(step.packets);
    else if (step.kind === 'open') this.#open(step.deliveries);
    else if (step.kind === 'replace') this.#replace(step.link);
    else this.#keys(step.kind, step.link);
    this.#compareCounts();
  }

  #aead(seed: number) {
    return AEADS[seed % AEADS.length];
  }

  #install(link: number, seed: number): void {
    this.#links[link] = { seed, number: -1, sealGeneration: 0, openGeneration: 0 };
    for (const { protection, sealIds, openIds } of this.#sides) {
      sealIds[link] = protection.installKey(trafficKey(this.#aead(seed), 'seal', seed));
      openIds[link] = protection.installKey(trafficKey(this.#aead(seed), 'open', seed));
    }
  }

  #replace(link: number): void {
    for (const { protection, sealIds, openIds } of this.#sides) {
      protection.retireKey(sealIds[link]);
      protection.retireKey(openIds[link]);
    }
    this.#install(link, this.#links[link].seed + LINKS);
  }

  #keys(kind: string, link: number): void {
    const state = this.#links[link];
    const { seed } = state;
    if (kind === 'retirePrevious') {
      for (const side of this.#sides) side.protection.retirePrevious(side.openIds[link]);
      return;
    }
    if (kind !== 'updateOpen') {
      const next = trafficKey(this.#aead(seed), 'seal', seed, ++state.sealGeneration);
      const done = this.#sides.map((side) =>
        side.protection.updateKey(side.sealIds[link], next.key, next.iv),
      );
      expect(new Set(done)).toEqual(new Set([true]));
    }
    if (kind !== 'updateSeal') {
      const next = trafficKey(this.#aead(seed), 'open', seed, state.openGeneration + 1);
      const done = this.#sides.map((side) =>
        side.protection.updateKey(side.openIds[link], next.key, next.iv),
      );
      expect(new Set(done).size).toBe(1);
      if (done[0]) state.openGeneration++;
    }
  }

  #seal(packets: readonly (readonly [number, number, number])[]): void {
    const plan = packets.map(([link, delta, size]) => {
      const state = this.#links[link];
      const number = state.number + delta;
      if (number > state.number && Number.isInteger(number)) state.number = number;
      return { link, number, payload: filled(size, size + number) };
    });
    const batches = this.#sides.map(({ protection, sealIds }) => {
      const batch = batchToSeal(plan.map((row) => ({ ...row, key: sealIds[row.link] })));
      protection.seal(batch, 0, batch.length);
      return batch;
    });
    this.#compareBatches(batches);
    plan.forEach(({ link }, row) => {
      if (resultsOf(batches[0])[row].status === 0) {
        this.#sent.push({ link, bytes: bytesOf(batches[0], row) });
      }
    });
  }

  #open(deliveries: readonly { pick: number; recent: boolean; fate: unknown }[]): void {
    if (this.#sent.length === 0) return;
    const plan = deliveries.map((delivery) => {
      const range = delivery.recent ? Math.min(8, this.#sent.length) : this.#sent.length;
      const { link, bytes } = this.#sent[this.#sent.length - 1 - (delivery.pick % range)];
      return { link, packet: damaged(bytes, delivery.fate as Fate) };
    });
    const batches = this.#sides.map(({ protection, openIds }) => {
      const batch = batchToOpen(plan.map((row) => ({ ...row, key: openIds[row.link] })));
      const done = protection.open(batch, 0, batch.length);
      expect(done).toBe(resultsOf(batch).filter(({ status }) => status === 0).length);
      return batch;
    });
    this.#compareBatches(batches);
    for (const { status } of resultsOf(batches[0])) {
      if (status === 0) this.opened++;
      else this.refused++;
    }
  }

  #compareBatches(batches: readonly PacketBatch[]): void {
    const [first, ...others] = batches;
    expect(guardsHold(first)).toBe(true);
    for (const other of others) {
      expect(resultsOf(other)).toEqual(resultsOf(first));
      expect(Buffer.from(other.bytes).equals(first.bytes)).toBe(true);
    }
  }

  #compareCounts(): void {
    const all = this.#sides.map(({ protection, sealIds, openIds }) =>
      [...sealIds, ...openIds].map((id) => {
        const at = (id & ((1 << KEY_SLOT_BITS) - 1)) * KEY_COUNTS;
        return [...protection.counts.subarray(at, at + KEY_COUNTS)];
      }),
    );
    for (const counts of all) expect(counts).toEqual(all[0]);
  }
}

type Fate = typeof fate extends fc.Arbitrary<infer F> ? F : never;

function damaged(bytes: Uint8Array, what: Fate): Uint8Array {
  if (what.kind === 'whole') return bytes;
  if (what.kind === 'cut') return bytes.slice(0, what.keep);
  const copy = bytes.slice();
  copy[what.at % copy.length] ^= what.bits;
  return copy;
}

describe(`providers (${providers.map(({ name }) => name).join(', ')})`, () => {
  it('lead the same life, to the bit', () => {
    let opened = 0;
    let refused = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), (steps) => {
        const life = new Life();
        for (const each of steps) life.play(each);
        opened += life.opened;
        refused += life.refused;
      }),
      { numRuns: 60 },
    );
    // The lives must not be so wild that nothing gets through, nor so tame that nothing is refused.
    expect(opened).toBeGreaterThan(500);
    expect(refused).toBeGreaterThan(500);
    expect(providers.length).toBeGreaterThanOrEqual(2);
  }, 120_000);
});
