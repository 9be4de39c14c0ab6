/**
 * Two Streams with a bad network between them: packets are lost, found lost wrongly, acknowledged late and in any order.
 * What comes out is what went in, both sides agree on every count, and nothing is left.
 */

import { describe, expect, it } from 'vitest';
import type { TransportConfig } from '../../../../lib/core/config.js';
import { NO_ERROR } from '../../../../lib/core/error-codes.js';
import {
  EVENT_FINISHED,
  EVENT_MESSAGE,
  EVENT_MESSAGE_DONE,
  EVENT_READABLE,
  EVENT_RESET,
  EVENT_STOPPED,
  EVENT_STREAM,
} from '../../../../lib/core/event-ring.js';
import type { Stream } from '../../../../lib/core/streams/stream.js';
import { chance, isPattern, pair, patternOf, type Side, type Space } from './harness.js';

interface Flight {
  readonly from: Side;
  readonly to: Side;
  readonly space: Space;
}

/** A stream as one end sees it: what it has still to say, and how much it has heard. */
interface End {
  readonly stream: Stream;
  left: number;
  heard: number;
  isBorrowing: boolean;
  isOver: boolean;
}

interface Plan {
  readonly seed: number;
  readonly config?: Partial<TransportConfig>;
  readonly streams: number;
  readonly bytes: number;
  readonly messages?: number;
  /** Of 100 packets, that many are lost; streams are reset or stopped in the middle. */
  readonly loss: number;
  readonly aborts?: number;
  readonly packetBytes?: number;
}

class Loop {
  readonly random: (limit: number) => number;
  readonly sides: readonly [Side, Side];
  readonly ends: readonly [Map<number, End>, Map<number, End>] = [new Map(), new Map()];
  readonly plan: Plan;
  flights: Flight[] = [];
  messagesDone = 0;
  messagesFailed = 0;
  messages: number[] = [];
  #unopened: number;
  #unsent: number;

  constructor(plan: Plan) {
    this.plan = plan;
    this.random = chance(plan.seed);
    const { a, b } = pair(plan.config);
    this.sides = [a, b];
    this.#unopened = plan.streams;
    this.#unsent = plan.messages ?? 0;
  }

  /** Until nothing is left to do. */
  run(): void {
    for (let step = 0; step < 200_000; step++) {
      this.#act();
      for (const [index, side] of this.sides.entries()) this.#send(side, this.sides[1 - index]);
      this.#move();
      const isQuiet = this.sides.every(({ streams }) => !streams.hasControl && !streams.hasData);
      const isDone = this.#unopened === 0 && this.#unsent === 0 && this.flights.length === 0;
      if (isDone && isQuiet && this.sides.every(({ streams }) => streams.size === 0)) return;
    }
    throw new Error(`not done: ${this.sides.map(({ streams }) => streams.size)}`);
  }

  /** The applications do something. */
  #act(): void {
    const { random, plan } = this;
    if (this.#unopened > 0 && random(4) === 0) {
      const index = random(2);
      const stream = this.sides[index].streams.open(random(3) === 0);
      if (stream !== undefined) {
        this.#unopened--;
        this.#take(index, stream);
      }
    }
    if (this.#unsent > 0 && random(2) === 0) {
      const size = random(10) === 0 ? random(20_000) : random(100);
      const refused = this.sides[0].streams.sendMessage(patternOf(1, 0, size), size);
      if (refused === 0) this.#unsent--;
    }
    for (const index of [0, 1] as const) {
      for (const end of this.ends[index].values())
        this.#actOn(end, random(100) < (plan.aborts ?? 0));
    }
  }

  #actOn(end: End, isAbort: boolean): void {
    const { stream } = end;
    const { random } = this;
    if (isAbort) {
      if (random(2) === 0 && stream.sending !== undefined && !stream.isFinished) {
        stream.reset(random(3));
        end.left = 0;
      } else if (stream.receiving !== undefined && !end.isOver) {
        stream.stop(random(3));
        end.isOver = true;
      }
    }
    if (end.left > 0 && stream.hasRoom && random(3) === 0) {
      const size = Math.min(end.left, 1 + random(random(4) > 0 ? 60 : this.plan.bytes));
      stream.write(patternOf(stream.id, this.plan.bytes - end.left, size));
      end.left -= size;
      if (end.left === 0) stream.finish();
    }
    if (random(3) === 0) this.#read(end);
  }

  #read(end: End): void {
    const { stream } = end;
    if (stream.receiving === undefined || end.isOver || end.isBorrowing) return;
    for (let chunk = stream.read(); chunk !== undefined; chunk = stream.read()) {
      this.#hear(end, chunk, 0, chunk.byteLength);
    }
    this.#seeEnd(end);
  }

  #seeEnd(end: End): void {
    if (end.isOver || !end.stream.takeEnd()) return;
    end.isOver = true;
    if (end.stream.receiving!.resetCode < 0) expect(end.heard).toBe(this.plan.bytes);
  }

  #hear(end: End, bytes: Uint8Array, at: number, byteLength: number): void {
    const { stream } = end;
    const piece = bytes.subarray(at, at + byteLength);
    if (!isPattern(piece, stream.id, end.heard)) throw new Error(`stream ${stream.id}`);
    end.heard += byteLength;
  }

  #take(index: number, stream: Stream): void {
    const left = stream.sending === undefined ? 0 : this.plan.bytes;
    const end = {
      stream,
      left,
      heard: 0,
      isBorrowing: false,
      isOver: stream.receiving === undefined,
    };
    if (stream.receiving !== undefined && this.random(3) === 0) {
      end.isBorrowing = true;
      stream.borrow((bytes, at, byteLength) => this.#hear(end, bytes, at, byteLength));
    }
    this.ends[index].set(stream.id, end);
  }

  #send(side: Side, to: Side): void {
    for (let count = this.random(6); count > 0; count--) {
      const space = side.write(this.plan.packetBytes ?? 1200);
      if (space === undefined) return;
      this.flights.push({ from: side, to, space });
    }
  }

  /** Some packets arrive, in any order and in one batch; some are lost; some arrive and are taken for lost. */
  #move(): void {
    const { random, flights, plan } = this;
    const batches: [Space[], Space[]] = [[], []];
    const rest: Flight[] = [];
    const settled: Flight[] = [];
    for (const flight of flights) {
      if (random(3) > 0) {
        rest.push(flight);
        continue;
      }
      const isLost = random(100) < plan.loss;
      if (!isLost) batches[flight.to === this.sides[0] ? 0 : 1].push(flight.space);
      if (isLost || random(100) < plan.loss / 2) flight.from.lose(flight.space);
      // The acknowledgement of one that was taken for lost comes, too.
      if (!isLost) settled.push(flight);
    }
    this.flights = rest;
    for (const index of [0, 1] as const) {
      this.#shuffle(batches[index]);
      this.sides[index].nowUs += random(1000);
      expect(this.sides[index].receive(...batches[index])).toBe(NO_ERROR);
      this.#listen(index);
      this.sides[index].streams.endTurn();
    }
    this.#shuffle(settled);
    for (const { from, space } of settled) from.ack(space);
    for (const index of [0, 1] as const) {
      this.sides[index].settle();
      this.#listen(index);
    }
  }

  #shuffle(items: unknown[]): void {
    for (let index = items.length - 1; index > 0; index--) {
      const other = this.random(index + 1);
      [items[index], items[other]] = [items[other], items[index]];
    }
  }

  #listen(index: 0 | 1): void {
    const side = this.sides[index];
    for (const { kind, subject, value } of side.told()) {
      if (kind === EVENT_STREAM) {
        this.#take(index, subject as Stream);
      } else if (kind === EVENT_MESSAGE) {
        const bytes = subject as Uint8Array;
        expect(isPattern(bytes, 1, 0)).toBe(true);
        this.messages.push(bytes.byteLength);
        side.streams.onMessageTaken(bytes.byteLength);
      } else if (kind === EVENT_MESSAGE_DONE) {
        this.messagesDone++;
        if (value !== 0) this.messagesFailed++;
      } else {
        this.#listenTo(this.ends[index].get((subject as Stream).id), kind);
      }
    }
  }

  #listenTo(end: End | undefined, kind: number): void {
    if (end === undefined) return;
    switch (kind) {
      case EVENT_READABLE:
        if (end.isBorrowing && !end.isOver && this.random(4) > 0) {
          end.stream.deliver();
          this.#seeEnd(end);
        } else if (end.isBorrowing && !end.isOver) {
          // It goes back to reading.
          end.stream.borrow(undefined);
          end.isBorrowing = false;
        }
        return;
      case EVENT_RESET:
        end.isOver = true;
        return;
      case EVENT_STOPPED:
        end.left = 0;
        return;
      case EVENT_FINISHED:
        expect(end.stream.isFinished).toBe(true);
        expect(end.stream.buffered).toBe(0);
    }
  }
}

function agree({ sides: [a, b] }: Loop): void {
  expect(a.streams.sentData).toBe(b.streams.receivedData);
  expect(b.streams.sentData).toBe(a.streams.receivedData);
  for (const side of [a, b]) {
    expect(side.isDrained).toBe(true);
    expect(side.streams.counters.streamsActive).toBe(0);
  }
}

const TIGHT: Partial<TransportConfig> = {
  initialStreamData: 2000,
  initialConnectionData: 5000,
  maxStreamData: 10_000,
  maxConnectionData: 20_000,
  maxStreams: 5,
  sendBuffer: 8000,
};

describe('a lossy loop', () => {
  it.each(Array.from({ length: 15 }, (_, index) => index + 1))(
    'delivers streams and messages: seed %i',
    (seed) => {
      const loop = new Loop({ seed, streams: 12, bytes: 9000, messages: 30, loss: 20 });
      loop.run();
      expect(loop.messagesDone).toBe(30);
      expect(loop.messagesFailed).toBe(0);
      expect(loop.messages.length).toBe(30);
      agree(loop);
    },
  );

  it.each(Array.from({ length: 15 }, (_, index) => index + 101))(
    'delivers them within narrow limits: seed %i',
    (seed) => {
      const plan = { seed, streams: 20, bytes: 5000, messages: 30, loss: 20, packetBytes: 300 };
      const loop = new Loop({ ...plan, config: TIGHT });
      loop.run();
      expect(loop.messages.length).toBe(30);
      agree(loop);
    },
  );

  it.each(Array.from({ length: 40 }, (_, index) => index + 201))(
    'agrees on every count whatever is reset and stopped: seed %i',
    (seed) => {
      const plan = { seed, streams: 25, bytes: 6000, messages: 10, loss: 25, aborts: 2 };
      const loop = new Loop({ ...plan, config: seed % 2 === 0 ? TIGHT : {} });
      loop.run();
      expect(loop.messages.length).toBe(10);
      agree(loop);
    },
  );

  it('delivers a large stream in packets of a large size', () => {
    const plan = { seed: 9, streams: 2, bytes: 1_000_000, loss: 5, packetBytes: 65_000 };
    const loop = new Loop(plan);
    loop.run();
    agree(loop);
  });
});
