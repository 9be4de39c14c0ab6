/**
 * What both applications have sent, and what has come of it: the book that decides whether anything was lost, doubled
 * or brought out of order.
 *
 * It touches no endpoint. Called by the players of both sides. Invariant: every complaint is a SimulationFailure that
 * names the stream or the message.
 */

import { SimulationFailure } from '../failure.js';
import type { Side } from '../goals/goal.js';
import { checkPattern, patternView } from '../pattern.js';

/** Messages and datagrams begin with their number. */
const HEAD_BYTES = 4;

/** One direction of one stream. Codes: -1 = none. */
export class Flow {
  readonly name: string;
  written = 0;
  isFinished = false;
  resetCode = -1;
  /** All of it was acknowledged, as its sender was told. */
  isAcknowledged = false;
  stoppedWith = -1;
  read = 0;
  isEnded = false;
  stopCode = -1;
  resetWith = -1;
  readonly #salt: number;

  constructor(name: string, salt: number) {
    this.name = name;
    this.#salt = salt;
  }

  /** The next bytes to write. */
  next(byteLength: number): Uint8Array {
    const view = patternView(this.#salt, this.written, byteLength);
    this.written += view.length;
    return view;
  }

  take(chunk: Uint8Array): void {
    if (chunk.length === 0) throw new SimulationFailure(`${this.name} gave an empty chunk`);
    checkPattern(this.name, chunk, this.#salt, this.read);
    this.read += chunk.length;
    if (this.read > this.written) throw new SimulationFailure(`${this.name} is too long`);
  }

  end(): void {
    if (this.isEnded) throw new SimulationFailure(`${this.name} ended twice`);
    if (!this.isFinished) throw new SimulationFailure(`${this.name} ended by itself`);
    if (this.read !== this.written) {
      throw new SimulationFailure(`${this.name} ended after ${this.read} of ${this.written} bytes`);
    }
    this.isEnded = true;
  }

  reset(code: number): void {
    if (this.isEnded || this.resetWith >= 0) {
      throw new SimulationFailure(`${this.name} was reset behind its end`);
    }
    if (code !== this.resetCode && code !== this.stopCode) {
      throw new SimulationFailure(`${this.name} was reset with ${code}`);
    }
    this.resetWith = code;
  }

  stop(code: number): void {
    if (code !== this.stopCode || this.stoppedWith >= 0) {
      throw new SimulationFailure(`${this.name} was stopped with ${code}`);
    }
    this.stoppedWith = code;
  }

  /**
   * What is still to come, or undefined. `isKnown`: the receiver has heard of the stream; `isDone`: the sending half says
   * that all was acknowledged, which is an event only where nothing was reset.
   */
  missing(isKnown: boolean, isDone: boolean): string | undefined {
    if (!isDone || (this.resetCode < 0 && !this.isAcknowledged)) {
      return `${this.name} is not acknowledged`;
    }
    if (this.stopCode >= 0 || this.isEnded || this.resetWith >= 0) return undefined;
    // A reset may overtake the byte that says what a unidirectional stream is (F15): then nobody hears of it.
    if (this.resetCode >= 0 && !isKnown) return undefined;
    return `${this.name} has not ended`;
  }
}

/** Messages, or datagrams, of one side. */
export class Parcels {
  readonly name: string;
  readonly sizes: number[] = [];
  readonly #arrived = new Set<number>();
  readonly #done = new Set<number>();

  constructor(name: string) {
    this.name = name;
  }

  get arrived(): number {
    return this.#arrived.size;
  }

  get isComplete(): boolean {
    return this.arrived === this.sizes.length && this.#done.size === this.sizes.length;
  }

  /** The next one; it counts as sent when `commit` is called. */
  make(byteLength: number): Uint8Array {
    const bytes = new Uint8Array(HEAD_BYTES + byteLength);
    new DataView(bytes.buffer).setUint32(0, this.sizes.length);
    bytes.set(patternView(this.sizes.length, 0, byteLength), HEAD_BYTES);
    return bytes;
  }

  commit(bytes: Uint8Array): number {
    return this.sizes.push(bytes.length) - 1;
  }

  take(bytes: Uint8Array): void {
    const number = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).readUInt32BE(0);
    if (bytes.length !== this.sizes[number]) {
      throw new SimulationFailure(`${this.name} ${number} came with ${bytes.length} bytes`);
    }
    checkPattern(`${this.name} ${number}`, bytes.subarray(HEAD_BYTES), number, 0);
    if (this.#arrived.has(number)) throw new SimulationFailure(`${this.name} ${number} came twice`);
    this.#arrived.add(number);
  }

  done(number: number): void {
    if (this.#done.has(number)) throw new SimulationFailure(`${this.name} ${number} done twice`);
    if (!this.#arrived.has(number)) {
      throw new SimulationFailure(`${this.name} ${number} is acknowledged and has not arrived`);
    }
    this.#done.add(number);
  }
}

export class Ledger {
  /** Per sending side. */
  readonly messages = [new Parcels('message of side 0'), new Parcels('message of side 1')] as const;
  readonly datagrams = [
    new Parcels('datagram of side 0'),
    new Parcels('datagram of side 1'),
  ] as const;
  /** Who has asked for the end. */
  readonly closers = new Set<Side>();
  readonly #flows = new Map<string, Flow>();

  /** What `sender` sends on the stream. */
  flow(stream: number, sender: Side): Flow {
    const key = `${stream} ${sender}`;
    let flow = this.#flows.get(key);
    if (flow === undefined) {
      flow = new Flow(`stream ${stream} of side ${sender}`, 2 * stream + sender);
      this.#flows.set(key, flow);
    }
    return flow;
  }
}
