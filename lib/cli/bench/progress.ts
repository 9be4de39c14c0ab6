/**
 * Says what the benchmark is doing, on stderr: one rewritten line in a terminal, one line a case elsewhere.
 *
 * Knows nothing of what is measured. Invariant: it never writes to stdout, which carries the result.
 */

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export class Progress {
  private readonly output: Output;
  private readonly steps: number;
  private done = 0;
  private shown = false;

  constructor(output: Output, steps: number) {
    this.output = output;
    this.steps = steps;
  }

  /** A step begins. */
  step(text: string): void {
    this.done++;
    const line = `[${this.done}/${this.steps}] ${text}`;
    if (this.output.isTTY !== true) {
      this.output.write(`${line}\n`);
      return;
    }
    // A terminal that does not know its width says 0.
    const width = (this.output.columns || 80) - 1;
    this.output.write(`\r\x1b[2K${line.slice(0, width)}`);
    this.shown = true;
  }

  /** A line that stays. */
  note(text: string): void {
    this.clear();
    this.output.write(`${text}\n`);
  }

  /** Removes the rewritten line. */
  clear(): void {
    if (this.shown) this.output.write('\r\x1b[2K');
    this.shown = false;
  }
}
