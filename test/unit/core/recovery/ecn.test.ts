/**
 * ECN validation (clauses E2 to E4, RFC 9000 section 13.4.2): which counts are believed, and what they make of the path.
 */

import { describe, expect, it } from 'vitest';
import { EcnValidation } from '../../../../lib/core/recovery/ecn.js';

/** Sends as many marked packets as it wants to, up to `count`. */
function send(ecn: EcnValidation, count: number): number {
  let marked = 0;
  for (let index = 0; index < count && ecn.mark; index++) {
    ecn.onSent();
    marked++;
  }
  return marked;
}

/** The ten packets of the test are out, and the path has carried the first five. */
function capable(): EcnValidation {
  const ecn = new EcnValidation(true);
  send(ecn, 10);
  ecn.onAck(true, 5, true, 5, 0, 0);
  return ecn;
}

describe('states (E2)', () => {
  it('marks ten packets, then waits', () => {
    const ecn = new EcnValidation(true);
    expect(ecn.state).toBe('testing');
    expect(send(ecn, 100)).toBe(10);
    expect(ecn.state).toBe('unknown');
    expect(ecn.mark).toBe(false);
  });

  it('marks all when the counts are right', () => {
    const ecn = capable();
    expect(ecn.state).toBe('capable');
    expect(send(ecn, 100)).toBe(100);
  });

  it('does not wait for the tenth packet to find the path capable', () => {
    const ecn = new EcnValidation(true);
    send(ecn, 2);
    ecn.onAck(true, 2, true, 2, 0, 0);
    expect(ecn.state).toBe('capable');
    expect(send(ecn, 100)).toBe(100);
  });

  it('marks nothing when it is disabled', () => {
    const ecn = new EcnValidation(false);
    expect(ecn.mark).toBe(false);
    expect(ecn.onAck(true, 1, true, 1, 0, 1)).toBe(0);
    expect(ecn.state).toBe('failed');
  });

  it('fails when all marked packets are lost', () => {
    const ecn = new EcnValidation(true);
    send(ecn, 10);
    ecn.onLost(9);
    expect(ecn.state).toBe('unknown');
    ecn.onLost(1);
    expect(ecn.state).toBe('failed');
  });

  it('does not fail by losses once the path has carried marks', () => {
    const ecn = capable();
    ecn.onLost(1000);
    expect(ecn.state).toBe('capable');
  });

  it('knows nothing of the path by packets that were not marked', () => {
    const ecn = new EcnValidation(true);
    send(ecn, 10);
    ecn.onAck(true, 0, true, 0, 0, 0);
    expect(ecn.state).toBe('unknown');
  });
});

describe('counts that cannot be true (E3)', () => {
  it.each([
    ['none at all', [true, 2, false, 0, 0, 0]],
    ['none in an older ACK', [false, 2, false, 0, 0, 0]],
    ['fewer than were acknowledged', [true, 3, true, 7, 0, 0]],
    ['more than were sent', [true, 1, true, 11, 0, 0]],
    ['more than were sent, as CE', [true, 1, true, 6, 0, 5]],
    ['ECT(1), which nobody sent', [true, 1, true, 6, 1, 0]],
    ['a count that falls', [true, 0, true, 4, 0, 3]],
    ['the largest number', [true, 1, true, 2 ** 53 - 1, 0, 2 ** 53 - 1]],
  ] as const)('%s', (_name, [isRaised, acked, hasCounts, ect0, ect1, ce]) => {
    const ecn = capable();
    expect(ecn.onAck(isRaised, acked, hasCounts, ect0, ect1, ce)).toBe(0);
    expect(ecn.state).toBe('failed');
    expect(ecn.mark).toBe(false);
  });

  it('stay without effect for good', () => {
    const ecn = capable();
    ecn.onAck(true, 1, true, 11, 0, 0);
    expect(ecn.onAck(true, 1, true, 6, 0, 1)).toBe(0);
    expect(ecn.state).toBe('failed');
    // Nor on any other path: who lies once is not asked again.
    expect(ecn.onOtherPath()).toMatchObject({ state: 'failed', mark: false });
  });

  it('are not those of an ACK that was overtaken', () => {
    const ecn = capable();
    ecn.onAck(true, 5, true, 10, 0, 0);
    expect(ecn.onAck(false, 0, true, 5, 0, 0)).toBe(0);
    expect(ecn.state).toBe('capable');
  });

  it('are not those that ran ahead of the ranges', () => {
    const ecn = capable();
    // Counts all ten, but had room to name three of them; the next ACK names the rest.
    ecn.onAck(true, 3, true, 10, 0, 0);
    ecn.onAck(true, 2, true, 10, 0, 0);
    expect(ecn.state).toBe('capable');
  });

  it('are found over several ACKs', () => {
    const ecn = capable();
    ecn.onAck(true, 1, true, 6, 0, 0);
    ecn.onAck(false, 2, true, 8, 0, 0);
    ecn.onAck(true, 1, true, 8, 0, 0);
    expect(ecn.state).toBe('failed');
  });
});

describe('another path (E5)', () => {
  it('is tried with ten packets, and capable by its own', () => {
    const before = capable();
    const ecn = before.onOtherPath();
    expect([before.state, ecn.state, send(ecn, 100), ecn.state]).toEqual([
      'capable',
      'testing',
      10,
      'unknown',
    ]);
    // What was on its way on the path before: no news of this one, whatever it says.
    expect(ecn.onAck(true, 5, true, 7, 0, 3, false)).toBe(0);
    expect(ecn.state).toBe('unknown');
    expect(ecn.onAck(true, 4, true, 10, 0, 4, true)).toBe(1);
    expect([ecn.state, ecn.mark]).toEqual(['capable', true]);
  });

  it('that takes the marks away ends them there, and not on the next', () => {
    const bleached = capable().onOtherPath();
    send(bleached, 10);
    bleached.onAck(true, 5, true, 5, 0, 0);
    expect([bleached.state, bleached.mark]).toEqual(['failed', false]);
    // Its last ones are acknowledged after the next has begun.
    bleached.onAck(true, 5, true, 5, 0, 0);
    const ecn = bleached.onOtherPath();
    expect(send(ecn, 10)).toBe(10);
    ecn.onAck(true, 10, true, 15, 0, 0);
    expect(ecn.state).toBe('capable');
  });

  it('that drops what is marked does not, either', () => {
    const dropping = capable().onOtherPath();
    send(dropping, 10);
    dropping.onLost(10);
    expect(dropping.state).toBe('failed');
    const ecn = dropping.onOtherPath();
    send(ecn, 10);
    ecn.onAck(true, 10, true, 15, 0, 0);
    expect(ecn.state).toBe('capable');
  });

  it('shares the counts with the one that is left, and gone back to', () => {
    const home = capable();
    const away = home.onOtherPath();
    send(away, 10);
    away.onAck(true, 10, true, 15, 0, 0);
    expect(send(home, 5)).toBe(5);
    expect(home.onAck(true, 5, true, 19, 0, 1)).toBe(1);
    expect(home.state).toBe('capable');
  });

  it('is not tried after counts that no path can make, nor where nothing shall be marked', () => {
    const lied = capable();
    lied.onAck(true, 1, true, 11, 0, 0);
    expect(lied.onOtherPath().state).toBe('failed');
    const ofNone = new EcnValidation(false).onOtherPath();
    expect([ofNone.state, ofNone.mark]).toEqual(['failed', false]);
  });
});

describe('marks (E4)', () => {
  it('are reported once', () => {
    const ecn = capable();
    expect(ecn.onAck(true, 3, true, 6, 0, 2)).toBe(2);
    expect(ecn.onAck(true, 1, true, 7, 0, 2)).toBe(0);
    expect(ecn.onAck(true, 1, true, 7, 0, 3)).toBe(1);
  });

  it('count as marks that came through', () => {
    const ecn = new EcnValidation(true);
    send(ecn, 10);
    expect(ecn.onAck(true, 10, true, 0, 0, 10)).toBe(10);
    expect(ecn.state).toBe('capable');
  });

  it('are not taken from an ACK that was overtaken', () => {
    const ecn = capable();
    expect(ecn.onAck(false, 0, true, 5, 0, 1)).toBe(0);
    expect(ecn.onAck(true, 1, true, 5, 0, 1)).toBe(1);
  });
});
