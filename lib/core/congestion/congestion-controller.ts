/**
 * What a connection asks of a congestion controller, and what it shows it of the round trip time.
 *
 * Types only. `loss-based.ts` and `bbr/` implement it, `controller.ts` makes one by name; the connection calls it. The
 * rules are clauses B, C and S of docs/congestion-control.md.
 *
 * Invariant: numbers in, numbers out; nothing of a packet is kept.
 */

/** The round trip time as RFC 9002 section 5 keeps it, us. `Rtt` of the recovery has this shape. */
export interface RttView {
  readonly latestUs: number;
  readonly minUs: number;
  readonly smoothedUs: number;
  readonly varianceUs: number;
  readonly hasSample: boolean;
}

/** What became of packets that were declared lost. `Recovery` has this shape. */
export interface LossHistory {
  /** Whether every lost packet from `smallest` to `largest` was acknowledged after all. */
  isLossRevoked(smallest: number, largest: number): boolean;
}

/** How fast the path delivers, by the last acknowledgement. `DeliveryRate` of the recovery has this shape. */
export interface DeliveryView {
  /** All bytes acknowledged so far. */
  readonly deliveredBytes: number;
  /** Bytes a second; 0 when the last acknowledgement gave no rate. */
  readonly rate: number;
  /** Delivered since the newest acknowledged packet was sent, and all that had been delivered then. */
  readonly sampleBytes: number;
  readonly priorDeliveredBytes: number;
  /** That packet was sent while the application had too little. */
  readonly isAppLimited: boolean;
  /** In flight when it was sent, and lost since. */
  readonly txInFlightBytes: number;
  readonly lostSinceBytes: number;
  /** The same of the packets that were lost last: of the first with which more than 2 % was lost, before it; else of the newest. */
  readonly lossTxInFlightBytes: number;
  readonly lossLostSinceBytes: number;
  readonly isLossAppLimited: boolean;
  /** The application has too little now. */
  readonly isShort: boolean;
  /** Of set purpose less is sent than could be: samples until all of that is delivered say nothing of the path. */
  markAppLimited(bytesInFlight: number): void;
}

export type CongestionName = 'cubic' | 'bbr' | 'newreno' | 'ledbat';

export interface CongestionController {
  readonly name: CongestionName;
  /** Bytes that may be in flight: whole, at least two datagrams. */
  readonly windowBytes: number;
  /** Infinity before the first congestion. */
  readonly slowStartThresholdBytes: number;
  readonly isSlowStart: boolean;
  /** Bytes a second that the pacer keeps to; 0: it works that out from the window (P1). */
  readonly pacingRate: number;

  /**
   * In-flight packets were sent, one or a train: `bytes` together, `bytesInFlight` with them, `largestSent` the last
   * packet number.
   */
  onSent(nowUs: number, bytes: number, bytesInFlight: number, largestSent: number): void;

  /**
   * Packets were newly acknowledged; once per received batch, after the losses that the same batch revealed.
   *
   * @param ackedBytes of in-flight packets, newly acknowledged
   * @param largestAckedSentUs when the largest of them was sent
   * @param largestAcked packet number of the largest acknowledged
   * @param bytesInFlight without them
   * @param isWindowLimited whether the window, and not the application or the pacer, is what holds data back now; that
   *   the window was full at some moment since `largestAcked` was sent, the controller knows by itself (C3)
   */
  onAck(
    nowUs: number,
    ackedBytes: number,
    largestAckedSentUs: number,
    largestAcked: number,
    rtt: RttView,
    bytesInFlight: number,
    isWindowLimited: boolean,
  ): void;

  /**
   * Packets were declared lost; MTU probes and packets not in flight are not among them.
   *
   * @param largestLostSentUs when the last of them was sent: no second reduction for a round trip that had one (C4)
   * @param isPersistent RFC 9002 section 7.6
   */
  onLoss(
    nowUs: number,
    lostBytes: number,
    largestLostSentUs: number,
    isPersistent: boolean,
    bytesInFlight: number,
  ): void;

  /** The peer reported new ECN-CE marks; `sentUs`: when the largest packet of that ACK was sent (C7). */
  onCongestionMark(nowUs: number, sentUs: number): void;

  /** Packets that had been declared lost were acknowledged after all: perhaps there was no congestion (C16). */
  onSpuriousLoss(nowUs: number, losses: LossHistory): void;

  /** The path carries datagrams of `bytes` from now on (C8). Throws RangeError unless a whole number above 0. */
  onDatagramSize(bytes: number): void;
}
