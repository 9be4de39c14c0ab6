/**
 * Packet protection that copies each payload once more on either side: what a transport does that serialises twice.
 *
 * Before sealing, the bytes of a stream go into a fresh buffer and only from there into the packet; after opening, the
 * payload goes into a fresh buffer of its own. The original did both with its serialiser. Called by variants.ts.
 *
 * Invariant: the packets are the same to the byte; `copied` counts the bytes.
 */

import {
  HEADER_LENGTH,
  OFFSET,
  PLAINTEXT_LENGTH,
  ROW_SHIFT,
  SOURCE,
  SOURCE_LENGTH,
  SOURCE_OFFSET,
  STATUS,
} from '../../lib/batch/layout.js';
import type { PacketBatch } from '../../lib/batch/packet-batch.js';
import type { Protection, TrafficKey } from '../../lib/core/ports.js';

/** Above the header and frames of a packet that only acknowledges: such have nothing to serialise. */
const PAYLOAD_MIN_BYTES = 256;

/** Copies that were made in this process: payloads and bytes. */
export const copied = { payloads: 0, bytes: 0 };

/** What was opened last: it has to go somewhere that outlives the call, or the copy would be optimised away. */
let opened: Uint8Array = new Uint8Array(0);

/** Bytes of the last payload that was copied after opening. */
export function lastOpenedBytes(): number {
  return opened.byteLength;
}

function freshCopy(source: Uint8Array, from: number, byteLength: number): Uint8Array {
  const copy = new Uint8Array(byteLength);
  copy.set(source.subarray(from, from + byteLength));
  copied.payloads++;
  copied.bytes += byteLength;
  return copy;
}

/** Gives each row a source of its own, which is a copy. */
function copySources(batch: PacketBatch, from: number, to: number): void {
  const { rows, sources } = batch;
  const originals = sources.slice();
  sources.length = 0;
  for (let row = from; row < to; row++) {
    const at = row << ROW_SHIFT;
    const byteLength = rows[at + SOURCE_LENGTH];
    if (byteLength === 0) continue;
    sources.push(freshCopy(originals[rows[at + SOURCE]], rows[at + SOURCE_OFFSET], byteLength));
    rows[at + SOURCE] = sources.length - 1;
    rows[at + SOURCE_OFFSET] = 0;
  }
}

function copyOpened(batch: PacketBatch, from: number, to: number): void {
  const { bytes, rows } = batch;
  for (let row = from; row < to; row++) {
    const at = row << ROW_SHIFT;
    const byteLength = rows[at + PLAINTEXT_LENGTH];
    if (rows[at + STATUS] !== 0 || byteLength < PAYLOAD_MIN_BYTES) continue;
    opened = freshCopy(bytes, rows[at + OFFSET] + rows[at + HEADER_LENGTH], byteLength);
  }
}

/** The same protection with two copies more of each payload. */
export function withDoubleCopies(inner: Protection): Protection {
  return {
    name: inner.name,
    kernel: inner.kernel,
    counts: inner.counts,
    installKey: (key: TrafficKey) => inner.installKey(key),
    updateKey: (id, key, iv) => inner.updateKey(id, key, iv),
    retirePrevious: (id) => inner.retirePrevious(id),
    retireKey: (id) => inner.retireKey(id),
    seal(batch, from, to) {
      copySources(batch, from, to);
      return inner.seal(batch, from, to);
    },
    open(batch, from, to) {
      const count = inner.open(batch, from, to);
      copyOpened(batch, from, to);
      return count;
    },
  };
}
