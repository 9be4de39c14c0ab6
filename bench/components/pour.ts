/**
 * Writing without end, and ending a case whose promise was broken.
 *
 * Called by the cases of components and stress that write in bulk within one process.
 *
 * Invariant: nothing is written beyond what back-pressure allows.
 */

import type { Writable } from 'node:stream';

/** Writes `chunk` again and again; `onWritten` hears of each. */
export function pour(stream: Writable, chunk: Uint8Array, onWritten: () => void = ignore): void {
  const more = (): void => {
    let hasRoom = true;
    while (hasRoom) {
      hasRoom = stream.write(chunk);
      onWritten();
    }
  };
  stream.on('drain', more);
  more();
}

/** The case has failed: says why, and ends the process. */
export function fail(error: Error): never {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
}

function ignore(): void {}
