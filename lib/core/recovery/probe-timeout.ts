/**
 * The probe timeout: when to send something to get an answer (clauses R11 to R14; RFC 9002 section 6.2).
 *
 * It computes deadlines, counts backoffs and finds what a probe could carry; it sends nothing and declares nothing lost.
 * Used by recovery.ts.
 *
 * Invariant: a deadline is never earlier than one timeout after the last ack-eliciting packet, after the last timeout,
 * and after the last suspension of the host.
 */

import type { FrameHandler } from './sent-frames.js';
import {
  ACK_ELICITING,
  MTU_PROBE,
  OUTSTANDING,
  REQUEUED,
  type SentPackets,
  STATE_MASK,
} from './sent-packets.js';

/** Doublings at most: by then an idle timeout has ended the connection. */
const BACKOFF_MAX = 16;
/** Timeouts, without backoff, after which a lone MTU probe is lost. */
const LONE_PROBE_PTOS = 3;

export class ProbeTimeout {
  /** Timeouts since the peer last acknowledged something ack-eliciting. */
  count = 0;
  /** When the last ack-eliciting packet that is no MTU probe was sent, and the last MTU probe. */
  lastElicitingUs = 0;
  lastProbeUs = 0;
  #suspendedUs = Number.NEGATIVE_INFINITY;
  #firedUs = Number.NEGATIVE_INFINITY;

  /** The host stood still until now: what should have come may only just be coming (R13). */
  onSuspension(nowUs: number): void {
    this.#suspendedUs = nowUs;
  }

  /** The timeout has come: the next one is twice as long. */
  fire(nowUs: number): void {
    this.count++;
    this.#firedUs = nowUs;
  }

  /** @param ptoUs one timeout, without backoff */
  deadlineUs(ptoUs: number): number {
    const fromUs = Math.max(this.lastElicitingUs, this.#suspendedUs);
    const deadlineUs = fromUs + ptoUs * 2 ** Math.min(this.count, BACKOFF_MAX);
    // Should nothing have been sent when it fired last, it must not fire without a pause.
    return Math.max(deadlineUs, this.#firedUs + ptoUs);
  }

  /** When MTU probes are lost if they are all that is in flight. */
  probeDeadlineUs(ptoUs: number): number {
    return Math.max(this.lastProbeUs, this.#suspendedUs) + ptoUs * LONE_PROBE_PTOS;
  }
}

/** Recovery.requeueOldest: frames of the oldest outstanding packets, for probes. */
export function requeueOldest(
  packets: SentPackets,
  packetCount: number,
  handler: FrameHandler,
): number {
  let found = 0;
  for (let number = packets.oldest; number < packets.next && found < packetCount; number++) {
    const at = number & packets.mask;
    const flag = packets.flags[at];
    const kind = flag & (STATE_MASK | ACK_ELICITING | MTU_PROBE);
    if (kind !== (OUTSTANDING | ACK_ELICITING) || packets.frameCount[at] === 0) continue;
    found++;
    if ((flag & REQUEUED) !== 0) continue;
    packets.flags[at] = flag | REQUEUED;
    packets.reportLost(at, handler);
  }
  return found;
}
