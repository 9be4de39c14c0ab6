/** Silence: when a connection asks whether its peer is still there, and how long it waits for that (RFC 9000 section 10.1). */

import { describe, expect, it } from 'vitest';
import type { TransportConfig } from '../../../../lib/core/config.js';
import { KeepAlive } from '../../../../lib/core/connection/keep-alive.js';
import { Rng } from '../../../sim/rng.js';
import { CoreNode, join } from '../../../support/core-node.js';

const [HOME, SERVER] = [1, 9];
const NEVER = Number.POSITIVE_INFINITY;

function make(config: Partial<TransportConfig> = {}, ofServer = config) {
  const client = new CoreNode({ name: 1, random: new Rng(1).asRandom(), config });
  const server = new CoreNode({ name: 2, random: new Rng(2).asRandom(), config: ofServer });
  let nowUs = join(client, server, HOME, SERVER);
  const settle = (): void => {
    let fromServer = server.turn([], nowUs);
    for (let round = 0; round < 6; round++) {
      const there = client.turn(
        fromServer.map(({ bytes }) => ({ from: SERVER, bytes })),
        nowUs,
      );
      nowUs += 30_000;
      fromServer = server.turn(
        there.map(({ bytes }) => ({ from: HOME, bytes })),
        nowUs,
      );
    }
  };
  settle();
  /** The client is alone: seconds of silence before each of its packets. */
  const alone = (forUs: number): number[] => {
    const beginUs = nowUs;
    const times: number[] = [];
    for (;;) {
      const nextUs = client.endpoint.deadlineUs;
      if (nextUs > beginUs + forUs) return times;
      nowUs = Math.max(nowUs + 1, nextUs);
      if (client.turn([], nowUs).length > 0) times.push((nowUs - beginUs) / 1e6);
    }
  };
  return { client, server, settle, alone, now: () => nowUs };
}

describe('silence in the middle of a stream', () => {
  it('of the peer’s is broken after a second, and its address is learned anew by that', () => {
    const { client, server, settle, alone, now } = make();
    const stream = server.connection.openStream(true)!;
    stream.write(new Uint8Array(5000));
    settle();
    expect(client.connection.stats().streamsActive).toBe(1);
    const [first] = alone(1_500_000);
    expect(first).toBeGreaterThan(0.8);
    expect(first).toBeLessThan(1.2);
    // It went out by another mapping. Only its like brings the way back.
    client.connection.sendDatagram(Uint8Array.of(1));
    const sent = client.turn([], now());
    server.turn(
      sent.map(({ bytes }) => ({ from: 2, bytes })),
      now(),
    );
    expect(server.connection.peer).toBe(2);
  });

  it('is broken less and less often while answers come, and with the next bytes at once again', () => {
    const { client, server, settle } = make({ idleTimeoutUs: 600_000_000 });
    const stream = server.connection.openStream(true)!;
    const pauses = (): number[] => {
      stream.write(new Uint8Array(500));
      settle();
      const keepAlive = new Gaps(client.connection.keepAlive);
      return keepAlive.next(6);
    };
    const first = pauses();
    expect(first.slice(0, 4).map(Math.round)).toEqual([1, 2, 4, 8]);
    expect(first[5]).toBeGreaterThan(8);
    expect(first[5]).toBeLessThanOrEqual(10);
    expect(pauses().slice(0, 4)).toEqual(first.slice(0, 4));
  });

  it('is none where all that came was whole', () => {
    const { client, server, settle, alone } = make();
    server.connection.sendMessage(new Uint8Array(500), 0);
    settle();
    expect(client.connection.stats()).toMatchObject({ messagesReceived: 1, streamsActive: 0 });
    expect(alone(7_000_000)).toEqual([]);
    const keepAlive = new KeepAlive(10_000_000, 0, 0);
    keepAlive.onStreamBytes(1, true, 100_000);
    expect(keepAlive.deadlineUs).toBe(1_000_001);
    keepAlive.onStreamBytes(2, false, 100_000);
    expect(keepAlive.deadlineUs).toBe(10_000_000);
  });

  it('is no shorter than three timeouts, and no longer than the keep-alive', () => {
    const keepAlive = new KeepAlive(10_000_000, 0, 0);
    keepAlive.onStreamBytes(0, true, 2_000_000);
    expect(keepAlive.deadlineUs).toBe(6_000_000);
    keepAlive.onStreamBytes(0, true, 60_000_000);
    expect(keepAlive.deadlineUs).toBe(10_000_000);
  });

  it('is nobody’s business without a keep-alive', () => {
    const { server, settle, alone } = make({ keepAliveUs: NEVER });
    const stream = server.connection.openStream(true)!;
    stream.write(new Uint8Array(500));
    settle();
    expect(alone(20_000_000)).toEqual([]);
  });
});

/** What the keep-alive does when each question is answered at once. */
class Gaps {
  readonly #keepAlive: KeepAlive;

  constructor(keepAlive: KeepAlive) {
    this.#keepAlive = keepAlive;
  }

  next(count: number): number[] {
    const keepAlive = this.#keepAlive;
    let nowUs = keepAlive.deadlineUs;
    return Array.from({ length: count }, (_, index) => {
      if (index === 0) nowUs = keepAlive.deadlineUs - 1_000_000;
      const beforeUs = nowUs;
      nowUs = keepAlive.deadlineUs;
      keepAlive.onAsked(nowUs);
      keepAlive.onReceived(nowUs);
      return (nowUs - beforeUs) / 1e6;
    });
  }
}

describe('keep-alives of ten thousand idle connections', () => {
  it('are one in an interval each, and spread over the time though all began together', () => {
    const rng = new Rng(5);
    const all = Array.from(
      { length: 10_000 },
      () => new KeepAlive(10_000_000, rng.below(65_536), 0),
    );
    const asked: number[] = [];
    let least = Number.POSITIVE_INFINITY;
    for (const keepAlive of all) {
      let last = 0;
      while (keepAlive.deadlineUs < 400_000_000) {
        const nowUs = keepAlive.deadlineUs;
        least = Math.min(least, nowUs - last);
        last = nowUs;
        keepAlive.onAsked(nowUs);
        // The answer.
        keepAlive.onReceived(nowUs + 20_000);
        if (nowUs >= 300_000_000) asked.push(nowUs);
      }
    }
    expect(least).toBeGreaterThanOrEqual(8_000_000);
    // They share moments, so that the process wakes four times a second for all of them.
    const buckets = new Float64Array(400);
    for (const nowUs of asked) buckets[(nowUs - 300_000_000) / 250_000]++;
    const mean = asked.length / buckets.length;
    expect(buckets.reduce((sum, count) => sum + count)).toBe(asked.length);
    expect(mean).toBeLessThan(10_000 / 32);
    expect(Math.max(...buckets)).toBeLessThan(1.5 * mean);
  });

  it('that have asked together part again', () => {
    const [keepAliveUs, together] = [30_000_000, 100];
    const rng = new Rng(6);
    const all = Array.from({ length: together }, () => {
      const keepAlive = new KeepAlive(keepAliveUs, rng.below(65_536), 0);
      keepAlive.onAsked(27_000_000);
      return keepAlive;
    });
    const moments = new Map<number, number>();
    for (const { deadlineUs } of all) moments.set(deadlineUs, (moments.get(deadlineUs) ?? 0) + 1);
    expect(moments.size).toBeGreaterThan(15);
    expect(Math.max(...moments.values())).toBeLessThan(together / 5);
  });

  it('wait shorter, not longer, for their moment', () => {
    for (const keepAliveUs of [100_000, 999_999, 10_000_000, 86_400_000_000]) {
      const keepAlive = new KeepAlive(keepAliveUs, 65_535, 0);
      for (let nowUs = 1, asked = 0; asked < 100; asked++) {
        keepAlive.onAsked(nowUs);
        expect(keepAlive.deadlineUs - nowUs).toBeLessThanOrEqual(keepAliveUs);
        expect(keepAlive.deadlineUs - nowUs).toBeGreaterThanOrEqual(0.8 * keepAliveUs);
        nowUs = keepAlive.deadlineUs + 1234;
      }
    }
  });
});

describe('idle timeouts that a peer announces', () => {
  it.each([
    ['nothing: ours counts', 0, 30_000_000],
    ['a millisecond: a second at least', 1000, 1_000_000],
    ['half of ours: the smaller one', 15_000_000, 15_000_000],
    ['thousands of years: ours', 2 ** 47, 30_000_000],
  ])('%s', (_name, announced, expected) => {
    const silent = { keepAliveUs: NEVER };
    const { client, alone, now } = make(silent, { ...silent, idleTimeoutUs: announced });
    const beginUs = now();
    const { connection } = client;
    alone(2 * expected);
    expect(connection.closed?.origin).toBe('idle');
    expect(now() - beginUs).toBeGreaterThan(expected - 500_000);
    expect(now() - beginUs).toBeLessThan(expected + 100_000);
  });
});
