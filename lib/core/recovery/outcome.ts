/**
 * What the last call of recovery found out: plain fields, written by its parts, read by the connection.
 *
 * It decides nothing. `Recovery` is one, so that the connection reads `recovery.ackedBytes`.
 *
 * Invariant: the fields speak of one call of onAck, onTimer or detectLost: each begins with `clear`.
 */

export class Outcome {
  /** Bytes in flight that were acknowledged now for the first time, and their packets. Not those already declared lost. */
  ackedBytes = 0;
  ackedPackets = 0;
  /** Newly acknowledged packets that are ack-eliciting, lost ones included. */
  ackedEliciting = 0;
  /** Newly acknowledged packets that were marked ECT(0), lost ones included. */
  ackedEct = 0;
  /** Of the newest packet that was acknowledged now; -1 and 0 when there is none. */
  largestAckedNumber = -1;
  largestAckedSentUs = 0;
  /** Largest datagram acknowledged now, bytes. */
  largestAckedBytes = 0;
  /** The ACK acknowledged more than all before it. */
  isLargestRaised = false;
  rttUpdated = false;
  /** Lowest number acknowledged now in time; Infinity when there is none. */
  smallestAckedNumber = Number.POSITIVE_INFINITY;
  /** Packets acknowledged now that had been declared lost, and their bytes. */
  revivedPackets = 0;
  revivedBytes = 0;

  /** What was lost now; MTU probes and packets that are not in flight do not count. */
  lostBytes = 0;
  lostPackets = 0;
  largestLostNumber = -1;
  largestLostSentUs = 0;
  /** Sizes of the lost datagrams; 0 and Infinity when there are none. */
  largestLostBytes = 0;
  smallestLostBytes = Number.POSITIVE_INFINITY;
  /** Lost packets that were marked ECT(0), probes included. */
  lostEct = 0;
  isPersistentCongestion = false;

  /** Packet number of an MTU probe that was acknowledged, or lost, now; -1 for none. */
  probeAcked = -1;
  probeLost = -1;

  protected clear(): void {
    this.ackedBytes = 0;
    this.ackedPackets = 0;
    this.ackedEliciting = 0;
    this.ackedEct = 0;
    this.largestAckedNumber = -1;
    this.largestAckedSentUs = 0;
    this.largestAckedBytes = 0;
    this.isLargestRaised = false;
    this.rttUpdated = false;
    this.smallestAckedNumber = Number.POSITIVE_INFINITY;
    this.revivedPackets = 0;
    this.revivedBytes = 0;
    this.lostBytes = 0;
    this.lostPackets = 0;
    this.largestLostNumber = -1;
    this.largestLostSentUs = 0;
    this.largestLostBytes = 0;
    this.smallestLostBytes = Number.POSITIVE_INFINITY;
    this.lostEct = 0;
    this.isPersistentCongestion = false;
    this.probeAcked = -1;
    this.probeLost = -1;
  }
}
