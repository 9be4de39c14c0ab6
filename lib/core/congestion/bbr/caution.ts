/**
 * Precaution after a probe for bandwidth that lost too much (B10 of docs/congestion-control.md; "Precautionary Bandwidth
 * Probing" in section 5.3.3 of draft-ietf-ccwg-bbr): the next one ends as soon as as much is in flight as was safe, and if
 * that was safe again, another follows at once that goes further.
 *
 * It knows no phases. Used by phases.ts.
 *
 * Invariant: of two probes in a row, no more than one ends early.
 */

export class Caution {
  #wasTooHigh = false;
  #hasStopped = false;

  /** All that the last probe has sent is acknowledged, and it ended early without too many losses: probe again. */
  get isUnfounded(): boolean {
    return this.#hasStopped && !this.#wasTooHigh;
  }

  /** A probe begins to refill the pipe. */
  beginProbe(): void {
    this.#hasStopped = false;
  }

  /** More than 2 % of what was in flight was lost in a probe. */
  onTooHigh(): void {
    this.#wasTooHigh = true;
  }

  /** The window is full at the long-term bound while more is probed. Returns whether the probe has to end. */
  stopsAtBound(): boolean {
    if (!this.#wasTooHigh) return false;
    this.#wasTooHigh = false;
    this.#hasStopped = true;
    return true;
  }

  /** The pipe is full, without too many losses. */
  onFull(): void {
    this.#wasTooHigh = false;
  }
}
