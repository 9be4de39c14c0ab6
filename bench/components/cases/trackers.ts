/**
 * C3: what the books of sent or received packets cost, for each packet.
 *
 *     node --import ./bench/micro/typescript.mjs bench/components/cases/trackers.ts sent ours 1000 lossy
 *
 * What happens in a step, sent-load.ts and received-load.ts say. Started by the runner.
 *
 * Invariant: the work is in a steady state when it is timed: as many packets are settled as come.
 */

import { measureTimed } from '../../micro/timing.js';
import { benchConfig, report } from '../../suite/case-process.js';
import { OriginalReceivedLoad, OurReceivedLoad } from '../received-load.js';
import { ACK_EVERY, OriginalSentLoad, OurSentLoad } from '../sent-load.js';

/** Steps of one sample: long enough for the clock, short enough for the scheduler. */
const STEPS = 100;
const LOADS = {
  'sent ours': OurSentLoad,
  'sent original': OriginalSentLoad,
  'received ours': OurReceivedLoad,
  'received original': OriginalReceivedLoad,
} as const;

const [direction, whose, window, path] = process.argv.slice(2);
const Load = LOADS[`${direction} ${whose}` as keyof typeof LOADS];
const load = new Load(Number(window), path === 'lossy');
for (let filled = 0; filled < Number(window); filled += ACK_EVERY) load.step();
const run = () => {
  for (let index = 0; index < STEPS; index++) load.step();
};
const work = { operations: STEPS * ACK_EVERY, arePackets: true };
report(await measureTimed({ prepare() {}, run }, work, benchConfig()));
