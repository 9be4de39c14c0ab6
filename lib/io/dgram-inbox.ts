/**
 * Datagrams that `node:dgram` has delivered and the application has not yet taken: a bounded queue.
 *
 * node:dgram cannot be told to stop reading, so what arrives while the engine is paused is held here as the kernel's
 * buffer would hold it, and dropped when full. It knows no sockets. Called by `dgram-socket` only.
 *
 * Invariant: never more than INBOX_DATAGRAMS datagrams and INBOX_BYTES bytes.
 */

export const INBOX_DATAGRAMS = 1024;
export const INBOX_BYTES = 4 << 20;

export interface HeldDatagram {
  /** Owned: node:dgram gives each datagram its own memory. */
  readonly bytes: Uint8Array;
  readonly address: string;
  readonly port: number;
}

export class DgramInbox {
  #items: HeldDatagram[] = [];
  #head = 0;
  #bytes = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** One more datagram of any size may not fit. */
  get full(): boolean {
    return this.length >= INBOX_DATAGRAMS || this.#bytes + 65536 > INBOX_BYTES;
  }

  /** False when there is no room: the datagram is not kept. */
  push(datagram: HeldDatagram): boolean {
    if (this.full) return false;
    this.#items.push(datagram);
    this.#bytes += datagram.bytes.byteLength;
    return true;
  }

  peek(): HeldDatagram | undefined {
    return this.#items[this.#head];
  }

  /** Takes away what `peek` showed. */
  drop(): void {
    const item = this.#items[this.#head];
    if (item === undefined) return;
    this.#bytes -= item.bytes.byteLength;
    this.#head++;
    if (this.#head === this.#items.length) {
      this.#items.length = 0;
      this.#head = 0;
    } else if (this.#head === INBOX_DATAGRAMS) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
    this.#bytes = 0;
  }
}
