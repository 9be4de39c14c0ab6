/**
 * The measured window of a worker: what the process did between the end of its warm-up and the end of its time.
 *
 * Used by the senders and receivers of the worker. It reads the clock and the process's CPU time at two moments, set
 * by timers, so the measured loop itself reads no clock for it. Invariant: all figures of a report come from the
 * same two moments.
 */

import type { SideReport } from './plan.js';

/** Running totals; the roles count into it. */
export interface Totals {
  datagrams: number;
  bytes: number;
  /** Sum of the first bytes of the datagrams: every receiver reads one byte of each, and this is where it goes. */
  touched: number;
}

interface Moment {
  readonly timeMs: number;
  readonly cpuUs: number;
  readonly datagrams: number;
  readonly bytes: number;
  readonly calls: number | null;
}

export class MeasuredWindow {
  readonly totals: Totals = { datagrams: 0, bytes: 0, touched: 0 };
  private started = false;
  private first: Moment | undefined;
  private last: Moment | undefined;
  private readonly warmupMs: number;
  private readonly lengthMs: number;
  private readonly countCalls: () => number | null;

  /**
   * @param countCalls system calls so far, null where nothing counts them
   */
  constructor(times: { warmup: number; seconds: number }, countCalls: () => number | null) {
    this.warmupMs = times.warmup * 1000;
    this.lengthMs = times.seconds * 1000;
    this.countCalls = countCalls;
  }

  /** The first datagram: the warm-up begins. Later calls do nothing. */
  start(): void {
    if (this.started) return;
    this.started = true;
    setTimeout(() => {
      this.first = this.now();
      setTimeout(() => {
        this.last = this.now();
      }, this.lengthMs);
    }, this.warmupMs);
  }

  get closed(): boolean {
    return this.last !== undefined;
  }

  /** @param kernelDrops of the receiving sockets, null when unknown or when this is the sender */
  report(kernelDrops: number | null): SideReport {
    const { first, last, totals } = this;
    const whole = first !== undefined && last !== undefined;
    return {
      datagrams: whole ? last.datagrams - first.datagrams : 0,
      bytes: whole ? last.bytes - first.bytes : 0,
      calls: whole && last.calls !== null ? last.calls - (first.calls ?? 0) : null,
      seconds: whole ? (last.timeMs - first.timeMs) / 1000 : 0,
      cpuUs: whole ? last.cpuUs - first.cpuUs : 0,
      totalDatagrams: totals.datagrams,
      totalBytes: totals.bytes,
      totalCalls: this.countCalls(),
      kernelDrops,
    };
  }

  private now(): Moment {
    const usage = process.resourceUsage();
    return {
      timeMs: performance.now(),
      cpuUs: usage.userCPUTime + usage.systemCPUTime,
      datagrams: this.totals.datagrams,
      bytes: this.totals.bytes,
      calls: this.countCalls(),
    };
  }
}
