/**
 * The short part of fuzzing that runs each time: the corpus, every input that has failed once, and neighbours of them
 * that are the same in each run. `npm run test:fuzz` goes on from here.
 */

import { describe, expect, it } from 'vitest';
import { Rng } from '../sim/rng.js';
import { mutate } from './mutate.js';
import { inputsPath, readInputs, type Target } from './target.js';
import { TARGETS } from './targets.js';

/** Neighbours that are tried: about a second of each target, in inputs, since a test depends on no clock. */
const NEIGHBOURS: Readonly<Record<string, number>> = {
  frames: 3000,
  parameters: 3000,
  handshake: 400,
  datagrams: 200,
  control: 300,
  operations: 60,
};

function runAll(target: Target, inputs: readonly Uint8Array[]): void {
  for (const input of inputs) {
    try {
      target.run(input);
    } catch (cause) {
      throw new Error(`${target.name} fails with ${Buffer.from(input).toString('hex')}`, { cause });
    }
  }
}

describe.each(TARGETS)('fuzz target $name', (target) => {
  const corpus = readInputs(inputsPath('corpus', target.name));

  it('takes its corpus, and what made it fail once', () => {
    expect(corpus.length).toBeGreaterThan(4);
    const found = readInputs(inputsPath('found', target.name));
    runAll(target, [...corpus, ...found, ...target.seeds()]);
  });

  it('takes neighbours of its corpus', () => {
    const rng = new Rng(20).fork(target.name);
    const inputs = Array.from({ length: NEIGHBOURS[target.name] }, () =>
      mutate(rng, rng.pick(corpus), rng.pick(corpus), target.maxBytes),
    );
    runAll(target, inputs);
  });
});
