/**
 * T92: logging changes nothing. The same run with and without qlog has the same trace, to the last bit, whatever the log
 * makes of it; and what it writes is JSON, no longer than the packet that it is about allows.
 *
 * The runs are those of other tests: random scenarios, random operations, and the fuzz corpus of a peer without manners.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inputsPath, readInputs } from '../fuzz/target.js';
import { control, playControl } from '../fuzz/targets/control.js';
import { caseOf } from '../fuzz/targets/operations.js';
import { Victim } from '../fuzz/victim.js';
import { MemoryLog } from '../support/memory-log.js';
import { Duet } from './operations/duet.js';
import { anyCase, type OperationCase } from './operations/operation.js';
import { PATIENCE } from './patience.js';
import { Rng } from './rng.js';
import { randomScenario } from './scenario.js';
import { Simulation } from './simulation.js';

const SEEDS = [4, 679, 11, 13, 14, 15];
const CASES = fc.sample(anyCase, { numRuns: 6, seed: 3 });

/** A record of a packet: so much, and so much for each byte of its payload (a frame of one byte has a name, too). */
const RECORD_CHARACTERS = 600;
const CHARACTERS_PER_BYTE = 24;

/** A log that drops every now and then. */
const droppingLog = (): MemoryLog => {
  const rng = new Rng(4);
  return new MemoryLog(() => rng.chance(0.2));
};

function expectBounded(log: MemoryLog): void {
  const records = log.records();
  expect(records.length).toBeGreaterThan(0);
  for (const { text, record } of records) {
    const raw = record.data?.raw as { readonly payload_length?: number } | undefined;
    const most = RECORD_CHARACTERS + CHARACTERS_PER_BYTE * (raw?.payload_length ?? 0);
    if (text.length > most) expect.fail(`${text.length} characters: ${text.slice(0, 300)}`);
  }
}

/** Every other log drops. */
let made = 0;
const makeLog = (): MemoryLog => (made++ % 2 === 0 ? new MemoryLog() : droppingLog());

describe('a log changes nothing', () => {
  it.each(SEEDS)('of a random scenario: seed %i', PATIENCE, (seed) => {
    const log = makeLog();
    const logged = new Simulation(randomScenario(seed), true, log.tracerFor).run();
    expect(logged).toEqual(new Simulation(randomScenario(seed)).run());
    expectBounded(log);
  });

  it('of random operations, those of the corpus among them', PATIENCE, () => {
    const inputs = readInputs(inputsPath('corpus', 'operations'));
    const corpus = inputs.filter((_, index) => index % 4 === 0).map(caseOf);
    const hashOf = (given: OperationCase, log?: MemoryLog): string => {
      const duet = new Duet(given, log?.tracerFor);
      duet.run();
      return duet.hash.toString();
    };
    for (const given of [...CASES, ...corpus]) {
      const log = makeLog();
      expect(hashOf(given, log)).toBe(hashOf(given));
      expectBounded(log);
    }
  });

  it('of what a peer without manners brings about', PATIENCE, () => {
    const inputs = [...readInputs(inputsPath('corpus', 'control')), ...control.seeds()];
    const play = (input: Uint8Array, victim: Victim): string => {
      playControl(input, victim);
      return victim.hash.toString();
    };
    for (const input of inputs) {
      const log = makeLog();
      expect(play(input, new Victim(log.tracerFor))).toBe(play(input, new Victim()));
      expectBounded(log);
    }
    expect(inputs.length).toBeGreaterThan(50);
  });
});
