/**
 * When a process stood still: its event loop did not turn, because it was stopped or had no processor.
 *
 * Tells what a machine that stands still has broken from what is ours. Called by churn-soak.ts, on both sides.
 *
 * Invariant: all times are of the monotonic clock, counted from 1970, so those of two processes can be compared.
 */

const TICK_MS = 50;
/** A shorter time without a turn is load. */
const LEAST_MS = 500;
/** More are forgotten, the oldest first. */
const SPANS_MAX = 1000;

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export function clockMs(): number {
  return performance.timeOrigin + performance.now();
}

export class StandstillWatch {
  #spans: Span[] = [];
  #lastMs = clockMs();

  constructor() {
    setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** Since the last call. */
  take(): readonly Span[] {
    this.#tick();
    const spans = this.#spans;
    this.#spans = [];
    return spans;
  }

  #tick(): void {
    const nowMs = clockMs();
    if (nowMs - this.#lastMs >= LEAST_MS) this.#spans.push({ fromMs: this.#lastMs, toMs: nowMs });
    if (this.#spans.length > SPANS_MAX) this.#spans.shift();
    this.#lastMs = nowMs;
  }
}

/** How long nobody stood still within `span`, ms; `stops` in any order, of any number of processes. */
export function ranMs({ fromMs, toMs }: Span, stops: readonly Span[]): number {
  let ran = 0;
  let atMs = fromMs;
  for (const stop of [...stops].sort((left, right) => left.fromMs - right.fromMs)) {
    ran += Math.max(0, Math.min(stop.fromMs, toMs) - atMs);
    atMs = Math.max(atMs, Math.min(stop.toMs, toMs));
  }
  return ran + Math.max(0, toMs - atMs);
}

/** The longest that one process stood still within `span`, ms. */
export function longestMs({ fromMs, toMs }: Span, stops: readonly Span[]): number {
  return stops.reduce(
    (most, stop) => Math.max(most, Math.min(stop.toMs, toMs) - Math.max(stop.fromMs, fromMs)),
    0,
  );
}

/** All of them together, overlaps counted once, ms. */
export function stoodMs(stops: readonly Span[]): number {
  const all = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
  return all.toMs - ranMs(all, stops);
}
