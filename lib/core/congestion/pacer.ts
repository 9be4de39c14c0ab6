/**
 * Spreads a window over its round trip: a bucket of bytes that fills at gain * window / smoothed round trip time.
 *
 * Timers of the host are coarse, so it does not space single packets: what came together while nothing was sent goes
 * out in one piece, up to a quantum. Sending starts with credit and may end in debt, so that trains stay whole; the
 * debt is kept. It sets no timer and knows no connection. Called by the connection. Clauses P1 to P6 of
 * docs/congestion-control.md.
 *
 * Invariant: in any time t, at most rate * t + burstBytes go out, if no train is longer than trainBytes.
 */

/** RFC 9002 section 7.7 asks for more than the window in a round trip: else the pacer, not the window, decides. */
const SLOW_START_GAIN = 2;
const GAIN = 1.25;
/**
 * The quantum: what two ticks of a timer bring, two datagrams at least. An ACK that opens the window by ten of them must not
 * let ten out at once: a queue shorter than that would never hold more than ten, whatever the path.
 */
const QUANTUM_DATAGRAMS = 2;
const QUANTUM_US = 2000;
const MAX_QUANTUM_BYTES = 4 << 20;
/** After a silence: RFC 9002 section 7.7. A controller with a rate of its own has none (draft-ietf-ccwg-bbr). */
const SILENCE_DATAGRAMS = 10;
/** The longest train, datagrams: what one system call takes as one message. */
const TRAIN_DATAGRAMS = 16;
/** Credit that is waited for: above one byte, so that a rounding error does not cost a tick. */
const WORTH_BYTES = 2;

export class Pacer {
  /** Whether sending is not paced at all: no sample yet, or a round trip too short for the host's timers (P2). */
  isOff = true;
  /** Bytes a second; 0 while off. */
  rate = 0;
  /** Most that goes out at once, bytes, the train that ends in debt included (P4). */
  burstBytes = 0;
  /** Longest train that keeps to `burstBytes`, bytes: a tick's worth, one datagram to sixteen (P5). */
  trainBytes = 0;
  readonly #granularityUs: number;
  #datagramBytes: number;
  #isFixed = false;
  /** Most that goes out at once while something is in flight, bytes. */
  #quantumBytes = 0;
  #creditBytes = 0;
  #updatedUs = 0;

  /**
   * @param datagramBytes of the path, bytes
   * @param granularityUs how coarse the host's timers are, us
   */
  constructor(datagramBytes: number, granularityUs: number) {
    if (!(granularityUs > 0))
      throw new RangeError(`timer granularity must be above 0: ${granularityUs}`);
    this.#granularityUs = granularityUs;
    this.#datagramBytes = datagramBytes;
  }

  /**
   * After each change of the window or the round trip time: what was earned until now was earned at the old rate.
   *
   * @param fixedRate the controller's own rate (P1), bytes a second; 0 for none
   */
  update(
    nowUs: number,
    windowBytes: number,
    smoothedUs: number,
    hasSample: boolean,
    isSlowStart: boolean,
    fixedRate = 0,
  ): void {
    if (!hasSample || smoothedUs < 2 * this.#granularityUs) {
      this.isOff = true;
      this.rate = 0;
      return;
    }
    this.#earn(nowUs);
    const windowRate = ((isSlowStart ? SLOW_START_GAIN : GAIN) * windowBytes * 1e6) / smoothedUs;
    this.rate = fixedRate > 0 ? fixedRate : windowRate;
    this.#isFixed = fixedRate > 0;
    this.#size();
    if (this.isOff) this.#creditBytes = this.#capBytes();
    else this.#creditBytes = Math.min(this.#creditBytes, this.#capBytes());
    this.isOff = false;
    this.#updatedUs = nowUs;
  }

  /** The path's datagram size changed, bytes. */
  onDatagramSize(bytes: number): void {
    this.#datagramBytes = bytes;
    this.#size();
    this.#creditBytes = Math.min(this.#creditBytes, this.#capBytes());
  }

  /**
   * Bytes that may go now: Infinity while off, 0 or less while in debt. Above 0, a train may be begun and finished;
   * packet by packet that means: another one while less than budget + trainBytes - a datagram has gone (P5).
   *
   * @param isSilent nothing is in flight: what was earned since the last call is kept up to `burstBytes` (P4)
   */
  budgetBytes(nowUs: number, isSilent = false): number {
    if (this.isOff) return Number.POSITIVE_INFINITY;
    this.#earn(nowUs, isSilent);
    return Math.floor(this.#creditBytes);
  }

  /** `bytes` went out, also those that need no leave of the pacer: probes, acknowledgements in flight. */
  onSent(bytes: number): void {
    if (!this.isOff) this.#creditBytes -= bytes;
  }

  /** When to ask again, us: now, or at the first tick at which the debt is paid and something earned. */
  nextUs(nowUs: number): number {
    if (this.budgetBytes(nowUs) > 0) return nowUs;
    const waitUs = ((WORTH_BYTES - this.#creditBytes) * 1e6) / this.rate;
    return nowUs + Math.ceil(waitUs / this.#granularityUs) * this.#granularityUs;
  }

  #earn(nowUs: number, isSilent = false): void {
    const elapsedUs = nowUs - this.#updatedUs;
    if (this.isOff || elapsedUs <= 0) return;
    this.#updatedUs = nowUs;
    const capBytes = isSilent ? this.#capBytes() : this.#quantumBytes - this.trainBytes;
    const earned = Math.min(capBytes, this.#creditBytes + (this.rate * elapsedUs) / 1e6);
    if (earned > this.#creditBytes) this.#creditBytes = earned;
  }

  #size(): void {
    const datagram = this.#datagramBytes;
    const tickBytes = (this.rate * this.#granularityUs) / 1e6;
    const ticksBytes = Math.min((this.rate * QUANTUM_US) / 1e6, MAX_QUANTUM_BYTES);
    this.#quantumBytes = Math.max(ticksBytes, QUANTUM_DATAGRAMS * datagram);
    const silenceBytes = Math.min(SILENCE_DATAGRAMS * datagram, MAX_QUANTUM_BYTES);
    this.burstBytes = this.#isFixed
      ? this.#quantumBytes
      : Math.max(this.#quantumBytes, silenceBytes);
    const train = Math.max(datagram, Math.min(tickBytes, TRAIN_DATAGRAMS * datagram));
    this.trainBytes = Math.min(train, this.#quantumBytes / 2);
  }

  /** Credit that is kept: with the train that is begun on its last byte it makes a burst. */
  #capBytes(): number {
    return this.burstBytes - this.trainBytes;
  }
}
