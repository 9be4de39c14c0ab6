/**
 * Whether the path carries ECN marks, and how many new ones say that it is congested (clauses E2 to
 * E4; RFC 9000 section 13.4.2).
 *
 * It marks nothing itself: `mark` says whether the next packet should be ECT(0). What a mark means for the window, the
 * controller decides. Called by the connection.
 *
 * Invariants: counts that cannot be true end the marking for good; no count of the peer ever makes the window larger.
 */

/** Packets marked before the first answer; RFC 9000 appendix A.4. */
const TESTING_PACKETS = 10;

/**
 * 'testing': the first packets are marked; 'unknown': they were, their ACKs decide; 'capable': all are marked;
 * 'failed': none is any more.
 */
export type EcnState = 'testing' | 'unknown' | 'capable' | 'failed';

export class EcnValidation {
  state: EcnState;
  /** Whether to mark the next packet ECT(0). */
  mark: boolean;
  /** Marked packets sent and, while that is not known, how many of them were lost. */
  #sent = 0;
  #lost = 0;
  /** Marked packets acknowledged, in all. */
  #acked = 0;
  #ect0 = 0;
  #ce = 0;

  /** @param isEnabled false: never mark */
  constructor(isEnabled: boolean) {
    this.state = isEnabled ? 'testing' : 'failed';
    this.mark = isEnabled;
  }

  /** A marked packet was sent. */
  onSent(): void {
    this.#sent++;
    if (this.state !== 'testing' || this.#sent < TESTING_PACKETS) return;
    this.state = 'unknown';
    this.mark = false;
  }

  /**
   * Marked packets were declared lost (`recovery.lostEct`). All that were sent: the path drops what is marked.
   */
  onLost(lostEct: number): void {
    this.#lost += lostEct;
    if (this.state === 'unknown' && this.#lost >= this.#sent) this.#fail();
  }

  /**
   * An ACK that was accepted. Returns how many packets it newly reports as marked CE.
   *
   * @param isLargestRaised `recovery.isLargestRaised`: the counts of older ACKs say nothing
   * @param ackedEct `recovery.ackedEct`
   * @param hasCounts it was an ACK_ECN
   */
  onAck(
    isLargestRaised: boolean,
    ackedEct: number,
    hasCounts: boolean,
    ect0: number,
    ect1: number,
    ce: number,
  ): number {
    if (this.state === 'failed') return 0;
    this.#acked += ackedEct;
    if (!hasCounts && ackedEct > 0) this.#fail();
    // Counts go with the largest number; older ones say nothing new, and may come in any order.
    if (!hasCounts || !isLargestRaised) return 0;
    const moreCe = ce - this.#ce;
    if (!this.#isPlausible(ect0, ect1, ce)) {
      this.#fail();
      return 0;
    }
    this.#ect0 = ect0;
    this.#ce = ce;
    if (this.#acked > 0) {
      this.state = 'capable';
      this.mark = true;
    }
    return moreCe;
  }

  /**
   * Counts never fall; all that was acknowledged is in them and no more than was sent; nobody sent ECT(1). The sums
   * are compared, not what one ACK adds: an ACK may have counted a packet before it had room to name it.
   */
  #isPlausible(ect0: number, ect1: number, ce: number): boolean {
    if (ect0 < this.#ect0 || ce < this.#ce || ect1 !== 0) return false;
    return ect0 + ce >= this.#acked && ect0 + ce <= this.#sent;
  }

  #fail(): void {
    this.state = 'failed';
    this.mark = false;
  }
}
