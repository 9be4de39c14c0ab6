/**
 * qlog into memory: what a connection's log would write, for tests without a disk.
 *
 * It judges nothing. Invariant: a file that is full says so, as QlogFolder's does.
 */

import { ConnectionLog, type QlogFiles } from '../../lib/api/qlog.js';
import type { Connection } from '../../lib/core/connection/connection.js';
import type { Tracer } from '../../lib/core/ports.js';

const RECORD_SEPARATOR = '\u001e';
const ADDRESS = { family: 'IPv4', address: '10.0.0.1', port: 4000 } as const;

/** One record of a JSON text sequence. */
export interface QlogRecord {
  readonly name?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

export class MemoryLog implements QlogFiles {
  readonly texts: string[] = [];
  readonly #isFull: () => boolean;

  /** @param isFull whether what comes now is dropped */
  constructor(isFull: () => boolean = () => false) {
    this.#isFull = isFull;
  }

  readonly tracerFor = (connection: Connection): Tracer =>
    new ConnectionLog(connection, { local: ADDRESS, remote: ADDRESS, epochUs: 0 }, this);

  open() {
    const file = {
      dropped: 0,
      append: (text: string): boolean => {
        if (this.#isFull()) {
          file.dropped++;
          return false;
        }
        this.texts.push(text);
        return true;
      },
    };
    return file;
  }

  /** Text by record; each as JSON reads it. Throws what JSON.parse throws. */
  records(): { readonly text: string; readonly record: QlogRecord }[] {
    return this.texts
      .flatMap((text) => text.split(RECORD_SEPARATOR).slice(1))
      .map((text) => ({ text, record: JSON.parse(text) as QlogRecord }));
  }
}
