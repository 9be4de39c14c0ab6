/** How long a close in good order waits, on a state that says what is delivered. */

import { describe, expect, it } from 'vitest';
import { FINISH_GRACE_US, mayFinish } from '../../../../lib/core/connection/closing.js';
import type { ConnectionState } from '../../../../lib/core/connection/connection-state.js';

function make(ptoUs = 100_000) {
  const streams = { isDrained: false, drainProgress: 0 };
  const datagrams = { hasData: false, sent: 0 };
  const state = { streams, datagrams, ptoUs, finishDeadlineUs: Infinity, finishProgress: 0 };
  const at = (nowUs: number): boolean => mayFinish(state as unknown as ConnectionState, nowUs);
  return { streams, datagrams, state, at };
}

describe('a close in good order', () => {
  it('does not wait when all is delivered', () => {
    const { streams, at } = make();
    streams.isDrained = true;
    expect(at(0)).toBe(true);
  });

  it('waits for datagrams that are not sent', () => {
    const { streams, datagrams, at } = make();
    streams.isDrained = true;
    datagrams.hasData = true;
    expect(at(0)).toBe(false);
    datagrams.hasData = false;
    expect(at(1)).toBe(true);
  });

  it('gives up when nothing moves for the grace, and says when to look again', () => {
    const { state, at } = make();
    expect(at(5)).toBe(false);
    expect(state.finishDeadlineUs).toBe(5 + FINISH_GRACE_US);
    expect(at(4 + FINISH_GRACE_US)).toBe(false);
    expect(at(5 + FINISH_GRACE_US)).toBe(true);
  });

  it('waits as long as something moves', () => {
    const { streams, datagrams, at } = make();
    let nowUs = 0;
    for (let round = 0; round < 20; round++) {
      expect(at(nowUs)).toBe(false);
      nowUs += FINISH_GRACE_US - 1;
      if (round % 2 === 0) streams.drainProgress++;
      else datagrams.sent++;
    }
    expect(at(nowUs)).toBe(false);
    expect(at(nowUs + FINISH_GRACE_US)).toBe(true);
  });

  it('takes account of what came in the very moment in which it would give up', () => {
    const { streams, at } = make();
    expect(at(0)).toBe(false);
    streams.drainProgress++;
    expect(at(10 * FINISH_GRACE_US)).toBe(false);
  });

  it('waits longer on a slow path', () => {
    const { at } = make(2_000_000);
    expect(at(0)).toBe(false);
    expect(at(5_999_999)).toBe(false);
    expect(at(6_000_000)).toBe(true);
  });
});
