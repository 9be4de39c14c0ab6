/**
 * Says what the benchmark is doing, on stderr: one rewritten line in a terminal, one line a case elsewhere.
 *
 * Knows nothing of what is measured. Invariant: it never writes to stdout, which carries the result.
 */

import { LiveLine, type Output } from '../live-line.js';

export class Progress {
  private readonly line: LiveLine;
  private readonly steps: number;
  private done = 0;

  constructor(output: Output, steps: number) {
    this.line = new LiveLine(output);
    this.steps = steps;
  }

  /** A step begins. */
  step(text: string): void {
    this.done++;
    const line = `[${this.done}/${this.steps}] ${text}`;
    if (this.line.isLive) this.line.show(line);
    else this.line.note(line);
  }

  /** A line that stays. */
  note(text: string): void {
    this.line.note(text);
  }

  /** Removes the rewritten line. */
  clear(): void {
    this.line.clear();
  }
}
