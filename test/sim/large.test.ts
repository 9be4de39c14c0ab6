/**
 * 50 MB through each of the five bad links, in virtual time: the receiver compares every byte, nothing is lost, doubled or
 * reordered, and the invariants hold throughout.
 */

import { describe, expect, it } from 'vitest';
import { StreamGoal } from './goals/stream-goal.js';
import type { LinkSpec } from './links/spec.js';
import { PATIENCE } from './patience.js';
import { scenario } from './scenario.js';
import { Simulation } from './simulation.js';

const BYTES = 50_000_000;
const LINK: readonly LinkSpec[] = [
  { kind: 'rate', bitsPerSecond: 200e6, queueBytes: 1_000_000 },
  { kind: 'delay', delayUs: 5000 },
];

const LINKS: Readonly<Record<string, readonly LinkSpec[]>> = {
  '5 % loss': [...LINK, { kind: 'loss', probability: 0.05 }],
  '2 % loss and a round trip of 50 ms': [
    LINK[0],
    { kind: 'delay', delayUs: 25_000 },
    { kind: 'loss', probability: 0.02 },
  ],
  '20 % reordering': [...LINK, { kind: 'reorder', probability: 0.2, holdUs: 2000 }],
  '1 % corruption': [...LINK, { kind: 'corrupt', probability: 0.01 }],
  'an MTU that drops in mid-transfer': [
    ...LINK,
    { kind: 'mtu', bytes: 8952, thenBytes: 1400, changeUs: 1_000_000 },
  ],
};

describe('50 MB', PATIENCE, () => {
  it.each(Object.keys(LINKS))('through %s', (name) => {
    const config = name.includes('MTU') ? { maxDatagramSize: 8952 } : { maxDatagramSize: 1452 };
    const links = LINKS[name];
    const goals = () => [new StreamGoal({ bytes: BYTES, chunkBytes: [65_536, 65_536] })];
    const simulation = new Simulation(scenario({ name, there: links, back: links, config, goals }));
    const { goalsUs } = simulation.run();
    expect(goalsUs).toBeGreaterThan(0);
  });
});
