/**
 * Goals: so many messages, each arrives whole and once; so many unreliable datagrams, each arrives whole and at most once.
 *
 * The first four bytes name goal and message; shorter messages are only counted, by size.
 *
 * Invariant: what arrives was sent, and not twice.
 */

import type { Timed } from '../clock/scheduler.js';
import { SimulationFailure } from '../failure.js';
import { checkPattern, fillPattern } from '../pattern.js';
import type { Goal, GoalSide, Side } from './goal.js';

const HEAD_BYTES = 4;
const NUMBER_BITS = 20;
const RELEASED = 0xee;

/** The bytes of one: its name, and the pattern behind it. */
function makeBytes(length: number, goal: number, number: number): Uint8Array {
  const bytes = new Uint8Array(length);
  fillPattern(bytes, goal * 8192 + number, 0);
  if (length < HEAD_BYTES) return bytes;
  new DataView(bytes.buffer).setUint32(0, (goal << NUMBER_BITS) | number);
  return bytes;
}

/** Which goal of the session sent these bytes; -1 for those that are too short to say. */
export function goalOf(bytes: Uint8Array): number {
  return bytes.length < HEAD_BYTES ? -1 : headOf(bytes) >>> NUMBER_BITS;
}

function headOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

/** Checks bytes that have arrived and returns their number. */
function checkBytes(what: string, bytes: Uint8Array, goal: number): number {
  const number = headOf(bytes) & ((1 << NUMBER_BITS) - 1);
  const salt = goal * 8192 + number;
  checkPattern(`${what} ${number}`, bytes.subarray(HEAD_BYTES), salt, HEAD_BYTES);
  return number;
}

/** Those that are too short for a name: counted by size. */
class Nameless {
  readonly #expected = new Array<number>(HEAD_BYTES).fill(0);

  sent(length: number): void {
    if (length < HEAD_BYTES) this.#expected[length]++;
  }

  /** False when there is none of that size that has not arrived. */
  take(length: number): boolean {
    if (length >= HEAD_BYTES || this.#expected[length] === 0) return false;
    this.#expected[length]--;
    return true;
  }
}

export interface MessageGoalOptions {
  readonly side: Side;
  readonly count: number;
  /** Sizes from and to; below 4 bytes a message has no name. */
  readonly bytes: readonly [number, number];
  /** Between two; 0 = as fast as they are taken, us. */
  readonly pauseUs: number;
}

export class MessageGoal implements Goal, Timed {
  readonly side: Side;
  readonly #options: MessageGoalOptions;
  readonly #sizes: number[] = [];
  readonly #sent: Uint8Array[] = [];
  readonly #isDone: boolean[] = [];
  readonly #hasArrived: boolean[] = [];
  readonly #nameless = new Nameless();
  #own: GoalSide | undefined;
  #index = 0;
  #done = 0;
  #arrived = 0;
  #isWaiting = false;

  constructor(options: Partial<MessageGoalOptions>) {
    this.#options = { side: 0, count: 100, bytes: [4, 1000], pauseUs: 0, ...options };
    this.side = this.#options.side;
  }

  get isReached(): boolean {
    return this.#done === this.#options.count && this.#arrived === this.#options.count;
  }

  get isWritten(): boolean {
    return this.#sent.length === this.#options.count;
  }

  begin(own: GoalSide, index: number): void {
    this.#own = own;
    this.#index = index;
    this.#send();
  }

  join(): void {}

  onTime(): void {
    this.#isWaiting = false;
    this.#send();
    this.#own!.wake();
  }

  onMessageDone(token: number, code: number): void {
    if (this.#own!.isOver && code !== 0) return;
    if (code !== 0) throw new SimulationFailure(`message ${token} failed with ${code}`);
    if (this.#isDone[token]) throw new SimulationFailure(`message ${token} was done twice`);
    this.#isDone[token] = true;
    this.#done++;
    this.#sent[token].fill(RELEASED);
    this.#send();
  }

  takeMessage(bytes: Uint8Array): boolean {
    if (bytes.length < HEAD_BYTES && !this.#nameless.take(bytes.length)) return false;
    this.#arrived++;
    if (bytes.length < HEAD_BYTES) return true;
    const number = checkBytes('message', bytes, this.#index);
    if (this.#hasArrived[number]) throw new SimulationFailure(`message ${number} came twice`);
    if (this.#sizes[number] !== bytes.length) {
      throw new SimulationFailure(`message ${number} has ${bytes.length} bytes`);
    }
    this.#hasArrived[number] = true;
    return true;
  }

  describe(): string {
    const { side, count } = this.#options;
    const sent = this.#sent.length;
    return `messages of side ${side}: ${sent} of ${count} sent, ${this.#done} done, ${this.#arrived} arrived`;
  }

  #send(): void {
    const { count, bytes, pauseUs } = this.#options;
    const own = this.#own!;
    while (this.#sent.length < count && !this.#isWaiting && !own.isOver) {
      const number = this.#sent.length;
      this.#sizes[number] ??= own.rng.between(bytes[0], bytes[1]);
      const message = makeBytes(this.#sizes[number], this.#index, number);
      const result = own.connection.sendMessage(message, { goal: this, number });
      // The queue is full: one that is done brings us back.
      if (result === -2 && this.#done < number) return;
      if (result !== 0) throw new SimulationFailure(`message ${number} was refused: ${result}`);
      this.#sent.push(message);
      this.#nameless.sent(message.length);
      if (pauseUs > 0) {
        this.#isWaiting = true;
        own.scheduler.schedule(own.scheduler.nowUs + own.rng.unit() * 2 * pauseUs, this);
      }
    }
  }
}

export interface DatagramGoalOptions {
  readonly side: Side;
  readonly count: number;
  readonly bytes: readonly [number, number];
  readonly pauseUs: number;
  /** How many of them must arrive: 0 where the path or the queue may lose any. */
  readonly mustArrive: number;
}

export class DatagramGoal implements Goal, Timed {
  readonly side: Side;
  arrived = 0;
  readonly #options: DatagramGoalOptions;
  readonly #hasArrived: boolean[] = [];
  readonly #nameless = new Nameless();
  #own: GoalSide | undefined;
  #index = 0;
  #sent = 0;

  constructor(options: Partial<DatagramGoalOptions>) {
    const defaults = { count: 100, bytes: [4, 1000], pauseUs: 1000, mustArrive: 0 } as const;
    this.#options = { side: 0, ...defaults, ...options };
    this.side = this.#options.side;
  }

  get isReached(): boolean {
    return this.isWritten && this.arrived >= this.#options.mustArrive;
  }

  get isWritten(): boolean {
    return this.#sent === this.#options.count;
  }

  begin(own: GoalSide, index: number): void {
    this.#own = own;
    this.#index = index;
    own.scheduler.schedule(own.scheduler.nowUs, this);
  }

  join(): void {}

  onTime(): void {
    const { count, bytes, pauseUs } = this.#options;
    const own = this.#own!;
    if (own.isOver) return;
    do {
      const most = Math.min(bytes[1], own.connection.maxDatagramPayload);
      const length = own.rng.between(Math.min(bytes[0], most), most);
      const datagram = makeBytes(length, this.#index, this.#sent++);
      const result = own.connection.sendDatagram(datagram);
      if (result < 0) throw new SimulationFailure(`a datagram of ${length} bytes was refused`);
      this.#nameless.sent(length);
      // It was copied.
      datagram.fill(RELEASED);
    } while (pauseUs === 0 && this.#sent < count);
    own.wake();
    if (this.#sent < count) {
      own.scheduler.schedule(own.scheduler.nowUs + own.rng.unit() * 2 * pauseUs, this);
    }
  }

  takeDatagram(bytes: Uint8Array): boolean {
    if (bytes.length < HEAD_BYTES && !this.#nameless.take(bytes.length)) return false;
    this.arrived++;
    if (bytes.length < HEAD_BYTES) return true;
    const number = checkBytes('datagram', bytes, this.#index);
    if (this.#hasArrived[number]) throw new SimulationFailure(`datagram ${number} came twice`);
    this.#hasArrived[number] = true;
    return true;
  }

  describe(): string {
    const { side, count } = this.#options;
    return `datagrams of side ${side}: ${this.#sent} of ${count} sent, ${this.arrived} arrived`;
  }
}

/** Goal: nothing happens for so long, and the connection is still there. */
export class IdleGoal implements Goal {
  readonly side = 0;
  isReached = false;
  readonly #idleUs: number;

  constructor(idleUs: number) {
    this.#idleUs = idleUs;
  }

  get isWritten(): boolean {
    return this.isReached;
  }

  begin(own: GoalSide): void {
    const { scheduler } = own;
    const onTime = (): void => {
      if (!own.isOver && own.connection.closed !== undefined)
        throw new SimulationFailure('closed while idle');
      this.isReached = true;
    };
    scheduler.schedule(scheduler.nowUs + this.#idleUs, { onTime });
  }

  join(): void {}

  describe(): string {
    return `idle for ${this.#idleUs} us`;
  }
}
