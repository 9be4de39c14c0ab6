/**
 * A run: packets that hold nothing but the next bytes of one stream, each filled by them.
 *
 * A place to hand over what is the same for all of them; it decides nothing. Filled in by outgoing.ts, read by the packet
 * builder and by recovery. There is one for an endpoint: an object a run would be garbage.
 *
 * Invariant: frame i has `dataBytes` bytes of the stream from `offset + i * dataBytes` on, which lie in `chunk` from
 * `chunkAt + i * dataBytes` on, and no length field; the headers of all frames are as long as that of the first.
 */

import { AS_DOUBLE } from '../doubles.js';

const NO_BYTES = new Uint8Array(0);

export class StreamRun {
  count = 0;
  id = AS_DOUBLE;
  offset = AS_DOUBLE;
  dataBytes = 0;
  /** Borrowed until its bytes are acknowledged. */
  chunk: Uint8Array = NO_BYTES;
  chunkAt = 0;
}
