/**
 * What NewReno, CUBIC and LEDBAT++ have in common: the windows they start with and never fall below, slow start, one reduction
 * a round trip, persistent congestion, and growth only of a window that is used (RFC 9002 section 7).
 *
 * Clauses C1 to C9 and C16 of docs/congestion-control.md. How the window grows in congestion avoidance and how far it falls, the subclasses say. It detects no loss and
 * reads no clock. Called by the connection, through `CongestionController`.
 *
 * Invariant: windowBytes is whole and at least two datagrams; recovery ends with a packet sent after it began.
 */

import type { CongestionController, LossHistory, RttView } from './congestion-controller.js';
import { HyStart } from './hystart.js';
import { checkDatagramBytes, initialWindow, MINIMUM_WINDOW_DATAGRAMS } from './initial-window.js';
import { UNDO_OWN, UndoStack } from './undo-stack.js';

/** Columns of what is kept of the time before a reduction (C16). */
const LAST_END = UNDO_OWN;
const WINDOW = UNDO_OWN + 1;
const THRESHOLD = UNDO_OWN + 2;
const START_US = UNDO_OWN + 3;
const NOTICED_US = UNDO_OWN + 4;
const CURVE = UNDO_OWN + 5;

export abstract class LossBased implements CongestionController {
  abstract readonly name: 'cubic' | 'newreno' | 'ledbat';
  /** The pacer goes by the window. */
  readonly pacingRate = 0;
  windowBytes: number;
  slowStartThresholdBytes = Number.POSITIVE_INFINITY;
  protected datagramBytes: number;
  /** Growth below a whole byte, kept for the next acknowledgement. */
  #fraction = 0;
  #largestSent = -1;
  #largestAcked = -1;
  /** The window was full when this packet had been sent, or later before any other was (C3). */
  #limitedAt = -1;
  /** A loss of what was sent until then reduces nothing again (C4). */
  #recoveryStartUs = Number.NEGATIVE_INFINITY;
  /** Acknowledgements up to this number grow nothing (C5). */
  #recoveryEnd = -1;
  #lastAckUs = Number.NEGATIVE_INFINITY;
  readonly #hystart = new HyStart();
  readonly #undo = new UndoStack();
  /** The last packet sent before the last congestion was noticed; each packet belongs to one congestion at most. */
  #congestionEnd = -1;

  constructor(datagramBytes: number) {
    checkDatagramBytes(datagramBytes);
    this.datagramBytes = datagramBytes;
    this.windowBytes = initialWindow(datagramBytes);
  }

  get isSlowStart(): boolean {
    return this.windowBytes < this.slowStartThresholdBytes;
  }

  onSent(nowUs: number, bytes: number, bytesInFlight: number, largestSent: number): void {
    this.#largestSent = largestSent;
    if (bytesInFlight + this.datagramBytes > this.windowBytes) this.#limitedAt = largestSent;
    if (bytesInFlight === bytes) this.#pauseUntil(nowUs);
  }

  onAck(
    nowUs: number,
    ackedBytes: number,
    _largestAckedSentUs: number,
    largestAcked: number,
    rtt: RttView,
    _bytesInFlight: number,
    isWindowLimited: boolean,
  ): void {
    if (this.watchesDelay && this.slowStartThresholdBytes === Number.POSITIVE_INFINITY) {
      this.#watchDelay(largestAcked, rtt);
    }
    if (largestAcked > this.#recoveryEnd) {
      if (isWindowLimited || largestAcked <= this.#limitedAt) {
        this.#onUsedWindow(nowUs, ackedBytes, rtt);
      } else this.#pauseUntil(nowUs);
    }
    if (largestAcked > this.#largestAcked) this.#largestAcked = largestAcked;
    this.#lastAckUs = nowUs;
  }

  onLoss(
    nowUs: number,
    _lostBytes: number,
    largestLostSentUs: number,
    isPersistent: boolean,
    _bytesInFlight: number,
  ): void {
    this.#onCongestion(nowUs, largestLostSentUs);
    if (!isPersistent) return;
    // Recovery still lasts until what is sent from now on is acknowledged (C6).
    this.windowBytes = this.minimumBytes();
    this.#fraction = 0;
    this.restart();
  }

  onCongestionMark(nowUs: number, sentUs: number): void {
    this.#onCongestion(nowUs, sentUs);
    // A mark is no mistake: nothing is taken back, also of a reduction that a loss has begun.
    this.#undo.clear();
  }

  onSpuriousLoss(nowUs: number, losses: LossHistory): void {
    const at = this.#undo.revoke(losses);
    if (at < 0) return;
    const { rows } = this.#undo;
    this.windowBytes = Math.max(this.windowBytes, rows[at + WINDOW]);
    // Datagrams may have become larger since.
    this.slowStartThresholdBytes = Math.max(rows[at + THRESHOLD], this.minimumBytes());
    this.#fraction = 0;
    this.#recoveryEnd = -1;
    // Should something of that time be lost yet, it is the first loss of it.
    this.#recoveryStartUs = rows[at + START_US];
    this.#congestionEnd = rows[at + LAST_END];
    this.restore(rows, at + CURVE, nowUs - rows[at + NOTICED_US]);
  }

  onDatagramSize(bytes: number): void {
    checkDatagramBytes(bytes);
    if (bytes === this.datagramBytes) return;
    // Bytes are what the path was found to carry: other datagrams do not change them (C8).
    const isUntouched =
      this.windowBytes === initialWindow(this.datagramBytes) &&
      this.slowStartThresholdBytes === Number.POSITIVE_INFINITY;
    this.datagramBytes = bytes;
    const floor = isUntouched ? initialWindow(bytes) : this.minimumBytes();
    this.windowBytes = isUntouched ? floor : Math.max(this.windowBytes, floor);
    this.slowStartThresholdBytes = Math.max(this.slowStartThresholdBytes, this.minimumBytes());
    this.restart();
  }

  /** Congestion avoidance: `ackedBytes` of a window that was in use were acknowledged. */
  protected abstract avoid(nowUs: number, ackedBytes: number, rtt: RttView): void;
  /** The window after a congestion, before the minimum is applied; called with the window as it was. */
  protected abstract reducedBytes(): number;
  /** A curve in time that was begun does not go on: it begins anew with the next growth. */
  protected abstract restart(): void;
  /** Writes what `restart` and `reducedBytes` are about to change to `rows`, seven numbers at most. */
  protected abstract save(rows: Float64Array, at: number): void;
  /** What was written holds again; `elapsedUs` have passed since. */
  protected abstract restore(rows: Float64Array, at: number, elapsedUs: number): void;
  /** For `elapsedUs` until now the window was not in use. */
  protected abstract pause(elapsedUs: number): void;

  /** Bytes that an acknowledged byte adds in slow start. */
  protected slowStartShare(): number {
    return 1;
  }

  /** Whether HyStart++ ends the first slow start. */
  protected get watchesDelay(): boolean {
    return true;
  }

  protected minimumBytes(): number {
    return MINIMUM_WINDOW_DATAGRAMS * this.datagramBytes;
  }

  /** Adds to the window; parts of a byte are kept. */
  protected grow(bytes: number): void {
    const grown = this.#fraction + bytes;
    const whole = Math.floor(grown);
    this.#fraction = grown - whole;
    this.windowBytes += whole;
  }

  #onUsedWindow(nowUs: number, ackedBytes: number, rtt: RttView): void {
    const roomBytes = this.slowStartThresholdBytes - this.windowBytes;
    if (roomBytes <= 0) {
      this.avoid(nowUs, ackedBytes, rtt);
      return;
    }
    // HyStart++ is for the first slow start; later ones know where to stop (C2, C9).
    const isFirst = this.slowStartThresholdBytes === Number.POSITIVE_INFINITY;
    const fullBytes = ackedBytes * this.slowStartShare();
    const growthBytes = isFirst ? fullBytes / this.#hystart.growthDivisor : fullBytes;
    this.grow(Math.min(growthBytes, roomBytes));
    if (growthBytes > roomBytes) this.avoid(nowUs, ackedBytes - roomBytes, rtt);
  }

  /** A round trip's delays tell that a queue builds up before it overflows (C9). */
  #watchDelay(largestAcked: number, rtt: RttView): void {
    if (largestAcked <= this.#largestAcked || !rtt.hasSample) return;
    this.#hystart.onSample(rtt.latestUs, largestAcked, this.#largestSent);
    if (this.#hystart.isDone) this.slowStartThresholdBytes = this.windowBytes;
  }

  #onCongestion(nowUs: number, sentUs: number): void {
    if (sentUs <= this.#recoveryStartUs) return;
    this.#remember(nowUs);
    this.#recoveryStartUs = nowUs;
    this.#recoveryEnd = this.#largestSent;
    this.#congestionEnd = this.#largestSent;
    this.windowBytes = Math.max(Math.floor(this.reducedBytes()), this.minimumBytes());
    this.slowStartThresholdBytes = this.windowBytes;
    this.#fraction = 0;
    this.restart();
  }

  /** Before a reduction (C16). */
  #remember(nowUs: number): void {
    const at = this.#undo.push(this.#congestionEnd, this.#largestSent);
    const { rows } = this.#undo;
    rows[at + LAST_END] = this.#congestionEnd;
    rows[at + WINDOW] = this.windowBytes;
    rows[at + THRESHOLD] = this.slowStartThresholdBytes;
    rows[at + START_US] = this.#recoveryStartUs;
    rows[at + NOTICED_US] = nowUs;
    this.save(rows, at + CURVE);
  }

  #pauseUntil(nowUs: number): void {
    if (nowUs > this.#lastAckUs) this.pause(nowUs - this.#lastAckUs);
    this.#lastAckUs = nowUs;
  }
}
