/** Silence: when a connection asks whether its peer is still there, and how long it waits for that (RFC 9000 section 10.1). */

import { describe, expect, it } from 'vitest';
import type { TransportConfig } from '../../../../lib/core/config.js';
import type { Connection } from '../../../../lib/core/connection/connection.js';
import { KeepAlive } from '../../../../lib/core/connection/keep-alive.js';
import { Rng } from '../../../sim/rng.js';
import { CoreNode, join } from '../../../support/core-node.js';

const [HOME, SERVER] = [1, 9];
const NEVER = Number.POSITIVE_INFINITY;

type Before = (client: Connection, server: Connection) => void;

/** What one has to say reaches the other at once, until both are silent. */
function exchange(client: CoreNode, server: CoreNode, nowUs: number): void {
  let there = client.turn([], nowUs);
  let back = server.turn([], nowUs);
  for (let round = 0; round < 10 && there.length + back.length > 0; round++) {
    const arriving = there.map(({ bytes }) => ({ from: HOME, bytes }));
    there = client.turn(
      back.map(({ bytes }) => ({ from: SERVER, bytes })),
      nowUs,
    );
    back = server.turn(arriving, nowUs);
  }
}

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

describe('an idle connection', () => {
  /** Both sides are silent but for keep-alives; the times at which one of them wakes, us since the beginning. */
  const wakes = (config: Partial<TransportConfig>, forUs: number, before?: Before) => {
    const { client, server, settle, now } = make(config);
    before?.(client.connection, server.connection);
    settle();
    const beginUs = now();
    let nowUs = beginUs;
    const times: number[] = [];
    while (nowUs - beginUs < forUs) {
      nowUs = Math.max(nowUs + 1, Math.min(client.endpoint.deadlineUs, server.endpoint.deadlineUs));
      times.push(nowUs - beginUs);
      exchange(client, server, nowUs);
    }
    return { client, server, times };
  };

  it('wakes to ask and to answer, and for nothing else', () => {
    const { client, server, times } = wakes({ keepAliveUs: 10_000_000 }, 120_000_000);
    const { packetsSent } = client.connection.stats();
    expect(packetsSent + server.connection.stats().packetsSent).toBeGreaterThan(24);
    // Of an interval: one side asks, the other answers. The first seconds are those of path MTU and memory.
    const late = times.filter((time) => time > 20_000_000);
    expect(late.length).toBeGreaterThan(18);
    expect(late.length).toBeLessThan(30);
  });

  it('gives up its memory with the answer', () => {
    const { client, server, settle } = make({ keepAliveUs: 10_000_000 });
    const { connection } = client;
    settle();
    const nowUs = Math.max(connection.keepAlive.deadlineUs, client.endpoint.deadlineUs);
    const [asked] = client.turn([], nowUs);
    expect(connection.recovery.bytesInFlight).toBe(asked.bytes.byteLength);
    server.turn([{ from: HOME, bytes: asked.bytes }], nowUs);
    const answerUs = server.endpoint.deadlineUs;
    const [answer] = server.turn([], answerUs);
    client.turn([{ from: SERVER, bytes: answer.bytes }], answerUs);
    expect(connection.recovery.bytesInFlight).toBe(0);
    for (const side of [client, server]) {
      expect(side.connection.recovery.capacities).toEqual([0, 0, 0]);
      expect(side.connection.foldDeadlineUs).toBe(NEVER);
    }
  });

  it('with a stream that is open is no different', () => {
    const open: Before = (connection) => connection.openStream(false)!.write(new Uint8Array(5000));
    const { client, server, times } = wakes({ keepAliveUs: 10_000_000 }, 120_000_000, open);
    expect(times.filter((time) => time > 60_000_000).length).toBeLessThan(20);
    for (const { connection } of [client, server]) {
      expect(connection.stats().streamsActive).toBe(1);
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
