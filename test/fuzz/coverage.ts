/**
 * Which code ran, as V8 tells it: every block of lib/core, by its place in the text.
 *
 * It needs no instrumented build, but a whole process: `start` it before the code is loaded. Asking costs a millisecond or
 * two, so the fuzzer asks once for many inputs. Called by fuzzer.ts.
 *
 * Invariant: `takeNew` counts each place once in the life of a process; `hasNew` counts nothing.
 */

import { type Profiler, Session } from 'node:inspector';

const MEASURED = '/lib/core/';

export class Coverage {
  readonly #session = new Session();
  /** By function, since one lies within another: 1 for each character that has run. */
  readonly #seen = new Map<string, Uint8Array>();

  start(): void {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: true });
  }

  /** Characters of code that have run since V8 was asked last, and never before: they count as seen now. */
  takeNew(): number {
    return this.#count(true);
  }

  /** Whether there are any: they stay new, and have to be run again to be taken. */
  hasNew(): boolean {
    return this.#count(false) > 0;
  }

  #count(isSeen: boolean): number {
    let found = 0;
    for (const { url, functions } of this.#take()) {
      for (const { ranges } of functions) {
        const { startOffset, endOffset, count } = ranges[0];
        if (count === 0) continue;
        const key = `${url} ${startOffset} ${endOffset}`;
        const seen = this.#seen.get(key) ?? new Uint8Array(endOffset - startOffset);
        if (isSeen) this.#seen.set(key, seen);
        found += paint(seen, ranges, isSeen);
      }
    }
    return found;
  }

  #take(): readonly Profiler.ScriptCoverage[] {
    let result: readonly Profiler.ScriptCoverage[] = [];
    let failure: Error | null = null;
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      failure = error;
      result = answer?.result ?? [];
    });
    if (failure !== null) throw new Error('V8 gives no coverage', { cause: failure });
    return result.filter(({ url }) => url.includes(MEASURED));
  }
}

/** How much of what ran of one function is new; the innermost range decides. Marks it as seen, if it is. */
function paint(
  seen: Uint8Array,
  ranges: readonly Profiler.CoverageRange[],
  isSeen: boolean,
): number {
  const { startOffset } = ranges[0];
  const ran = new Uint8Array(seen.length).fill(1);
  for (const range of ranges.slice(1)) {
    ran.fill(
      Math.min(range.count, 1),
      range.startOffset - startOffset,
      range.endOffset - startOffset,
    );
  }
  let found = 0;
  for (let at = 0; at < ran.length; at++) {
    if (ran[at] === 0 || seen[at] !== 0) continue;
    if (isSeen) seen[at] = 1;
    found++;
  }
  return found;
}
