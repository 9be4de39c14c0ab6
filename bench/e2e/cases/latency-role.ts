/**
 * One process of round trips: the server gives back what comes, the client asks and measures.
 *
 * Started by latency.ts. Closed loop: the next request leaves when an answer is there. Open loop: requests are due at a
 * fixed rate whatever becomes of the answers, and the clock of each starts when it was due, not when it left: a server or
 * a client that stands still is in the figures of all that it has delayed.
 *
 * Invariant: every request that was due in the window is in the distribution, or counted as lost.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { latencyHistogram, latencyMetrics } from '../../suite/case-process.js';
import type { Measurement } from '../../suite/types.js';
import { Answers } from '../answers.js';
import { isServer, openRole, task } from '../role.js';
import type { Channel } from '../transport.js';

/** Compilers have seen enough by then; on a busy machine, and with slow peers, time is over before. */
const WARM_UP_REQUESTS = 25_000;
const WARM_UP_FACTOR = 4;
/** How long answers are waited for once the window is over. */
const DRAIN_MS = 1000;
/** A record without an answer for so long is lost, and the closed loop goes on. */
const LOST_MS = 200;

class Client {
  readonly #channel: Channel;
  readonly #answers: Answers;
  readonly #histogram = latencyHistogram();
  readonly #requests = new Map<number, number>();
  #next = 0;
  #fromMs = Number.POSITIVE_INFINITY;
  #counted = 0;
  #lost = 0;
  #onAnswer = (): void => {};

  constructor(channel: Channel) {
    this.#channel = channel;
    this.#answers = new Answers(channel, (sequence) => this.#settle(sequence));
  }

  async closedLoop(): Promise<Measurement> {
    await this.#askOneByOne(() => sleep(task.seconds * 1000));
    return this.#drain();
  }

  async openLoop(): Promise<Measurement> {
    await this.#askOneByOne();
    const periodMs = 1000 / task.rate;
    const count = Math.max(1, Math.round((task.seconds * 1000) / periodMs));
    const startMs = performance.now() + periodMs;
    this.#begin(startMs);
    // Timers are a millisecond coarse: the loop looks at the clock once a turn instead.
    for (let request = 0; request < count; ) {
      const nowMs = performance.now();
      for (; request < count && startMs + request * periodMs <= nowMs; request++) {
        this.#ask(startMs + request * periodMs);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    return this.#drain();
  }

  /** Warms up, and goes on for as long as `measured` takes, if given. */
  async #askOneByOne(measured?: () => Promise<unknown>): Promise<void> {
    this.#onAnswer = () => this.#ask(performance.now());
    const watch = setInterval(() => this.#giveUp(performance.now() - LOST_MS), LOST_MS / 4);
    const startMs = performance.now();
    this.#ask(startMs);
    const mostMs = task.warmupSeconds * 1000 * WARM_UP_FACTOR;
    await sleep(task.warmupSeconds * 1000);
    while (this.#next < WARM_UP_REQUESTS && performance.now() - startMs < mostMs) await sleep(5);
    if (measured !== undefined) {
      this.#begin(performance.now());
      await measured();
    }
    clearInterval(watch);
    this.#onAnswer = () => {};
  }

  #begin(nowMs: number): void {
    this.#fromMs = nowMs;
    // From here on the server's CPU time counts.
    process.send!('window');
  }

  /** @param dueMs when the request was meant to leave */
  #ask(dueMs: number): void {
    const sequence = this.#next++;
    this.#requests.set(sequence, dueMs);
    if (dueMs >= this.#fromMs) this.#counted++;
    this.#channel.write(this.#answers.request(sequence));
  }

  #settle(sequence: number): void {
    const dueMs = this.#requests.get(sequence);
    if (dueMs === undefined) return;
    this.#requests.delete(sequence);
    if (dueMs >= this.#fromMs) this.#record(performance.now() - dueMs);
    this.#onAnswer();
  }

  #record(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * 1e6)));
  }

  /** Records only: what a stream carries comes, however late. */
  #giveUp(beforeMs: number): void {
    if (!this.#channel.hasRecords) return;
    for (const [sequence, dueMs] of this.#requests) {
      if (dueMs > beforeMs) continue;
      this.#requests.delete(sequence);
      if (dueMs >= this.#fromMs) this.#lost++;
      this.#onAnswer();
    }
  }

  async #drain(): Promise<Measurement> {
    const endMs = performance.now();
    const seconds = (endMs - this.#fromMs) / 1000;
    const untilMs = endMs + DRAIN_MS;
    while (this.#requests.size > 0 && performance.now() < untilMs) await sleep(2);
    this.#giveUp(Number.POSITIVE_INFINITY);
    // What a stream has not answered by now has taken at least so long.
    for (const dueMs of this.#requests.values()) {
      if (dueMs >= this.#fromMs) this.#record(performance.now() - dueMs);
    }
    if (this.#histogram.count === 0) return { error: 'no request was answered' };
    const lostPercent = (this.#lost * 100) / this.#counted;
    return { opsPerSec: this.#counted / seconds, lostPercent, ...latencyMetrics(this.#histogram) };
  }
}

await openRole((channel, add) => {
  if (isServer) {
    channel.onBytes((bytes) => {
      add(bytes.byteLength);
      channel.write(bytes);
    });
    return;
  }
  const client = new Client(channel);
  const loop = task.rate > 0 ? client.openLoop() : client.closedLoop();
  loop.then((result) => process.send!(result));
});
