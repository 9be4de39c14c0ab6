/**
 * A received batch as messages of their own: bytes that last, and where they came from.
 *
 * All sockets of a thread receive into one slab, since it is in use between two calls of the addon only. What an
 * application gets is copied from there into chunks of 8 KiB, as Node cuts `Buffer.from(text)` from its pool: a message
 * that is kept holds 8 KiB at the most, and a large one its own bytes alone. Called by `handle`.
 *
 * Invariant: the bytes of a message are written once, before anybody sees it, and never again.
 */

import {
  LENGTH,
  OFFSET,
  PEER_GENERATION,
  PEER_INTS,
  RECEIVE_MESSAGES,
  RECEIVE_ROWS,
  RECEIVE_STRIDE,
  REMOTE,
  ROW_SHIFT,
} from '../../batch/layout.js';
import { PacketBatch } from '../../batch/packet-batch.js';
import type { Binding } from '../../native/binding.js';

const CHUNK_BYTES = 8192;
/** From here on a message has memory of its own. */
const OWN_BYTES = CHUNK_BYTES / 2;

interface Shared {
  readonly batch: PacketBatch;
  readonly pieces: Int32Array;
  chunk: Buffer;
  used: number;
}

let shared: Shared | undefined;

/** The receive slab of this thread: 4 MiB of address space, of which a page is real once it was used. */
export function sharedReceive(): Shared {
  shared ??= {
    batch: new PacketBatch(RECEIVE_MESSAGES * RECEIVE_STRIDE, RECEIVE_ROWS),
    pieces: new Int32Array(2 * RECEIVE_ROWS),
    chunk: Buffer.allocUnsafeSlow(CHUNK_BYTES),
    used: 0,
  };
  return shared;
}

export class Inbox {
  /** The message that `next` has come to. */
  message: Buffer = Buffer.alloc(0);
  address = '';
  port = 0;

  readonly #gather: Binding['gather'];
  readonly #columns: Int32Array;
  readonly #describe: (id: number) => string | undefined;
  readonly #shared = sharedReceive();
  readonly #messages: (Buffer | undefined)[] = [];
  readonly #remotes: number[] = [];
  #at = 0;
  /** By peer id, valid while its generation is the one of the engine. */
  readonly #addresses: string[] = [];
  readonly #ports: number[] = [];
  readonly #generations: number[] = [];

  /** @param describe "port address" of a live peer id */
  constructor(
    gather: Binding['gather'],
    columns: Int32Array,
    describe: (id: number) => string | undefined,
  ) {
    this.#gather = gather;
    this.#columns = columns;
    this.#describe = describe;
  }

  /** Copies the batch that was just received. */
  take(count: number): void {
    this.#messages.length = 0;
    this.#remotes.length = 0;
    this.#at = 0;
    const { rows, bytes } = this.#shared.batch;
    let row = 0;
    while (row < count) {
      const at = row << ROW_SHIFT;
      const length = rows[at + LENGTH] as number;
      if (length < OWN_BYTES) {
        row = this.#takeSmall(row, count);
        continue;
      }
      const own = Buffer.allocUnsafeSlow(length);
      const offset = rows[at + OFFSET] as number;
      own.set(bytes.subarray(offset, offset + length));
      this.#messages.push(own);
      this.#remotes.push(rows[at + REMOTE] as number);
      row++;
    }
  }

  /** Goes on to the next message; false when there is none. */
  next(): boolean {
    const message = this.#messages[this.#at];
    if (message === undefined) return false;
    const id = this.#remotes[this.#at] as number;
    this.#messages[this.#at] = undefined;
    this.#at++;
    if (this.#generations[id] !== this.#columns[id * PEER_INTS + PEER_GENERATION]) this.#learn(id);
    this.message = message;
    this.address = this.#addresses[id] as string;
    this.port = this.#ports[id] as number;
    return true;
  }

  /** Copies small messages from `row` on into one chunk, as many as fit; returns the row behind them. */
  #takeSmall(row: number, count: number): number {
    const memory = this.#shared;
    const { rows, bytes } = memory.batch;
    if (memory.used + (rows[(row << ROW_SHIFT) + LENGTH] as number) > CHUNK_BYTES) {
      memory.chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      memory.used = 0;
    }
    const { chunk, pieces } = memory;
    const start = memory.used;
    let end = start;
    let pieceCount = 0;
    let next = row;
    for (; next < count; next++) {
      const at = next << ROW_SHIFT;
      const length = rows[at + LENGTH] as number;
      if (length >= OWN_BYTES || end + length > CHUNK_BYTES) break;
      pieces[pieceCount++] = rows[at + OFFSET] as number;
      pieces[pieceCount++] = length;
      this.#messages.push(chunk.subarray(end, end + length));
      this.#remotes.push(rows[at + REMOTE] as number);
      end += length;
    }
    memory.used = end;
    this.#gather(chunk.subarray(start), bytes, pieces, pieceCount >> 1);
    return next;
  }

  #learn(id: number): void {
    const text = this.#describe(id) ?? '0 ';
    const space = text.indexOf(' ');
    // Filled from the front, so that the arrays stay dense.
    while (this.#addresses.length <= id) {
      this.#addresses.push('');
      this.#ports.push(0);
      this.#generations.push(0);
    }
    this.#addresses[id] = text.slice(space + 1);
    this.#ports[id] = Number(text.slice(0, space));
    this.#generations[id] = this.#columns[id * PEER_INTS + PEER_GENERATION] as number;
  }
}
