/**
 * Ctrl-C: the first one asks the command to come to an end, the second ends the process at once.
 *
 * Called by the commands that talk to another machine. Invariant: after `release` the signals do what they always do.
 */

/** What a shell expects of a process that was interrupted. */
export const EXIT_INTERRUPTED = 130;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export class Interrupt {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Resolves with the first signal. */
  readonly happened: Promise<void>;
  readonly #listener: () => void;

  constructor() {
    const controller = new AbortController();
    this.signal = controller.signal;
    this.happened = new Promise((resolve) => {
      this.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.#listener = () => {
      if (this.signal.aborted) process.exit(EXIT_INTERRUPTED);
      controller.abort();
    };
    for (const name of SIGNALS) process.on(name, this.#listener);
  }

  get isPending(): boolean {
    return this.signal.aborted;
  }

  release(): void {
    for (const name of SIGNALS) process.removeListener(name, this.#listener);
  }
}
