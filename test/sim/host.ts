/**
 * A machine with one endpoint on it: takes datagrams in, gives the endpoint its turns, sends what comes of them.
 *
 * A turn is the driver's (ARCHITECTURE.md): receive one batch, tell the application, run the timer when the inbox is
 * empty, transmit until there is nothing left or the budget is spent, end the turn, arm one timer. What is modelled of
 * a machine: timers that are coarse and late, turns that take time (what arrives meanwhile comes as one batch), an event
 * loop that stands still, an interface that refuses large datagrams.
 *
 * Invariant: between two turns the endpoint is not touched, except by the application.
 */

import {
  FLAG_ECN_MASK,
  FLAGS,
  LENGTH,
  LOCAL,
  OFFSET,
  REMOTE,
  ROW_SHIFT,
  STATUS,
} from '../../lib/batch/layout.js';
import { PacketBatch } from '../../lib/batch/packet-batch.js';
import { Fifo } from './clock/fifo.js';
import type { Scheduler, Timed } from './clock/scheduler.js';
import type { DrivenEndpoint } from './core-face.js';
import type { Datagram } from './datagram.js';
import { type Application, type HostModel, type HostObserver, ROOM_US } from './host-model.js';
import type { Network, Receiver } from './network.js';
import type { Rng } from './rng.js';

/** EMSGSIZE of Linux: the interface does not take a datagram of that size. */
const EMSGSIZE = 90;
/** EPERM of Linux: a firewall took it. */
const EPERM = 1;
/** What the slab of a turn that is over is overwritten with: whoever still reads it is noticed. */
const POISON = 0xdb;
/** A timer that is late by more than that: the event loop was blocked. As in lib/io/driver. */
const STALL_US = 10_000;
const SLAB_BYTES = 512 << 10;
const ROWS = 512;

const TURN = 1;
const TIMER = 2;

export class Host implements Receiver, Timed {
  readonly name: string;
  /** The address that datagrams leave from. */
  readonly address: number;
  turns = 0;
  readonly #network: Network;
  readonly #model: HostModel;
  readonly #rng: Rng;
  readonly #observer: HostObserver;
  readonly #inbox = new Fifo<Datagram>();
  readonly #rx = new PacketBatch(SLAB_BYTES, ROWS);
  readonly #tx = new PacketBatch(SLAB_BYTES, ROWS);
  #endpoint: DrivenEndpoint | undefined;
  #application: Application | undefined;
  #isInTurn = false;
  #isDown = false;
  /** The application has asked for the next turn. */
  #isWoken = false;
  /** The turn that is scheduled, and the event of the heap for it; Infinity = none. */
  #turnUs = Number.POSITIVE_INFINITY;
  /** When the timer should fire, and the event of the heap that may come too early for it. */
  #timerUs = Number.POSITIVE_INFINITY;
  #timerEventUs = Number.POSITIVE_INFINITY;
  /** When a punctual timer would have fired. */
  #armedUs = Number.POSITIVE_INFINITY;
  /** Busy with the last turn, or standing still, until then. */
  #freeUs = 0;
  #progress = 0;
  /** First row of the batch that the socket has not taken, and until when it has no room; 0: it has. */
  #unsent = 0;
  #fullUntilUs = 0;

  constructor(name: string, network: Network, model: HostModel, rng: Rng, observer: HostObserver) {
    this.name = name;
    this.#network = network;
    this.#model = model;
    this.#rng = rng;
    this.#observer = observer;
    this.address = network.addAddress(this);
  }

  /** What runs on it. Both are made with the host's address, so they come later. */
  install(endpoint: DrivenEndpoint, application: Application): void {
    this.#endpoint = endpoint;
    this.#application = application;
  }

  get scheduler(): Scheduler {
    return this.#network.scheduler;
  }

  get nowUs(): number {
    return this.#network.scheduler.nowUs;
  }

  /** Whether it waits for nothing: no turn, no timer, no datagram. */
  get isQuiet(): boolean {
    return (
      this.#turnUs === Number.POSITIVE_INFINITY &&
      this.#timerUs === Number.POSITIVE_INFINITY &&
      this.#inbox.length === 0
    );
  }

  /** Whether datagrams wait for the next turn. */
  get hasWaiting(): boolean {
    return this.#inbox.length > 0;
  }

  deliver(datagram: Datagram): void {
    if (this.#isDown) {
      this.#network.pool.release(datagram);
      return;
    }
    this.#inbox.push(datagram);
    this.#wakeAt(this.nowUs + this.#model.wakeUs);
  }

  /** The application has written something outside a turn. */
  wake(): void {
    if (this.#isInTurn) return;
    this.#isWoken = true;
    this.#wakeAt(this.nowUs);
  }

  /** The event loop stands still. Datagrams wait in the socket. */
  stall(durationUs: number): void {
    this.#freeUs = Math.max(this.#freeUs, this.nowUs + durationUs);
  }

  /** The process is gone, without a word. */
  kill(): void {
    this.#isDown = true;
    this.#turnUs = Number.POSITIVE_INFINITY;
    this.#timerUs = Number.POSITIVE_INFINITY;
    for (;;) {
      const datagram = this.#inbox.take();
      if (datagram === undefined) break;
      this.#network.pool.release(datagram);
    }
  }

  onTime(argument: unknown): void {
    if (this.#isDown) return;
    const { nowUs } = this;
    if (argument === TIMER) {
      if (nowUs !== this.#timerEventUs) return;
      this.#timerEventUs = Number.POSITIVE_INFINITY;
      if (this.#timerUs === Number.POSITIVE_INFINITY) return;
      if (nowUs < this.#timerUs) this.#scheduleTimer();
      else {
        this.#timerUs = Number.POSITIVE_INFINITY;
        this.#wakeAt(nowUs);
      }
      return;
    }
    if (nowUs !== this.#turnUs) return;
    this.#turnUs = Number.POSITIVE_INFINITY;
    if (nowUs < this.#freeUs) this.#wakeAt(this.#freeUs);
    else this.#turn();
  }

  #wakeAt(atUs: number): void {
    const turnUs = Math.max(atUs, this.#freeUs);
    if (this.#isDown || turnUs >= this.#turnUs) return;
    this.#turnUs = turnUs;
    this.#network.scheduler.schedule(turnUs, this, TURN);
  }

  #turn(): void {
    const endpoint = this.#endpoint!;
    const { nowUs } = this;
    this.turns++;
    this.#isInTurn = true;
    this.#progress = this.#isWoken ? 1 : 0;
    this.#isWoken = false;
    if (nowUs - this.#armedUs > STALL_US) endpoint.onStall(nowUs);
    const usedBytes = this.#fillBatch();
    if (this.#rx.length > 0) {
      endpoint.receive(this.#rx, nowUs);
      this.#dispatch();
    }
    const hasRunTimer = this.#inbox.length === 0 && endpoint.deadlineUs <= nowUs;
    if (hasRunTimer) {
      this.#progress++;
      endpoint.onTimer(nowUs);
      this.#dispatch();
    }
    const isBudgetSpent = this.#transmit(nowUs);
    endpoint.endTurn();
    this.#rx.bytes.fill(POISON, 0, usedBytes);
    this.#isInTurn = false;
    this.#freeUs = Math.max(this.#freeUs, nowUs + this.#model.turnUs);
    this.#observer.afterTurn(this, { progress: this.#progress, hasRunTimer, isBudgetSpent });
    this.#arm(isBudgetSpent);
  }

  /** Moves datagrams from the inbox into the batch. Returns the bytes of the slab that they fill. */
  #fillBatch(): number {
    const rx = this.#rx;
    let at = 0;
    let length = 0;
    while (length < ROWS) {
      const datagram = this.#inbox.peek();
      if (datagram === undefined || at + datagram.length > SLAB_BYTES) break;
      this.#inbox.take();
      const row = length++ << ROW_SHIFT;
      rx.bytes.set(datagram.bytes.subarray(0, datagram.length), at);
      rx.rows.fill(0, row, row + (1 << ROW_SHIFT));
      rx.rows[row + OFFSET] = at;
      rx.rows[row + LENGTH] = datagram.length;
      rx.rows[row + FLAGS] = datagram.ecn;
      rx.rows[row + REMOTE] = datagram.from;
      rx.rows[row + LOCAL] = datagram.to;
      at += datagram.length;
      this.#observer.onReceived(this, datagram.from, datagram.length);
      this.#network.pool.release(datagram);
    }
    rx.length = length;
    this.#progress += length;
    return at;
  }

  #dispatch(): void {
    const { events } = this.#endpoint!;
    while (events.take()) {
      const { kind, owner, subject, value } = events;
      this.#progress++;
      this.#network.trace.event(this.nowUs, this.address, kind, value);
      this.#application!.onEvent(kind, owner, subject, value);
    }
  }

  /** True when the budget ended it, or a socket without room. */
  #transmit(nowUs: number): boolean {
    const endpoint = this.#endpoint!;
    if (nowUs < this.#fullUntilUs) return true;
    for (let left = this.#model.budgetDatagrams; left > 0; ) {
      if (this.#unsent === 0) {
        const length = endpoint.transmit(this.#tx, nowUs);
        if (length === 0) return false;
        this.#progress += length;
        left -= length;
      }
      const isTaken = this.#send();
      this.#dispatch();
      if (!isTaken) return true;
      const last = (this.#tx.length - 1) << ROW_SHIFT;
      this.#tx.bytes.fill(POISON, 0, this.#tx.rows[last + OFFSET] + this.#tx.rows[last + LENGTH]);
    }
    return true;
  }

  /** False when the socket has no room for all of the batch. */
  #send(): boolean {
    const { length } = this.#tx;
    const first = this.#unsent;
    const { sendFaults = 0 } = this.#model;
    const isFaulty = sendFaults > 0 && this.#rng.unit() < sendFaults;
    const at = isFaulty ? first + Math.floor(this.#rng.unit() * (length - first)) : -1;
    const isShort = isFaulty && this.#rng.unit() < 0.5;
    for (let row = first; row < (isShort ? at : length); row++) this.#sendRow(row, row === at);
    this.#unsent = isShort ? at : 0;
    // A batch of which nothing was taken looks like one that is done.
    if (isShort && at === 0) this.#sendRow(this.#unsent++, false);
    if (!isShort || this.#unsent === length) {
      this.#unsent = 0;
      return true;
    }
    this.#fullUntilUs = this.nowUs + ROOM_US;
    return false;
  }

  #sendRow(row: number, isRefused: boolean): void {
    const { bytes, rows } = this.#tx;
    const at = row << ROW_SHIFT;
    if (rows[at + STATUS] !== 0) return;
    const byteLength = rows[at + LENGTH];
    if (isRefused || byteLength > this.#model.interfaceBytes) {
      this.#endpoint!.onUnsent(this.#tx, row, isRefused ? EPERM : EMSGSIZE, this.nowUs);
      return;
    }
    const remote = rows[at + REMOTE];
    const ecn = rows[at + FLAGS] & FLAG_ECN_MASK;
    this.#observer.onSent(this, remote, byteLength);
    this.#network.send(this.address, remote, bytes, rows[at + OFFSET], byteLength, ecn);
  }

  #arm(isBudgetSpent: boolean): void {
    const endpoint = this.#endpoint!;
    const { nowUs } = this;
    if (isBudgetSpent || this.#inbox.length > 0 || endpoint.hasWork || endpoint.events.length > 0) {
      this.#wakeAt(Math.max(nowUs, this.#fullUntilUs));
    }
    const { deadlineUs } = endpoint;
    if (deadlineUs === Number.POSITIVE_INFINITY) {
      this.#timerUs = deadlineUs;
      this.#armedUs = deadlineUs;
      return;
    }
    const { timerGranularityUs, timerLatenessUs } = this.#model;
    let delayUs = Math.max(deadlineUs - nowUs, 0);
    if (timerGranularityUs > 0) {
      delayUs = Math.max(1, Math.ceil(delayUs / timerGranularityUs)) * timerGranularityUs;
    }
    this.#armedUs = Math.max(nowUs + delayUs, deadlineUs);
    this.#timerUs = this.#armedUs + this.#rng.unit() * timerLatenessUs;
    if (this.#timerUs < this.#timerEventUs) this.#scheduleTimer();
  }

  #scheduleTimer(): void {
    this.#timerEventUs = this.#timerUs;
    this.#network.scheduler.schedule(this.#timerUs, this, TIMER);
  }
}
