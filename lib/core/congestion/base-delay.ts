/**
 * How long the queue is, by round trip times: the least of the last four above the least of the last ten minutes (S1 of
 * docs/congestion-control.md; section 4.1 of draft-irtf-iccrg-ledbat-plus-plus, RFC 6817 section 2.4.2).
 *
 * Used by ledbat.ts.
 *
 * Invariant: `queueUs` is not negative; a path that has become longer is known after ten minutes.
 */

const MINUTE_US = 60_000_000;
const BUCKETS = 10;
const CURRENT_SAMPLES = 4;

export class BaseDelay {
  /** Smallest round trip, us; Infinity before the first sample. */
  baseUs = Number.POSITIVE_INFINITY;
  readonly #minutes = new Float64Array(BUCKETS).fill(Number.POSITIVE_INFINITY);
  readonly #current = new Float64Array(CURRENT_SAMPLES).fill(Number.POSITIVE_INFINITY);
  #minute = -1;
  #next = 0;

  /** Time that packets wait now, us. */
  get queueUs(): number {
    if (this.baseUs === Number.POSITIVE_INFINITY) return 0;
    const current = this.#current;
    const leastUs = Math.min(current[0], current[1], current[2], current[3]);
    return Math.max(leastUs - this.baseUs, 0);
  }

  onSample(nowUs: number, sampleUs: number): void {
    const minute = Math.floor(nowUs / MINUTE_US);
    if (minute !== this.#minute) this.#turn(minute);
    this.#current[this.#next] = sampleUs;
    this.#next = (this.#next + 1) % CURRENT_SAMPLES;
    const at = minute % BUCKETS;
    if (sampleUs < this.#minutes[at]) this.#minutes[at] = sampleUs;
    if (sampleUs < this.baseUs) this.baseUs = sampleUs;
  }

  /** Minutes without a sample have none. */
  #turn(minute: number): void {
    const passed = this.#minute < 0 ? BUCKETS : Math.min(minute - this.#minute, BUCKETS);
    for (let back = 0; back < passed; back++) {
      this.#minutes[(minute - back + BUCKETS) % BUCKETS] = Number.POSITIVE_INFINITY;
    }
    this.#minute = minute;
    // Once a minute.
    this.baseUs = Math.min(...this.#minutes);
  }
}
