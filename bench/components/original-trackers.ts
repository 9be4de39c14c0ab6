/**
 * The books that the original keeps of packets, for comparison only: nothing of it is shipped.
 *
 * A map from packet number to an object on either side, a queue of timeouts beside it, and acknowledgements as lists of
 * single numbers. A packet is lost when its timeout is over, not before. Called by tracker-load.ts and its test.
 *
 * Invariant: a packet is confirmed, or handed back for sending again, once.
 */

/** How long the original waits for a confirmation. */
export const RESEND_AFTER_US = 600_000;
/** Free places at the front of a queue before it is moved together. */
const COMPACT_AT = 1024;

interface SentPacket {
  readonly sentUs: number;
  readonly payload: Uint8Array;
}

interface Timeout {
  readonly packetId: number;
  readonly atUs: number;
}

/** First in, first out. */
class Queue<T> {
  readonly #items: T[] = [];
  #first = 0;

  get first(): T | undefined {
    return this.#items[this.#first];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): void {
    this.#first++;
    if (this.#first < COMPACT_AT || 2 * this.#first < this.#items.length) return;
    this.#items.splice(0, this.#first);
    this.#first = 0;
  }
}

export class OriginalSentTracker {
  readonly #pending = new Map<number, SentPacket>();
  readonly #timeouts = new Queue<Timeout>();

  /** Packets that nobody has confirmed. */
  get pending(): number {
    return this.#pending.size;
  }

  onSent(packetId: number, payload: Uint8Array, nowUs: number): void {
    this.#pending.set(packetId, { sentUs: nowUs, payload });
    this.#timeouts.push({ packetId, atUs: nowUs + RESEND_AFTER_US });
  }

  /** Returns how many of them were waited for. */
  onReceipts(receipts: readonly number[]): number {
    let confirmed = 0;
    for (const packetId of receipts) if (this.#pending.delete(packetId)) confirmed++;
    return confirmed;
  }

  /** The payload of a packet whose time is over; undefined when there is none. */
  takeOverdue(nowUs: number): Uint8Array | undefined {
    for (let timeout = this.#timeouts.first; timeout; timeout = this.#timeouts.first) {
      const packet = this.#pending.get(timeout.packetId);
      if (packet !== undefined && timeout.atUs > nowUs) return undefined;
      this.#timeouts.shift();
      if (packet === undefined) continue;
      this.#pending.delete(timeout.packetId);
      return packet.payload;
    }
    return undefined;
  }
}

export class OriginalReceivedTracker {
  readonly #seen = new Map<number, number>();
  readonly #order = new Queue<Timeout>();
  #receipts: number[] = [];

  /** Numbers that are remembered. */
  get size(): number {
    return this.#seen.size;
  }

  /** False for a number that came before. */
  onPacket(packetId: number, nowUs: number): boolean {
    if (this.#seen.has(packetId)) return false;
    this.#seen.set(packetId, nowUs);
    this.#order.push({ packetId, atUs: nowUs });
    this.#receipts.push(packetId);
    return true;
  }

  /** What has to be confirmed since the last time. */
  takeReceipts(): number[] {
    const receipts = this.#receipts;
    this.#receipts = [];
    return receipts;
  }

  /** Forgets what came before that. */
  forgetBefore(us: number): void {
    for (let oldest = this.#order.first; oldest && oldest.atUs < us; oldest = this.#order.first) {
      this.#seen.delete(oldest.packetId);
      this.#order.shift();
    }
  }
}
