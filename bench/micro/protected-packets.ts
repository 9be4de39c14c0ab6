/**
 * One pair of keys and one batch of equal packets, to be sealed or opened again and again.
 *
 * It takes no time: harness.ts and timing.ts do. Called by protection.ts and by cases/protection.ts.
 *
 * Invariants: every sealing has packet numbers of its own and every opening meets packets that are new to the replay
 * window; no key comes near the number of packets that it may seal.
 */

import {
  KEY,
  LENGTH,
  OFFSET,
  PACKET_HEADER_BYTES,
  PACKET_NUMBER,
  PACKET_TAG_BYTES,
  ROW_SHIFT,
  STATUS,
} from '../../lib/batch/layout.js';
import { PacketBatch } from '../../lib/batch/packet-batch.js';
import type { AeadName, Protection } from '../../lib/core/ports.js';
import { KEY_BYTES } from '../../lib/crypto/packet-cipher.js';
import type { Timed } from './harness.js';

/** Far below what one key may seal, so that the benchmark never meets the limit. */
const UPDATE_AFTER = 2 ** 21;

/**
 * A large batch of large packets would measure the memory, not the cipher; and a sample that lasts longer than the
 * scheduler's slice would measure what else runs on the machine.
 */
export function rowsFor({ name }: Protection, packetBytes: number): number {
  if (name === 'noble') return 4;
  return packetBytes > 4096 ? 8 : 64;
}

export class ProtectedPackets {
  readonly #protection: Protection;
  readonly #batch: PacketBatch;
  readonly #sealId: number;
  readonly #openId: number;
  readonly #key: Uint8Array;
  readonly #iv: Uint8Array;
  #number = 0;
  #sealedWithKey = 0;

  constructor(protection: Protection, aead: AeadName, packetBytes: number, rows: number) {
    this.#protection = protection;
    this.#key = new Uint8Array(KEY_BYTES[aead]).fill(7);
    this.#iv = new Uint8Array(12).fill(8);
    const material = { aead, key: this.#key, iv: this.#iv, headerKey: this.#key };
    this.#sealId = protection.installKey({ ...material, direction: 'seal' });
    this.#openId = protection.installKey({ ...material, direction: 'open' });
    this.#batch = new PacketBatch(rows * packetBytes, rows);
    this.#batch.length = rows;
    for (let row = 0; row < rows; row++) {
      this.#batch.rows[(row << ROW_SHIFT) + OFFSET] = row * packetBytes;
      this.#batch.rows[(row << ROW_SHIFT) + LENGTH] = packetBytes;
    }
  }

  get sealing(): Timed {
    return {
      prepare: () => this.#prepareSeal(),
      run: () => this.#seal(),
    };
  }

  get opening(): Timed {
    return {
      prepare: () => {
        this.#prepareSeal();
        this.#seal();
        this.#setKey(this.#openId);
      },
      run: () => this.#open(),
    };
  }

  /** Seals and opens once. Throws when a packet was not changed by the one, or not given back by the other. */
  verify(): void {
    this.#prepareSeal();
    const clear = this.#payloads();
    this.#seal();
    const sealed = this.#payloads();
    this.#setKey(this.#openId);
    this.#open();
    const opened = this.#payloads();
    for (let row = 0; row < clear.length; row++) {
      if (clear[row].equals(sealed[row])) throw new Error(`packet ${row} was not sealed`);
      if (!clear[row].equals(opened[row])) throw new Error(`packet ${row} opened to other bytes`);
    }
  }

  /** Copies of what lies between header and tag. */
  #payloads(): Buffer[] {
    const { bytes, rows, length } = this.#batch;
    return Array.from({ length }, (_, row) => {
      const offset = rows[(row << ROW_SHIFT) + OFFSET];
      const end = offset + rows[(row << ROW_SHIFT) + LENGTH] - PACKET_TAG_BYTES;
      return Buffer.from(bytes.subarray(offset + PACKET_HEADER_BYTES, end));
    });
  }

  #prepareSeal(): void {
    const { bytes, rows, doubles, length } = this.#batch;
    if (this.#sealedWithKey > UPDATE_AFTER) this.#update();
    this.#setKey(this.#sealId);
    for (let row = 0; row < length; row++) {
      const at = row << ROW_SHIFT;
      bytes[rows[at + OFFSET]] = 0x40;
      doubles[(at + PACKET_NUMBER) >> 1] = this.#number++;
    }
    this.#sealedWithKey += length;
  }

  #seal(): void {
    const sealed = this.#protection.seal(this.#batch, 0, this.#batch.length);
    if (sealed !== this.#batch.length) throw new Error(`sealed ${sealed} packets only`);
  }

  #open(): void {
    const opened = this.#protection.open(this.#batch, 0, this.#batch.length);
    if (opened !== this.#batch.length) throw new Error(`opened ${opened} packets only`);
  }

  /** The same bytes again: a benchmark has no secrets, and the cost of a packet does not depend on them. */
  #update(): void {
    this.#protection.retirePrevious(this.#openId);
    this.#protection.updateKey(this.#sealId, this.#key, this.#iv);
    this.#protection.updateKey(this.#openId, this.#key, this.#iv);
    this.#sealedWithKey = 0;
  }

  #setKey(id: number): void {
    const { rows, length } = this.#batch;
    for (let row = 0; row < length; row++) {
      rows[(row << ROW_SHIFT) + KEY] = id;
      rows[(row << ROW_SHIFT) + STATUS] = 0;
    }
  }
}
