/**
 * BBRLossThresh of draft-ietf-ccwg-bbr: how much may be lost of what was in flight before it counts as too much.
 *
 * A number that recovery's samples (D5 of docs/recovery.md) and BBR (B6 of docs/congestion-control.md) have in common; neither
 * knows the other.
 *
 * Invariant: both mean the same by too much.
 */
export const LOSS_THRESHOLD = 0.02;
