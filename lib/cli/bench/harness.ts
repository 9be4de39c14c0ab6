/**
 * Runs the benchmark: all rounds of all rows, interleaved, then the pass that counts system calls. Knows children and
 * rows; formats nothing.
 *
 * Called by the `bench` command. Invariant: while a case is measured this process does nothing but wait.
 */

import type { CeilingProgram } from './ceiling-program.js';
import type { Children } from './children.js';
import { pinned } from './pinning.js';
import type { Progress } from './progress.js';
import type { Sample, Verification } from './result.js';
import type { RowInfo, RunConfig } from './rows.js';
import { type CaseOutcome, runCase, type Starter } from './run-case.js';
import { orderOfRound } from './schedule.js';
import { type Gathered, toSample } from './summarize.js';
import { type CallCounter, verifyCalls } from './verify-calls.js';

export interface HarnessInput {
  readonly rows: readonly RowInfo[];
  readonly config: RunConfig;
  readonly children: Children;
  readonly ceiling: CeilingProgram;
  readonly pinning: readonly [number, number] | null;
  readonly counter: CallCounter | null;
  readonly progress: Progress;
}

export interface HarnessOutput {
  readonly gathered: readonly Gathered[];
  readonly notes: readonly string[];
}

interface Track {
  readonly row: RowInfo;
  readonly samples: (Sample | null)[];
  unavailable?: string;
  verification: Verification | null;
}

/** The short pass: long enough to be past the start, short enough not to matter. */
const VERIFY_SECONDS = 0.2;

/** How many steps `runAll` shows. */
export function countSteps(rows: readonly RowInfo[], rounds: number, counter: boolean): number {
  return rows.length * rounds + (counter ? rows.filter(isVerified).length : 0);
}

export async function runAll(input: HarnessInput): Promise<HarnessOutput> {
  const { rows, config, ceiling, progress } = input;
  const starter = makeStarter(input);
  const notes: string[] = [];
  const tracks = rows.map((row): Track => ({ row, samples: [], verification: null }));
  for (let round = 0; round < config.rounds; round++) {
    for (const track of orderOfRound(tracks, round)) {
      progress.step(`round ${round + 1} of ${config.rounds}: ${describe(track.row)}`);
      if (track.unavailable !== undefined) continue;
      const outcome = await runCase(starter, track.row, config);
      note(track, outcome, round, notes);
    }
  }
  const { counter } = input;
  if (counter !== null) {
    const short = { ...config, seconds: Math.min(config.seconds, VERIFY_SECONDS) };
    for (const track of tracks.filter((item) => isVerified(item.row))) {
      progress.step(`counting system calls: ${describe(track.row)}`);
      if (track.unavailable !== undefined) continue;
      track.verification = await verifyCalls(starter, counter, track.row, short);
      if (track.verification === null) notes.push(`${track.row.name}: system calls not counted`);
    }
  }
  if ('reason' in ceiling) notes.push(`No C++ rows: ${ceiling.reason}.`);
  return { gathered: tracks, notes };
}

function makeStarter(input: HarnessInput): Starter {
  const { children, ceiling, pinning } = input;
  return {
    children,
    ceilingPath: 'path' in ceiling ? ceiling.path : null,
    ceilingReason: 'reason' in ceiling ? ceiling.reason : '',
    wrap: (program, role) =>
      pinning === null ? program : pinned(program, pinning[role === 'send' ? 0 : 1]),
  };
}

/** Programs without an engine count their own calls and need no confirmation. */
function isVerified(row: RowInfo): boolean {
  return row.group !== 'ceiling';
}

function describe(row: RowInfo): string {
  const place = row.table === 'bulk' ? '' : ` (${row.table})`;
  return `${row.name}${place}`;
}

function note(track: Track, outcome: CaseOutcome, round: number, notes: string[]): void {
  if ('sent' in outcome) {
    track.samples.push(toSample(outcome.sent, outcome.received));
    return;
  }
  track.samples.push(null);
  if ('unavailable' in outcome) track.unavailable = outcome.unavailable;
  else notes.push(`${track.row.name}, round ${round + 1}: ${outcome.failed}`);
}
