/**
 * The longest turns that peers and strangers can bring about: batches as full as one receive call makes them, and the time
 * that the endpoint takes. Of an authenticated peer, each kind of frame, as small and as many as fit
 * (test/threats/support/hostile-batches.ts); the same of eight of them at once; and handshakes of strangers
 * (handshake-batches.ts), of which the longest turn counts until all that waited was handled.
 *
 * Run: node --import ./bench/micro/typescript.mjs bench/stress/hostile-turns.ts [repeats [part of a name]]
 *
 * One line a kind: the best of `repeats` (default 7) in milliseconds of CPU, for opening packets is a toy here and the rest is real.
 * test/threats/full-batches.test.ts counts the work of the same batches.
 */

import {
  FRAME_KINDS,
  HOSTILE_BATCHES,
  payloadsOf,
} from '../../test/threats/support/hostile-batches.js';
import { RawCrowd } from '../../test/threats/support/raw-crowd.js';
import { HANDSHAKE_BATCHES } from './handshake-batches.js';

const repeats = Number(process.argv[2] ?? 7);
const part = process.argv[3] ?? '';
/** Connections of a crowd. */
const CROWD = 8;
let worst = 0;

/** CPU of a call, ms. */
function cpuOf(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The best of all repeats: `measure` makes everything anew and says what it took, and what became of it. */
function report(name: string, measure: () => readonly [number, string]): void {
  if (!name.includes(part)) return;
  let best = Number.POSITIVE_INFINITY;
  let ended = '';
  for (let repeat = 0; repeat < repeats; repeat++) {
    const [took, end] = measure();
    best = Math.min(best, took);
    ended = end;
  }
  worst = Math.max(worst, best);
  console.log(`${name.padEnd(60)} ${best.toFixed(1).padStart(6)} ms  ${ended}`);
}

for (const { name, make } of HOSTILE_BATCHES) {
  report(name, () => {
    const { peer, datagrams } = make();
    return [cpuOf(() => peer.deliver(datagrams)), peer.closedName ?? 'goes on'];
  });
}

for (const { name, frameAt } of FRAME_KINDS) {
  report(`${CROWD} connections: ${name}`, () => {
    const crowd = new RawCrowd(CROWD);
    const flood = crowd.flood(payloadsOf(frameAt));
    return [cpuOf(() => crowd.turn(flood)), `${crowd.alive} go on`];
  });
}

for (const { name, make } of HANDSHAKE_BATCHES) {
  report(name, () => {
    const target = make();
    let longest = cpuOf(() => target.receive());
    let turns = 1;
    for (; target.hasWork; turns++)
      longest = Math.max(
        longest,
        cpuOf(() => target.turn()),
      );
    return [longest, `${turns} turns`];
  });
}

console.log(`${'the worst'.padEnd(60)} ${worst.toFixed(1).padStart(6)} ms`);
