/**
 * What has a limit: buckets of addresses, half-open handshakes, the queue, the register; and an initiator's patience.
 */

import { describe, expect, it } from 'vitest';
import { HandshakeContext } from '../../../../lib/core/handshake/context.js';
import {
  ACCEPTED,
  DROP_HALF_OPEN_FULL,
  DROP_QUEUE_FULL,
  DROP_RATE_LIMITED,
} from '../../../../lib/core/handshake/drop-reasons.js';
import { RateLimiter } from '../../../../lib/core/handshake/rate-limiter.js';
import { ReplayRegister } from '../../../../lib/core/handshake/replay-register.js';
import type { Source } from '../../../../lib/core/handshake/source.js';
import { exchange, Node, type NodeOptions } from '../../../support/handshake-net.js';
import {
  type CountingPrimitives,
  seededRandom,
  testPrimitives,
} from '../../../support/test-primitives.js';

const generous: NodeOptions = { rateLimit: { burst: 1e9 } };

const dhOf = (node: Node): number => (node.primitives as CountingPrimitives).calls.dh;

describe('buckets', () => {
  const at = (...address: number[]): Source => ({
    address: Uint8Array.from(address),
    port: 1,
    peer: 1,
  });
  const v6 = (prefix: number, host: number): Source =>
    at(
      ...Array.from({ length: 16 }, (_, index) =>
        index === 7 ? prefix : index === 15 ? host : 0x20,
      ),
    );

  it('give a burst and then a rate', () => {
    const limiter = new RateLimiter(seededRandom(1), { burst: 5, ratePerSecond: 20 });
    const taken = (nowUs: number): number => {
      let count = 0;
      while (limiter.take(at(1, 2, 3, 4), nowUs)) count++;
      return count;
    };
    expect(taken(0)).toBe(5);
    expect(taken(49_999)).toBe(0);
    expect(taken(50_000)).toBe(1);
    expect(taken(60_000_000)).toBe(5);
    expect(taken(0)).toBe(0);
  });

  it('are for one IPv4 address, for one /64 of IPv6', () => {
    const limiter = new RateLimiter(seededRandom(1), { burst: 1 });
    expect(limiter.take(at(1, 2, 3, 4), 0)).toBe(true);
    expect(limiter.take(at(1, 2, 3, 4), 0)).toBe(false);
    expect(limiter.take(at(1, 2, 3, 5), 0)).toBe(true);
    expect(limiter.take(v6(1, 1), 0)).toBe(true);
    expect(limiter.take(v6(1, 2), 0)).toBe(false);
    expect(limiter.take(v6(2, 1), 0)).toBe(true);
  });

  it('stay as many as they are', () => {
    const limiter = new RateLimiter(seededRandom(1), { burst: 1, sources: 64 });
    let passed = 0;
    for (let index = 0; index < 10_000; index++) {
      if (limiter.take(at(index >> 8, index & 255, 1, 1), index)) passed++;
    }
    expect(passed).toBe(10_000);
    expect(limiter.take(at(10_000 >> 8, 0x0f, 1, 1), 10_000)).toBe(false);
  });

  it('empty means silence', () => {
    const a = new Node('a');
    const b = new Node('b', { cookiesFrom: 0, rateLimit: { burst: 2, ratePerSecond: 1 } });
    for (let index = 0; index < 4; index++) a.connect(b);
    for (const { bytes } of a.takeSent()) b.receive(bytes, a.source);
    for (const { bytes } of b.takeSent()) a.receive(bytes, b.source);
    const reasons = a.takeSent().map(({ bytes }) => b.receive(bytes, a.source));
    expect(reasons).toEqual([ACCEPTED, ACCEPTED, DROP_RATE_LIMITED, DROP_RATE_LIMITED]);
    expect(b.takeSent().length).toBe(2);
  });

  it('are not asked without load: a crowd behind one address gets in', () => {
    const a = new Node('a');
    const b = new Node('b', { rateLimit: { burst: 1, ratePerSecond: 1 } });
    for (let index = 0; index < 60; index++) a.connect(b);
    const reasons = a.takeSent().map(({ bytes }) => b.receive(bytes, a.source));
    expect(reasons).toEqual(new Array(60).fill(ACCEPTED));
  });
});

describe('caps', () => {
  it('half-open handshakes: then silence, until some have gone', () => {
    const b = new Node('b', { ...generous, halfOpenMax: 4, cookiesFrom: 100 });
    const a = new Node('a', generous);
    for (let index = 0; index < 6; index++) a.connect(b);
    const packets = a.takeSent();
    const reasons = packets.map(({ bytes }) => b.receive(bytes, a.source));
    expect(reasons).toEqual([0, 0, 0, 0, DROP_HALF_OPEN_FULL, DROP_HALF_OPEN_FULL]);
    expect(b.takeSent().length).toBe(4);
    b.confirm(b.outcomes()[0].localId);
    expect(b.receive(packets[4].bytes, a.source)).toBe(ACCEPTED);
    expect(b.receive(packets[5].bytes, a.source)).toBe(DROP_HALF_OPEN_FULL);
    while (b.timer());
    expect(b.handshakes.halfOpen).toBe(0);
    expect(b.receive(packets[5].bytes, a.source)).toBe(ACCEPTED);
    expect(b.kinds().filter((kind) => kind === 'discarded').length).toBe(4);
  });

  it('answers that nobody has taken: then silence and no work', () => {
    const b = new Node('b', { ...generous, outgoingMax: 2 });
    const a = new Node('a', generous);
    const messages = [1, 2, 3].map(() => {
      a.connect(b);
      return a.takeSent()[0].bytes;
    });
    const before = dhOf(b);
    const reasons = messages.map((bytes) => b.handshakes.receive(bytes, a.source, b.nowUs));
    expect(reasons).toEqual([ACCEPTED, ACCEPTED, DROP_QUEUE_FULL]);
    expect(dhOf(b) - before).toBe(8);
  });

  it('the replay register: by number and by time, and several connections may overtake each other', () => {
    const register = new ReplayRegister({ keys: 2, keepUs: 100 });
    const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
    expect([5, 3, 4, 5, 3].map((time) => register.accept(key(1), time, 0))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    for (let time = 10; time < 280; time++) expect(register.accept(key(1), time, 0)).toBe(true);
    expect(register.isFresh(key(1), 6)).toBe(false);
    expect(register.isFresh(key(1), 280)).toBe(true);
    register.accept(key(2), 1, 1);
    register.accept(key(3), 1, 2);
    expect(register.size).toBe(2);
    expect(register.isFresh(key(1), 5)).toBe(true);
    register.accept(key(4), 1, 200);
    expect(register.size).toBe(1);
  });
});

describe('an initiator nobody answers', () => {
  it('sends again ever more seldom and then fails; nothing stays', () => {
    const a = new Node('a');
    const b = new Node('b');
    const attempt = a.connect(b);
    const times = [a.nowUs];
    const first = a.takeSent()[0].bytes;
    while (a.timer()) {
      const sent = a.takeSent();
      if (sent.length === 0) break;
      expect(sent[0].bytes).toBe(first);
      times.push(a.nowUs);
    }
    const gaps = times.slice(1).map((time, index) => time - times[index]);
    expect([4, 5]).toContain(gaps.length);
    gaps.forEach((gap, index) => {
      const interval = Math.min(400_000 * 2 ** index, 3_200_000);
      expect(gap).toBeGreaterThanOrEqual(interval);
      expect(gap).toBeLessThanOrEqual(interval * 1.25);
    });
    expect(a.events).toEqual([{ kind: 'failed', attempt, reason: 'timeout' }]);
    expect(a.handshakes.attempts).toBe(0);
  });

  it('has not waited while it stood still: sends once more, and hears the answer', () => {
    const a = new Node('a');
    const b = new Node('b');
    a.connect(b);
    const first = a.takeSent()[0].bytes;
    a.nowUs = a.handshakes.deadlineUs + 60_000_000;
    b.nowUs = a.nowUs;
    a.timer();
    const again = a.takeSent();
    expect(again.map(({ bytes }) => bytes)).toEqual([first]);
    expect(a.events).toEqual([]);
    b.receive(again[0].bytes, a.source);
    a.receive(b.takeSent()[0].bytes, b.source);
    expect(a.outcomes()).toHaveLength(1);
  });

  it('is not forgotten by a responder that stood still after its answer, for ten seconds more', () => {
    const a = new Node('a');
    const b = new Node('b');
    const answerLate = (): Uint8Array => {
      a.nowUs = b.nowUs;
      a.connect(b);
      b.receive(a.takeSent()[0].bytes, a.source);
      b.nowUs = b.handshakes.deadlineUs + 4_000_000;
      b.timer();
      expect(b.handshakes.halfOpen).toBe(1);
      return b.outcomes().at(-1)!.localId;
    };
    const localId = answerLate();
    b.nowUs += 9_000_000;
    b.confirm(localId);
    expect(b.events.at(-1)).toMatchObject({ kind: 'confirmed', localId });
    answerLate();
    b.timer();
    expect(b.handshakes.halfOpen).toBe(0);
  });

  it('fails all the same when it has stood still, after ten seconds in which it ran', () => {
    const a = new Node('a');
    const attempt = a.connect(new Node('b'));
    const stoodUs = 60_000_000;
    const beganUs = a.nowUs;
    a.nowUs = a.handshakes.deadlineUs + stoodUs;
    a.timer();
    while (a.timer());
    expect(a.events).toEqual([{ kind: 'failed', attempt, reason: 'timeout' }]);
    expect(a.nowUs - beganUs - stoodUs).toBe(10_000_000);
  });

  it('cancelled: no event; an XX final goes out again until it is confirmed', () => {
    const a = new Node('a');
    const b = new Node('b');
    a.handshakes.cancel(a.connect(b));
    a.handshakes.cancel(77);
    expect([a.handshakes.attempts, a.events.length, a.handshakes.deadlineUs]).toEqual([
      0,
      0,
      Infinity,
    ]);
    a.takeSent();
    a.connect(b, false);
    b.receive(a.takeSent()[0].bytes, a.source);
    a.receive(b.takeSent()[0].bytes, b.source);
    const final = a.takeSent()[0].bytes;
    a.timer();
    expect(a.takeSent()[0].bytes).toBe(final);
    expect(exchange(a, b)).toEqual([]);
    b.receive(final, a.source);
    a.confirm(a.outcomes()[0].localId);
    expect(a.timer()).toBe(false);
  });

  it('its time rises whatever the clock does', () => {
    const { identity } = new Node('a');
    const context = new HandshakeContext({
      primitives: testPrimitives(),
      random: seededRandom(1),
      identity,
      nowUs: 0,
      epochUs: 100,
    });
    expect([5, 5, 3, 2.5, 50].map((nowUs) => context.nextTimestampUs(nowUs))).toEqual([
      105, 106, 107, 108, 150,
    ]);
  });
});
