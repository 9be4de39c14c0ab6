/**
 * The longest turns that an authenticated peer can bring about: batches as full as one receive call makes them, of each kind
 * of frame, as small and as many as fit (test/threats/support/hostile-batches.ts), and the time that the endpoint takes.
 *
 * Run: node --import ./bench/micro/typescript.mjs bench/stress/hostile-turns.ts [repeats]
 *
 * One line a kind: the best of `repeats` (default 7) in milliseconds of CPU, for opening is a toy here and the rest is real.
 * test/threats/full-batches.test.ts counts the work of the same batches.
 */

import { HOSTILE_BATCHES } from '../../test/threats/support/hostile-batches.js';

const repeats = Number(process.argv[2] ?? 7);

let worst = 0;
for (const { name, make } of HOSTILE_BATCHES) {
  let best = Number.POSITIVE_INFINITY;
  let ended = '';
  for (let repeat = 0; repeat < repeats; repeat++) {
    const { peer, datagrams } = make();
    const before = process.cpuUsage();
    peer.deliver(datagrams);
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
    ended = peer.closedName ?? 'goes on';
  }
  worst = Math.max(worst, best);
  console.log(`${name.padEnd(50)} ${best.toFixed(1).padStart(6)} ms  ${ended}`);
}
console.log(`${'the worst'.padEnd(50)} ${worst.toFixed(1).padStart(6)} ms`);
