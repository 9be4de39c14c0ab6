/**
 * How long a run will still take: what is planned, and what starting and ending a process has cost so far.
 *
 * Used by run.ts for its progress. Reads no clock. Invariant: what was done or skipped is never counted again.
 */

import { ASSUMED_OVERHEAD_SECONDS } from './plan.js';

export class TimeLeft {
  private runs: number;
  private seconds: number;
  private done = 0;
  private overheadSeconds = 0;

  /** @param runs processes to come  @param seconds sum of their windows, warm-up included */
  constructor(runs: number, seconds: number) {
    this.runs = runs;
    this.seconds = seconds;
  }

  /** A process with a window of `planned` seconds has taken `real`. */
  did(planned: number, real: number): void {
    this.skip(planned);
    this.done++;
    this.overheadSeconds += Math.max(0, real - planned);
  }

  /** A process will not be started. */
  skip(planned: number): void {
    this.runs--;
    this.seconds -= planned;
  }

  left(): number {
    const overhead = this.done === 0 ? ASSUMED_OVERHEAD_SECONDS : this.overheadSeconds / this.done;
    return Math.max(0, this.seconds + this.runs * overhead);
  }

  text(): string {
    return `, ${timeText(this.left())} left`;
  }
}

/** 45 s, 3 min, 1.5 h. */
export function timeText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
