/**
 * P4: handing received pieces from the stage that makes them to the one that uses them.
 *
 *     node --import ./bench/micro/typescript.mjs bench/micro/cases/hand-over.ts ring
 *
 * `ring`: the event ring of the core, filled and emptied once a turn; `ring-turn`: the same with a turn of the event loop
 * between two fillings; `loop`: the queue behind `for await` loops; `channel N`: a bounded channel; `channel-turn N`: one
 * whose receiver runs in the next turn of the event loop, as a task of its own does; `stream N`: an object stream of Node.
 * Started by the runner.
 *
 * Invariant: every item arrives, in order; a case in which one does not ends with an error.
 */

import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { AsyncQueue } from '../../../lib/api/async-queue.js';
import { EVENT_READABLE, EventRing } from '../../../lib/core/event-ring.js';
import { benchConfig, report } from '../../suite/case-process.js';
import { Channel } from '../channel.js';
import { measureAsync, measureTimed, type Work } from '../timing.js';

/** Packets of one turn: what one receive call brings. */
const BATCH = 64;
/** Items of one run of a case that waits. */
const ITEMS = 1024;
const WAITING: Work = { operations: ITEMS };

interface Piece {
  readonly number: number;
}

const pieces = Array.from({ length: ITEMS }, (_, number): Piece => ({ number }));
const [way, capacity = '1'] = process.argv.slice(2);

function arrived(piece: Piece, number: number): void {
  if (piece.number !== number) throw new Error(`${piece.number} came in place of ${number}`);
}

const ring = new EventRing();

function fillAndEmpty(from: number): void {
  for (let index = 0; index < BATCH; index++) {
    ring.push(EVENT_READABLE, ring, pieces[from + index], index);
  }
  for (let index = 0; ring.take(); index++) arrived(ring.subject as Piece, from + index);
}

async function overRing(): Promise<void> {
  for (let from = 0; from < ITEMS; from += BATCH) {
    fillAndEmpty(from);
    await turn();
  }
}

async function overLoop(): Promise<void> {
  const queue = new AsyncQueue<Piece>();
  for (const piece of pieces) queue.push(piece);
  queue.end();
  let number = 0;
  const loop = queue.iterate();
  for await (const piece of loop) {
    arrived(piece, number++);
    if (number === ITEMS) break;
  }
}

/** `receive` takes everything; the sender waits for room meanwhile. */
async function through(receive: (channel: Channel<Piece>) => Promise<void>): Promise<void> {
  const channel = new Channel<Piece>(Number(capacity));
  const send = async (): Promise<void> => {
    for (const piece of pieces) await channel.send(piece);
  };
  await Promise.all([send(), receive(channel)]);
}

async function awaitEach(channel: Channel<Piece>): Promise<void> {
  for (let number = 0; number < ITEMS; number++) arrived(await channel.receive(), number);
}

/** A task that is woken by the event loop, and takes what waits then. */
async function takeByTurns(channel: Channel<Piece>): Promise<void> {
  for (let number = 0; number < ITEMS; ) {
    await turn();
    for (let piece = channel.take(); piece !== undefined; piece = channel.take()) {
      arrived(piece, number++);
    }
  }
}

async function overStream(): Promise<void> {
  const stream = new PassThrough({ objectMode: true, highWaterMark: Number(capacity) });
  const write = async (): Promise<void> => {
    for (const piece of pieces) {
      if (!stream.write(piece)) await new Promise((resolve) => stream.once('drain', resolve));
    }
    stream.end();
  };
  const read = async (): Promise<void> => {
    let number = 0;
    for await (const piece of stream) arrived(piece as Piece, number++);
    if (number !== ITEMS) throw new Error(`${number} of ${ITEMS} items came`);
  };
  await Promise.all([write(), read()]);
}

const WAYS: Readonly<Record<string, () => Promise<void>>> = {
  'ring-turn': overRing,
  loop: overLoop,
  channel: () => through(awaitEach),
  'channel-turn': () => through(takeByTurns),
  stream: overStream,
};

const config = benchConfig();
if (way === 'ring') {
  report(
    await measureTimed({ prepare() {}, run: () => fillAndEmpty(0) }, { operations: BATCH }, config),
  );
} else {
  report(await measureAsync(WAYS[way], WAITING, config));
}
