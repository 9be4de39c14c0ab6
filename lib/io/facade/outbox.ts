/**
 * Datagrams that were sent in one tick, on their way to the kernel together.
 *
 * Bytes are copied when `add` is called, so a buffer may be used again at once. They leave at the end of the tick, or,
 * inside of listeners of 'message', at the end of the received batch: `flushAll`. What the kernel has no room for waits,
 * in order, and the application sees how much that is (`count`, `byteLength`); as with node:dgram nothing but the
 * application's own sends can make it grow. Called by `handle`.
 *
 * Invariants: a datagram is settled once, in order; its callback runs later, in the context in which it was given.
 */

import {
  CONNECTION,
  FLAGS,
  LENGTH,
  LOCAL,
  OFFSET,
  PEER_INTS,
  PEER_PINS,
  REMOTE,
  ROW_INTS,
  ROW_SHIFT,
  STATUS,
} from '../../batch/layout.js';

/** At least one of the largest datagrams fits. */
const PAGE_BYTES = 256 << 10;
const PAGE_ROWS = 1024;
/** Pages kept for the next tick, whichever socket it is. */
const SPARE_PAGES = 4;
/** Place of a row that says in which tick it was added; free in this engine. */
const TICK = CONNECTION;
/** A row of a connected socket: node:dgram has sent it when `send` returns. */
const SENT_AT_ONCE = -1;

const ECANCELED = -125;

/** What hears how a datagram fared: 0 or -errno, and its bytes. Must not throw. */
export type Settled = (error: number, byteLength: number) => void;

/** Hands rows to the kernel: how many are settled. */
export type Transmit = (bytes: Uint8Array, rows: Int32Array, from: number, to: number) => number;

/** Bytes of a message, or several that make one datagram. */
export type Message = string | NodeJS.ArrayBufferView | readonly NodeJS.ArrayBufferView[];

class Page {
  readonly bytes = Buffer.allocUnsafeSlow(PAGE_BYTES);
  readonly rows = new Int32Array(PAGE_ROWS * ROW_INTS);
  readonly settled: (Settled | undefined)[] = [];
  from = 0;
  to = 0;
  used = 0;
}

const spare: Page[] = [];
/** Outboxes with something to send. */
const waiting: Outbox[] = [];
/** The number of the tick; it only tells one from the next. */
let tick = 0;
let dispatching = false;
let scheduled = false;
let tickEnds = false;

/** Listeners of a batch begin: what they send waits for `flushAll`. */
export function beginDispatch(): void {
  dispatching = true;
}

/** Each datagram of a batch is a tick of its own. */
export function beginTick(): void {
  tick = (tick + 1) & 0x3fffffff;
}

/** Sends what waits, of every socket of this thread. */
export function flushAll(): void {
  dispatching = false;
  scheduled = false;
  beginTick();
  for (const outbox of waiting.splice(0)) outbox.flush();
}

function endTick(): void {
  tickEnds = false;
  beginTick();
}

function flushScheduled(): void {
  // A batch has begun meanwhile: its end does it.
  if (scheduled && !dispatching) flushAll();
  scheduled = false;
}

export class Outbox {
  /** Datagrams and bytes that the kernel has not taken yet. */
  count = 0;
  byteLength = 0;

  readonly #columns: Int32Array;
  readonly #transmit: Transmit;
  readonly #onBlocked: () => void;
  readonly #pages: Page[] = [];
  #isWaiting = false;
  #blocked = false;

  constructor(columns: Int32Array, transmit: Transmit, onBlocked: () => void) {
    this.#columns = columns;
    this.#transmit = transmit;
    this.#onBlocked = onBlocked;
  }

  /** Adds a datagram of at most 65,527 bytes. @param sentAtOnce the socket is connected */
  add(
    message: Message,
    byteLength: number,
    id: number,
    sentAtOnce: boolean,
    settled?: Settled,
  ): void {
    const page = this.#room(byteLength);
    const row = page.to++;
    const at = row << ROW_SHIFT;
    const { rows } = page;
    rows[at + OFFSET] = page.used;
    rows[at + LENGTH] = byteLength;
    rows[at + FLAGS] = 0;
    rows[at + STATUS] = 0;
    rows[at + REMOTE] = id;
    rows[at + LOCAL] = 0;
    rows[at + TICK] = sentAtOnce ? SENT_AT_ONCE : tick;
    write(page.bytes, page.used, message);
    page.used += byteLength;
    page.settled[row] = settled;
    // The same datagram may be told for many ticks: a listener that awaits goes on later.
    if (settled !== undefined && !tickEnds) {
      tickEnds = true;
      process.nextTick(endTick);
    }
    this.#columns[id * PEER_INTS + PEER_PINS]++;
    this.count++;
    this.byteLength += byteLength;
    if (!this.#isWaiting && !this.#blocked) this.#wait();
  }

  /** Hands over as much as the kernel takes. */
  flush(): void {
    this.#isWaiting = false;
    this.#blocked = false;
    for (let page = this.#pages[0]; page !== undefined; page = this.#pages[0]) {
      const settled = this.#transmit(page.bytes, page.rows, page.from, page.to);
      for (let i = 0; i < settled; i++) this.#settle(page);
      if (page.from < page.to) {
        this.#blocked = true;
        this.#onBlocked();
        return;
      }
      this.#pages.shift();
      release(page);
    }
  }

  /**
   * The socket closes. What was sent leaves now, and what the kernel does not take is cancelled. As with node:dgram, nobody
   * hears of what this very tick has sent to an address.
   */
  close(): void {
    this.#silenceLatest();
    this.flush();
    for (const page of this.#pages.splice(0)) {
      while (page.from < page.to) this.#settle(page, ECANCELED);
      release(page);
    }
  }

  #silenceLatest(): void {
    for (const { rows, settled, from, to } of this.#pages) {
      for (let row = from; row < to; row++) {
        if (rows[(row << ROW_SHIFT) + TICK] === tick) settled[row] = undefined;
      }
    }
  }

  #wait(): void {
    this.#isWaiting = true;
    waiting.push(this);
    if (dispatching || scheduled) return;
    scheduled = true;
    process.nextTick(flushScheduled);
  }

  #room(byteLength: number): Page {
    let page = this.#pages.at(-1);
    if (page !== undefined && isFull(page, byteLength) && !this.#blocked) {
      this.flush();
      page = this.#pages.at(-1);
    }
    if (page !== undefined && !isFull(page, byteLength)) return page;
    page = spare.pop() ?? new Page();
    this.#pages.push(page);
    return page;
  }

  #settle(page: Page, error = 0): void {
    const row = page.from++;
    const at = row << ROW_SHIFT;
    this.#forget(page.rows, at);
    const settled = page.settled[row];
    if (settled === undefined) return;
    page.settled[row] = undefined;
    const status = page.rows[at + STATUS] as number;
    settled(error === 0 ? -status : error, page.rows[at + LENGTH] as number);
  }

  #forget(rows: Int32Array, at: number): void {
    this.#columns[(rows[at + REMOTE] as number) * PEER_INTS + PEER_PINS]--;
    this.count--;
    this.byteLength -= rows[at + LENGTH] as number;
  }
}

function isFull(page: Page, byteLength: number): boolean {
  return page.to >= PAGE_ROWS || page.used + byteLength > PAGE_BYTES;
}

function release(page: Page): void {
  page.from = 0;
  page.to = 0;
  page.used = 0;
  if (spare.length < SPARE_PAGES) spare.push(page);
}

function write(bytes: Buffer, offset: number, message: Message): void {
  if (typeof message === 'string') {
    bytes.write(message, offset);
  } else if (ArrayBuffer.isView(message)) {
    writeView(bytes, offset, message);
  } else {
    let at = offset;
    for (const view of message) {
      writeView(bytes, at, view);
      at += view.byteLength;
    }
  }
}

function writeView(bytes: Buffer, offset: number, view: NodeJS.ArrayBufferView): void {
  if (view instanceof Uint8Array) bytes.set(view, offset);
  else bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), offset);
}
