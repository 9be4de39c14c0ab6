/**
 * A datagram on its way, and the pool that its memory comes from.
 *
 * Whoever holds a datagram owns it: it passes it on, or gives it back to the pool. The pool is there for speed alone.
 *
 * Invariant: between `take` and `release` nobody else writes into the bytes.
 */

/** Bytes of the buffers in the pool: one list each. */
const SIZES = [2048, 16_384, 65_536] as const;

export class Datagram {
  /** The buffer; the datagram is its first `length` bytes. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  length = 0;
  /** The two ECN bits of the IP header. */
  ecn = 0;
  /** Peer ids: the address it came from, and the one it goes to. */
  from = 0;
  to = 0;
  /** When the host sent it. */
  sentUs = 0;
  /** For links that hold it: when it leaves. */
  dueUs = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }
}

export class DatagramPool {
  /** Datagrams that somebody holds. */
  held = 0;
  readonly #free: Datagram[][] = SIZES.map(() => []);

  /** A copy of `length` bytes: at most 65,536. */
  take(bytes: Uint8Array, offset: number, length: number): Datagram {
    const place = length <= SIZES[0] ? 0 : length <= SIZES[1] ? 1 : 2;
    const datagram = this.#free[place].pop() ?? new Datagram(SIZES[place]);
    datagram.bytes.set(bytes.subarray(offset, offset + length));
    datagram.length = length;
    this.held++;
    return datagram;
  }

  /** The same once more, as a duplicate. */
  copy(original: Datagram): Datagram {
    const datagram = this.take(original.bytes, 0, original.length);
    datagram.ecn = original.ecn;
    datagram.from = original.from;
    datagram.to = original.to;
    datagram.sentUs = original.sentUs;
    return datagram;
  }

  release(datagram: Datagram): void {
    this.held--;
    const size = datagram.bytes.length;
    this.#free[size === SIZES[0] ? 0 : size === SIZES[1] ? 1 : 2].push(datagram);
  }
}
