/**
 * What has happened in a run, as one number: a hash over every datagram's bytes, every time and every event.
 *
 * Two runs of one seed must end with the same number; when they do not, something in the core or in the simulator
 * depends on what is not in the seed. The last lines are kept to be printed with a failure.
 *
 * Invariant: nothing that is traced depends on the machine.
 */

import type { Datagram } from './datagram.js';
import { LaneHash } from './lane-hash.js';

export const TRACE_SENT = 1;
export const TRACE_DELIVERED = 2;
export const TRACE_EVENT = 3;
export const TRACE_NOTE = 4;

/** Lines kept for a failure. */
const KEPT_LINES = 60;

export class Trace {
  datagrams = 0;
  readonly #hash = new LaneHash();
  readonly #hashesBytes: boolean;
  readonly #lines: string[] = [];
  #next = 0;

  /** @param hashesBytes false where speed counts more than the trace: lengths and times alone are hashed */
  constructor(hashesBytes = true) {
    this.#hashesBytes = hashesBytes;
    this.#hash.begin(1, 2, 3, 4);
  }

  datagram(kind: number, nowUs: number, datagram: Datagram): void {
    this.datagrams++;
    this.#hash.word(kind);
    this.#hash.number(nowUs);
    this.#hash.word(datagram.from);
    this.#hash.word(datagram.to);
    this.#hash.word(datagram.ecn);
    this.#hash.word(datagram.length);
    // What the network does to bytes follows from the seed: those that were sent say it all.
    if (this.#hashesBytes && kind === TRACE_SENT) {
      this.#hash.bytes(datagram.view, 0, datagram.length);
    }
  }

  /** An event of the core at a host. */
  event(nowUs: number, host: number, kind: number, value: number): void {
    this.#hash.word(TRACE_EVENT);
    this.#hash.number(nowUs);
    this.#hash.word(host);
    this.#hash.word(kind);
    this.#hash.number(value);
    this.#keep(nowUs, `host ${host}: event ${kind} value ${value}`);
  }

  /** Something worth a line when the run fails. */
  note(nowUs: number, text: string): void {
    this.#hash.word(TRACE_NOTE);
    this.#hash.number(nowUs);
    for (let at = 0; at < text.length; at++) this.#hash.word(text.charCodeAt(at));
    this.#keep(nowUs, text);
  }

  /** The number so far, as sixteen hexadecimal digits. */
  get hash(): string {
    return this.#hash.toString();
  }

  /** The last lines, oldest first. */
  lines(): string[] {
    return [...this.#lines.slice(this.#next), ...this.#lines.slice(0, this.#next)];
  }

  #keep(nowUs: number, text: string): void {
    this.#lines[this.#next] = `${(nowUs / 1000).toFixed(3)} ms  ${text}`;
    this.#next = (this.#next + 1) % KEPT_LINES;
  }
}
