/**
 * Who reads a stream's bytes where they lie, and what becomes of what such a reader throws.
 *
 * A type, and a guard around it. Used by `TransportStream`.
 *
 * Invariant: what a reader throws surfaces, and stops nothing.
 */

import type { Duplex } from 'node:stream';
import { throwLater } from './errors.js';

/** Takes bytes that it does not own: `byteLength` of them at `offset`, good until it returns. */
export type BorrowedReader = (bytes: Uint8Array, offset: number, byteLength: number) => void;

/** The reader for the core: never throws; once the stream is destroyed it is not called any more. */
export function guardReader(stream: Duplex, reader: BorrowedReader): BorrowedReader {
  return (bytes, offset, byteLength) => {
    if (stream.destroyed) return;
    try {
      reader(bytes, offset, byteLength);
    } catch (error) {
      throwLater(error);
    }
  };
}
