/**
 * Whether the path carries ECN marks, and how many new ones say that it is congested (clauses E2 to
 * E5; RFC 9000 section 13.4.2).
 *
 * It marks nothing itself: `mark` says whether the next packet should be ECT(0). What a mark means for the window, the
 * controller decides. Called by the connection; each of its paths has one, all of them have the counts in common.
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

/** Marked packets of a connection over all its paths, as the peer counts them: so far as it has said. */
interface EcnCounts {
  /** False: we do not mark, or the peer has said what cannot be true on any path. */
  isUsable: boolean;
  sent: number;
  acked: number;
  ect0: number;
  ce: number;
}

export class EcnValidation {
  state: EcnState;
  /** Whether to mark the next packet ECT(0). */
  mark: boolean;
  readonly #counts: EcnCounts;
  /** Marked packets of this path and, while that is not known, how many of them were lost. */
  #sent = 0;
  #lost = 0;
  /** Those that were acknowledged before it. */
  readonly #ackedBefore: number;

  /** @param isEnabled false: never mark @param counts of the paths before */
  constructor(
    isEnabled: boolean,
    counts: EcnCounts = { isUsable: isEnabled, sent: 0, acked: 0, ect0: 0, ce: 0 },
  ) {
    this.state = isEnabled ? 'testing' : 'failed';
    this.mark = isEnabled;
    this.#counts = counts;
    this.#ackedBefore = counts.acked;
  }

  /** That of another path, of which nothing is known. */
  onOtherPath(): EcnValidation {
    const counts = this.#counts;
    // Marks that got lost on the path before are not missed on this one.
    counts.acked = Math.min(counts.acked, counts.ect0 + counts.ce);
    return new EcnValidation(counts.isUsable, counts);
  }

  /** Marked packets were sent. */
  onSent(packets = 1): void {
    this.#counts.sent += packets;
    this.#sent += packets;
    if (this.state !== 'testing' || this.#sent < TESTING_PACKETS) return;
    this.state = 'unknown';
    this.mark = false;
  }

  /**
   * Marked packets of this path were declared lost (`recovery.lostEct`). All that were sent: the path drops what is
   * marked.
   */
  onLost(lostEct: number): void {
    this.#lost += lostEct;
    if (this.state === 'unknown' && this.#lost >= this.#sent) this.#fail();
  }

  /**
   * An ACK that was accepted. Returns how many packets it newly reports as marked CE on this path.
   *
   * @param isLargestRaised `recovery.isLargestRaised`: the counts of older ACKs say nothing
   * @param ackedEct `recovery.ackedEct`
   * @param hasCounts it was an ACK_ECN
   * @param isOfPath its largest packet was sent on this path
   */
  onAck(
    isLargestRaised: boolean,
    ackedEct: number,
    hasCounts: boolean,
    ect0: number,
    ect1: number,
    ce: number,
    isOfPath = true,
  ): number {
    const counts = this.#counts;
    if (!counts.isUsable) return 0;
    counts.acked += ackedEct;
    if (!hasCounts && ackedEct > 0) this.#fail();
    // Counts go with the largest number; older ones say nothing new, and may come in any order.
    if (!hasCounts || !isLargestRaised) return 0;
    // Counts never fall, nobody sent ECT(1), and nothing comes that was not sent: no path does that.
    const isPossible = ect0 >= counts.ect0 && ce >= counts.ce && ect1 === 0;
    if (!isPossible || ect0 + ce > counts.sent) {
      counts.isUsable = false;
      this.#fail();
      return 0;
    }
    const moreCe = ce - counts.ce;
    counts.ect0 = ect0;
    counts.ce = ce;
    // The sums are compared, not what one ACK adds: an ACK may have counted a packet before it had room to name it.
    if (ect0 + ce < counts.acked) this.#fail();
    if (this.state === 'failed' || !isOfPath) return 0;
    if (counts.acked > this.#ackedBefore) {
      this.state = 'capable';
      this.mark = true;
    }
    return moreCe;
  }

  #fail(): void {
    this.state = 'failed';
    this.mark = false;
  }
}
