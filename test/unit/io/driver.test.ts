/**
 * The turn, on an engine without a kernel, a core without connections and a clock that stands still: what is done in
 * which order, how much of it, and when the next turn comes.
 */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  LENGTH,
  OFFSET,
  PEER_INTS,
  PEER_PINS,
  REMOTE,
  ROW_SHIFT,
  STATUS,
} from '../../../lib/batch/layout.js';
import type { PacketBatch } from '../../../lib/batch/packet-batch.js';
import type { Endpoint } from '../../../lib/core/endpoint/endpoint.js';
import { EventRing } from '../../../lib/core/event-ring.js';
import { addressesOf, Driver } from '../../../lib/io/driver.js';
import { start } from '../../conformance/support/child.js';
import { uncaughtDuring } from '../api/fake-core.js';
import { FakeEngine, text } from '../api/fake-engine.js';

const clock = vi.hoisted(() => ({ us: 0 }));
vi.mock('../../../lib/io/clock.js', () => ({ nowUs: () => clock.us }));

const NEVER = Number.POSITIVE_INFINITY;
const EMSGSIZE = 90;
const DAY_US = 86_400e6;

/** What a turn asks of the core, noted in the order of the calls. */
class FakeCore {
  readonly events = new EventRing();
  readonly log: string[] = [];
  /** Rows of the batches that `transmit` makes. */
  readonly outgoing: number[] = [];
  deadlineUs = NEVER;
  onReceived: () => void = () => {};
  onFilled: () => void = () => {};
  #name = 0;

  get core(): Endpoint {
    return this as unknown as Endpoint;
  }

  get hasWork(): boolean {
    return this.outgoing.length > 0;
  }

  receive(rx: PacketBatch): void {
    this.log.push(`receive ${rx.length}`);
    this.onReceived();
  }

  onStall(): void {
    this.log.push('stall');
  }

  onTimer(): void {
    this.log.push('timer');
    this.deadlineUs = NEVER;
  }

  /** Datagrams are named by letters, over all batches. */
  transmit(tx: PacketBatch): number {
    this.log.push('transmit');
    tx.length = this.outgoing.shift() ?? 0;
    for (let index = 0; index < tx.length; index++) {
      const row = index << ROW_SHIFT;
      tx.bytes[index] = 97 + this.#name++;
      tx.rows[row + OFFSET] = index;
      tx.rows[row + LENGTH] = 1;
      tx.rows[row + REMOTE] = 1;
      tx.rows[row + STATUS] = 0;
    }
    this.onFilled();
    return tx.length;
  }

  onUnsent(_tx: PacketBatch, row: number, errno: number): void {
    this.log.push(`unsent ${row} ${errno}`);
  }

  endTurn(): void {
    this.log.push('end');
  }

  dropWaiting(): void {
    this.log.push('drop');
  }

  /** An event, told apart by its number. */
  tell(value: number): void {
    this.events.push(1, undefined, undefined, value);
  }
}

function makeDriver() {
  const engine = new FakeEngine();
  engine.peers.intern('192.0.2.1', 1000);
  const core = new FakeCore();
  const driver = new Driver(engine, core.core);
  const dispatch = vi.fn((value: number) => {
    core.log.push(`event ${value}`);
  });
  driver.start((_kind, _owner, _subject, value) => dispatch(value));
  return { engine, core, driver, dispatch };
}

const datagram = { bytes: text('x') };

/** One turn by `wake`. */
async function turn(driver: Driver): Promise<void> {
  driver.wake();
  await ticked();
}

function ticked(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

class FakeImmediate {
  isHolding = true;
  readonly run: () => void;

  constructor(run: () => void) {
    this.run = run;
  }

  ref(): void {
    this.isHolding = true;
  }

  unref(): void {
    this.isHolding = false;
  }
}

/** Those that wait. */
const immediates: FakeImmediate[] = [];

/** Runs the immediates that wait now. */
function comeRound(): void {
  for (const { run } of immediates.splice(0)) run();
}

/** Both clocks; then the event loop comes round. Timers that come due see the time at the end. */
function advance(ms: number): void {
  clock.us += ms * 1000;
  vi.advanceTimersByTime(ms);
  comeRound();
}

beforeEach(() => {
  clock.us = 1_000_000;
  immediates.length = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.stubGlobal('setImmediate', (run: () => void) => {
    const immediate = new FakeImmediate(run);
    immediates.push(immediate);
    return immediate;
  });
  vi.stubGlobal('clearImmediate', (immediate: FakeImmediate) => {
    const at = immediates.indexOf(immediate);
    if (at >= 0) immediates.splice(at, 1);
  });
});

/** For what only the real event loop shows. */
function useRealLoop(): void {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
}

afterEach(useRealLoop);

describe('a turn', () => {
  it('reads until the socket is empty, then runs timers, then sends', () => {
    const { engine, core } = makeDriver();
    engine.arrivals.push([datagram, datagram], [datagram]);
    core.deadlineUs = clock.us;
    core.onReceived = () => core.tell(1);
    engine.onReadable();
    expect(core.log).toEqual([
      ...['receive 2', 'event 1', 'end', 'receive 1', 'event 1', 'end'],
      ...['timer', 'transmit', 'end'],
    ]);
  });

  it('reads for a millisecond at most, and sends all the same', () => {
    const { engine, core } = makeDriver();
    engine.arrivals.push(...Array.from({ length: 5 }, () => [datagram]));
    core.outgoing.push(1);
    core.onReceived = () => {
      clock.us += 600;
    };
    engine.onReadable();
    expect(engine.arrivals.length).toBe(3);
    expect(engine.sentTexts).toEqual(['a']);
    engine.onReadable();
    expect(engine.arrivals.length).toBe(1);
  });

  it('sends two batches, and the rest when the event loop has come round', async () => {
    const { engine, core, driver } = makeDriver();
    core.outgoing.push(2, 1, 1);
    await turn(driver);
    expect(engine.sentTexts).toEqual(['a', 'b', 'c']);
    comeRound();
    expect(engine.sentTexts).toEqual(['a', 'b', 'c', 'd']);
    expect(immediates.length).toBe(0);
  });

  it('keeps the event loop awake for a moment after it has moved a train', () => {
    const { engine, core } = makeDriver();
    core.deadlineUs = clock.us + 50_000;
    engine.arrivals.push(Array.from({ length: 63 }, () => datagram));
    engine.onReadable();
    expect(immediates.length).toBe(0);
    engine.arrivals.push(Array.from({ length: 64 }, () => datagram));
    engine.onReadable();
    expect(immediates.length).toBe(1);
    comeRound();
    expect(immediates.length).toBe(1);
    clock.us += 200;
    comeRound();
    expect(immediates.length).toBe(0);
  });
});

describe('waking', () => {
  it('makes one turn in the same tick, however often it is done', async () => {
    const { core, driver } = makeDriver();
    driver.wake();
    driver.wake();
    driver.wake();
    expect(core.log).toEqual([]);
    await ticked();
    expect(core.log).toEqual(['transmit', 'end']);
    await turn(driver);
    expect(core.log).toEqual(['transmit', 'end', 'transmit', 'end']);
  });

  it('makes none inside a turn, which sends what the event has brought', async () => {
    const { engine, core, driver, dispatch } = makeDriver();
    dispatch.mockImplementation(() => {
      core.outgoing.push(1);
      driver.wake();
    });
    core.tell(1);
    await turn(driver);
    expect(engine.sentTexts).toEqual(['a']);
    await ticked();
    expect(core.log).toEqual(['transmit', 'transmit', 'end']);
  });

  it('leaves timers alone: nobody has looked at the socket', async () => {
    const { core, driver } = makeDriver();
    core.deadlineUs = clock.us - 5000;
    await turn(driver);
    expect(core.log).toEqual(['transmit', 'end']);
    advance(1);
    expect(core.log).toContain('timer');
  });
});

describe('the timer', () => {
  it('is one, armed for the deadline and not before it', async () => {
    const { core, driver } = makeDriver();
    core.deadlineUs = clock.us + 19_500;
    await turn(driver);
    await turn(driver);
    expect(vi.getTimerCount()).toBe(1);
    advance(19);
    expect(core.log).not.toContain('timer');
    advance(1);
    expect(core.log).toContain('timer');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('moves when the deadline comes earlier', async () => {
    const { core, driver } = makeDriver();
    core.deadlineUs = clock.us + 50_000;
    await turn(driver);
    core.deadlineUs = clock.us + 20_000;
    await turn(driver);
    expect(vi.getTimerCount()).toBe(1);
    advance(20);
    expect(core.log).toContain('timer');
  });

  it('stays when the deadline moves away, and is armed again when it has come for nothing', async () => {
    const { core, driver } = makeDriver();
    const timers = vi.spyOn(globalThis, 'setTimeout');
    core.deadlineUs = clock.us + 20_000;
    await turn(driver);
    core.deadlineUs = clock.us + 50_000;
    await turn(driver);
    expect(timers).toHaveBeenCalledTimes(1);
    advance(20);
    expect(core.log).not.toContain('timer');
    advance(30);
    expect(core.log).toContain('timer');
    expect(timers).toHaveBeenCalledTimes(2);
  });

  it('is not moved away by turns after a deadline that is over', async () => {
    const { core, driver } = makeDriver();
    const timers = vi.spyOn(globalThis, 'setTimeout');
    core.deadlineUs = clock.us + 300;
    await turn(driver);
    clock.us += 400;
    await turn(driver);
    clock.us += 400;
    await turn(driver);
    expect(timers).toHaveBeenCalledTimes(1);
    advance(1);
    expect(core.log).toContain('timer');
  });

  it('waits in pieces for a deadline beyond the longest timer of Node', async () => {
    const { core, driver } = makeDriver();
    const timers = vi.spyOn(globalThis, 'setTimeout');
    core.deadlineUs = clock.us + 30 * DAY_US;
    await turn(driver);
    advance(20 * 86_400_000);
    expect(timers).toHaveBeenCalledTimes(1);
    advance(5 * 86_400_000);
    expect(timers).toHaveBeenCalledTimes(2);
    expect(core.log).not.toContain('timer');
    advance(5 * 86_400_000);
    expect(core.log).toContain('timer');
  });

  it('lets the socket be read first', async () => {
    const { engine, core, driver } = makeDriver();
    core.deadlineUs = clock.us + 10_000;
    await turn(driver);
    clock.us += 10_000;
    vi.advanceTimersToNextTimer();
    expect(core.log).not.toContain('timer');
    // What the timer was for has arrived.
    core.onReceived = () => {
      core.deadlineUs = NEVER;
    };
    engine.arrivals.push([datagram]);
    engine.onReadable();
    comeRound();
    expect(core.log).toContain('receive 1');
    expect(core.log).not.toContain('timer');
  });
});

describe('a stall', () => {
  it('is a timer that is late by more than 10 ms, and is told before the timers run', async () => {
    const { core, driver } = makeDriver();
    core.deadlineUs = clock.us + 10_000;
    await turn(driver);
    clock.us += 20_001;
    vi.advanceTimersByTime(10);
    comeRound();
    expect(core.log.slice(2)).toEqual(['stall', 'timer', 'transmit', 'end']);
    expect(driver.stalls).toBe(1);
  });

  it('is none when it is late by less', async () => {
    const { core, driver } = makeDriver();
    core.deadlineUs = clock.us + 10_000;
    await turn(driver);
    clock.us += 20_000;
    vi.advanceTimersByTime(10);
    comeRound();
    expect(core.log.slice(2)).toEqual(['timer', 'transmit', 'end']);
    expect(driver.stalls).toBe(0);
  });

  it('is noticed by whatever comes first', async () => {
    const { engine, core, driver } = makeDriver();
    core.deadlineUs = clock.us + 10_000;
    await turn(driver);
    clock.us += 50_000;
    await turn(driver);
    expect(core.log.slice(2)).toEqual(['transmit', 'end']);
    engine.arrivals.push([datagram]);
    engine.onReadable();
    expect(core.log.slice(4)).toEqual(['receive 1', 'end', 'stall', 'timer', 'transmit', 'end']);
  });

  it('excuses no timer that comes due after it', async () => {
    const { engine, core, driver } = makeDriver();
    core.deadlineUs = clock.us + 10_000;
    await turn(driver);
    clock.us += 50_000;
    vi.advanceTimersByTime(10);
    core.deadlineUs = clock.us + 30_000;
    engine.arrivals.push([datagram]);
    engine.onReadable();
    comeRound();
    expect(driver.stalls).toBe(1);
    advance(30);
    expect(core.log).toContain('timer');
    expect(core.log).not.toContain('stall');
  });
});

describe('a socket without room', () => {
  it('gets the rest of the batch, in order, when there is room again', async () => {
    const { engine, core, driver } = makeDriver();
    core.outgoing.push(3, 1);
    engine.room = 1;
    await turn(driver);
    expect(engine.sentTexts).toEqual(['a']);
    engine.room = NEVER;
    engine.onWritable();
    expect(engine.sentTexts).toEqual(['a', 'b', 'c', 'd']);
  });

  it('is not asked again before, and nothing spins for it', async () => {
    const { engine, core, driver } = makeDriver();
    core.outgoing.push(3, 1);
    engine.room = 0;
    await turn(driver);
    await turn(driver);
    engine.arrivals.push([datagram]);
    engine.onReadable();
    expect(engine.sendCalls).toBe(1);
    expect(core.log.filter((line) => line === 'transmit').length).toBe(1);
    expect(vi.getTimerCount() + immediates.length).toBe(0);
  });

  it('does not keep events of the batch back', async () => {
    const { engine, core, driver, dispatch } = makeDriver();
    core.outgoing.push(1);
    core.onFilled = () => core.tell(7);
    engine.room = 0;
    await turn(driver);
    expect(dispatch.mock.calls).toEqual([[7]]);
  });
});

describe('a datagram that the socket fails', () => {
  it('is reported with its row and errno, and its neighbours are not', async () => {
    const { engine, core, driver } = makeDriver();
    core.outgoing.push(4);
    engine.failures.set(1, EMSGSIZE).set(3, 1);
    await turn(driver);
    expect(core.log).toEqual(['transmit', `unsent 1 ${EMSGSIZE}`, 'unsent 3 1', 'transmit', 'end']);
    expect(engine.sentTexts).toEqual(['a', 'c']);
  });

  it('is reported once when the batch takes several attempts', async () => {
    const { engine, core, driver } = makeDriver();
    core.outgoing.push(4);
    engine.failures.set(0, EMSGSIZE).set(2, 1);
    engine.room = 2;
    await turn(driver);
    expect(core.log.filter((line) => line.startsWith('unsent'))).toEqual([`unsent 0 ${EMSGSIZE}`]);
    engine.room = NEVER;
    engine.onWritable();
    expect(core.log.filter((line) => line.startsWith('unsent'))).toEqual([
      `unsent 0 ${EMSGSIZE}`,
      'unsent 2 1',
    ]);
  });
});

describe('events', () => {
  it('come in their order, with those that the application causes', async () => {
    const { core, driver, dispatch } = makeDriver();
    core.tell(1);
    core.tell(2);
    dispatch.mockImplementationOnce(() => core.tell(3));
    await turn(driver);
    expect(dispatch.mock.calls).toEqual([[1], [2], [3]]);
  });

  it('come in the same turn when nothing was sent with them', async () => {
    const { core, driver, dispatch } = makeDriver();
    core.onFilled = () => {
      core.onFilled = () => {};
      core.tell(5);
    };
    await turn(driver);
    expect(dispatch.mock.calls).toEqual([[5]]);
  });

  it('may throw: that surfaces, and the turn goes on', async () => {
    const { engine, core, driver, dispatch } = makeDriver();
    core.outgoing.push(1);
    core.tell(1);
    core.tell(2);
    core.deadlineUs = clock.us + 10_000;
    dispatch.mockImplementationOnce(() => {
      throw new Error('by the application');
    });
    useRealLoop();
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const caught = await uncaughtDuring(() => driver.wake());
    expect(caught).toEqual([new Error('by the application')]);
    expect(dispatch.mock.calls).toEqual([[1], [2]]);
    expect(engine.sentTexts).toEqual(['a']);
    expect(core.log.at(-1)).toBe('end');
    expect(timers).toHaveBeenCalledTimes(1);
    await driver.close();
  });
});

describe('holding the process', () => {
  it('is done by the socket, the timer and the immediate, as it was said last', async () => {
    const { engine, core, driver } = makeDriver();
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const held = () => [
      engine.referenced,
      timers.mock.results[0]?.value.hasRef(),
      immediates[0]?.isHolding,
    ];
    core.deadlineUs = clock.us + 10_000;
    await turn(driver);
    core.outgoing.push(1, 1, 1);
    await turn(driver);
    expect(held()).toEqual([true, true, true]);
    driver.unref();
    expect(held()).toEqual([false, false, false]);
    driver.ref();
    expect(held()).toEqual([true, true, true]);
  });

  it('is not begun again by a timer and an immediate that come later', async () => {
    const { core, driver } = makeDriver();
    const timers = vi.spyOn(globalThis, 'setTimeout');
    driver.unref();
    core.deadlineUs = clock.us + 10_000;
    await turn(driver);
    core.outgoing.push(1, 1, 1);
    await turn(driver);
    expect(timers.mock.results.map(({ value }) => value.hasRef())).not.toContain(true);
    expect(immediates.map(({ isHolding }) => isHolding)).toEqual([false]);
  });

  it('is not needed to go on: an event loop that something else keeps does not sleep over it', async () => {
    const program = start(`
      import { createSocket } from 'node:dgram';
      import { once } from 'node:events';
      const { Driver } = await import('${new URL('../../../dist/io/driver.js', import.meta.url)}');
      const ignore = () => {};
      const socket = { counters: [], unref: ignore, resume: ignore, send: (_b, _r, from, to) => to - from };
      let batches = 3;
      const core = {
        events: { take: () => false },
        deadlineUs: Infinity,
        get hasWork() { return batches > 0; },
        transmit(tx) {
          if (batches === 0) return 0;
          batches--;
          if (batches === 0) finish();
          return (tx.length = 1);
        },
        endTurn: ignore,
      };
      // It holds the process and never wakes it.
      const keeper = createSocket('udp4').bind(0, '127.0.0.1');
      await once(keeper, 'listening');
      const finish = () => {
        console.log('all sent');
        keeper.close();
      };
      const driver = new Driver(socket, core);
      driver.unref();
      driver.start(ignore);
      // Out of a process that has come to rest.
      setTimeout(() => driver.wake(), 200);
    `);
    expect(await program.lines()).toEqual(['all sent']);
    expect(program.stderr).toBe('');
  });
});

describe('closing', () => {
  it('sends all that is left, leaves nothing waiting, and is one', async () => {
    const { engine, core, driver } = makeDriver();
    core.deadlineUs = clock.us + 10_000;
    await turn(driver);
    core.outgoing.push(1, 1, 1);
    await turn(driver);
    core.outgoing.push(1, 1, 1);
    const closed = driver.close();
    expect(driver.close()).toBe(closed);
    await closed;
    expect(engine.sentTexts).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(engine.closes).toBe(1);
    expect(vi.getTimerCount() + immediates.length).toBe(0);
  });

  it('does not wait for room', async () => {
    const { engine, core, driver } = makeDriver();
    core.outgoing.push(2, 1);
    engine.room = 1;
    await turn(driver);
    await driver.close();
    expect(engine.sendCalls).toBe(1);
    expect(engine.closes).toBe(1);
  });

  it('is the end: no turn, no event, no timer follows', async () => {
    const { engine, core, driver } = makeDriver();
    driver.wake();
    await driver.close();
    const before = core.log.length;
    core.tell(1);
    core.outgoing.push(1);
    core.deadlineUs = clock.us;
    driver.wake();
    engine.arrivals.push([datagram]);
    engine.onReadable();
    engine.onWritable();
    await ticked();
    advance(10);
    expect(core.log.length).toBe(before);
    expect(vi.getTimerCount() + immediates.length).toBe(0);
  });

  it('ends the turn when it is done inside an event of what was received', () => {
    const { engine, core, driver, dispatch } = makeDriver();
    engine.arrivals.push([datagram], [datagram]);
    core.deadlineUs = clock.us;
    core.onReceived = () => {
      core.tell(1);
      core.tell(2);
    };
    dispatch.mockImplementation(() => void driver.close());
    engine.onReadable();
    expect(dispatch.mock.calls).toEqual([[1]]);
    expect(engine.receiveCalls).toBe(1);
    expect(core.log).not.toContain('timer');
    expect(core.log.at(-1)).toBe('end');
    expect(vi.getTimerCount() + immediates.length).toBe(0);
  });

  it('sends nothing behind itself when it is done inside an event of what was sent', async () => {
    const { engine, core, driver, dispatch } = makeDriver();
    core.outgoing.push(1, 1);
    core.onFilled = () => core.tell(2);
    dispatch.mockImplementation(() => {
      void driver.close();
      core.outgoing.push(1);
    });
    await turn(driver);
    expect(engine.sentTexts).toEqual(['a', 'b']);
    expect(engine.closes).toBe(1);
  });

  it('fails as the socket does', async () => {
    const { engine, driver } = makeDriver();
    engine.closeError = new Error('by the kernel');
    await expect(driver.close()).rejects.toThrow('by the kernel');
  });
});

describe('addresses of a socket', () => {
  it('are bytes, a port and the id, which pins hold', () => {
    const { engine } = makeDriver();
    const { sourceOf, pin, unpin } = addressesOf(engine);
    expect(sourceOf(1)).toEqual({ address: Uint8Array.of(192, 0, 2, 1), port: 1000, peer: 1 });
    const pins = () => engine.peers.columns[PEER_INTS + PEER_PINS];
    const before = pins();
    pin(1);
    pin(1);
    expect(pins()).toBe(before + 2);
    unpin(1);
    expect(pins()).toBe(before + 1);
  });
});
