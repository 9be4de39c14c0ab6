/**
 * Sees that nothing came through for so long that the window must start anew (clause R15; RFC 9002 section 7.6).
 *
 * It is shown all packets once, in the order of their numbers: lost, or acknowledged. It measures, it reduces nothing.
 * Used by loss-detection.ts.
 *
 * Invariant: between the packet that begins a run and the last one of it, none was acknowledged.
 */

export class PersistentCongestion {
  #isRunning = false;
  #startNumber = 0;
  #startUs = 0;

  /** A packet was acknowledged: the run is over. */
  break(): void {
    this.#isRunning = false;
  }

  /** Lost packets, `number` the newest of them, were acknowledged after all. */
  onLateAck(number: number): void {
    if (number >= this.#startNumber) this.#isRunning = false;
  }

  /**
   * An ack-eliciting packet is lost. True when the run is longer than `durationUs`; another one begins then.
   *
   * @param firstSampleUs packets sent before do not count: nobody knew the round trip time
   */
  onLost(number: number, sentUs: number, durationUs: number, firstSampleUs: number): boolean {
    if (sentUs <= firstSampleUs) return false;
    if (!this.#isRunning) {
      this.#isRunning = true;
      this.#startNumber = number;
      this.#startUs = sentUs;
      return false;
    }
    if (sentUs - this.#startUs <= durationUs) return false;
    this.#isRunning = false;
    return true;
  }
}
