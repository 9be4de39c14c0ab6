/** Ids and tokens that can be told apart, and a packet that shows the frames about ids that were written into it. */

import { FrameReader } from '../../../../lib/core/wire/frame-reader.js';
import type { FrameSpace } from '../../../../lib/core/wire/frame-space.js';

/** An id made of a number. */
export function idOf(value: number): Uint8Array {
  const id = new Uint8Array(8).fill(0x1d);
  new DataView(id.buffer).setUint32(4, value);
  return id;
}

export function tokenOf(value: number): Uint8Array {
  const token = new Uint8Array(16).fill(0x70);
  new DataView(token.buffer).setUint32(8, value);
  return token;
}

export class Space implements FrameSpace {
  readonly bytes: Uint8Array;
  at = 3;
  readonly end: number;
  readonly records: number[][] = [];

  /** @param room bytes */
  constructor(room: number) {
    this.end = this.at + room;
    this.bytes = new Uint8Array(this.end + 50);
  }

  record(...numbers: [number, number, number, number]): void {
    this.records.push(numbers);
  }

  gather(): void {
    throw new Error('frames about ids have no data');
  }

  newIds() {
    return this.#read((reader) => ({
      sequence: reader.id,
      retirePriorTo: reader.value,
      id: this.bytes.slice(reader.dataAt, reader.dataAt + 8),
      token: this.bytes.slice(reader.dataAt + 8, reader.dataAt + 24),
    }));
  }

  /** Sequence numbers of the RETIRE_CONNECTION_IDs. */
  retired(): number[] {
    return this.#read((reader) => reader.id);
  }

  #read<Frame>(frameOf: (reader: FrameReader) => Frame): Frame[] {
    const reader = new FrameReader();
    reader.reset(this.bytes, 3, this.at);
    const frames: Frame[] = [];
    let type = reader.next();
    for (; type >= 0; type = reader.next()) frames.push(frameOf(reader));
    if (type !== -1 || this.at > this.end) throw new Error('malformed');
    return frames;
  }
}
