/**
 * One line of a terminal that is written anew: progress of whatever runs. Elsewhere than in a terminal it says nothing.
 *
 * Called by the commands' progress. Invariant: the line never wraps, and is gone before anything else is written through
 * `note`.
 */

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const ERASE = '\r\x1b[2K';
const COLUMNS = 80;

export class LiveLine {
  private readonly output: Output;
  private shown = false;

  constructor(output: Output) {
    this.output = output;
  }

  /** Whether anybody sees it. */
  get isLive(): boolean {
    return this.output.isTTY === true;
  }

  /** Characters that fit. A terminal that does not know its width says 0. */
  get width(): number {
    return (this.output.columns || COLUMNS) - 1;
  }

  show(text: string): void {
    if (!this.isLive) return;
    this.output.write(`${ERASE}${text.slice(0, this.width)}`);
    this.shown = true;
  }

  /** A line that stays. */
  note(text: string): void {
    this.clear();
    this.output.write(`${text}\n`);
  }

  /** Removes the rewritten line. */
  clear(): void {
    if (this.shown) this.output.write(ERASE);
    this.shown = false;
  }
}
