/** The parts of `burstwire perf` that need no network: loss, order and jitter, what a stranger may ask for, the report. */

import { describe, expect, it } from 'vitest';
import { DatagramCounts, sumCounts, writeHeader } from '../../../lib/cli/perf/datagram-counts.js';
import { DatagramSender } from '../../../lib/cli/perf/datagram-traffic.js';
import { directionsOf, lossOf } from '../../../lib/cli/perf/directions.js';
import { readParameters } from '../../../lib/cli/perf/parameters.js';
import {
  formatBitrate,
  formatTime,
  intervalLines,
  renderResult,
} from '../../../lib/cli/perf/report.js';
import { readSide, type SideResult } from '../../../lib/cli/perf/result.js';
import { SpeechError } from '../../../lib/cli/remote/lines.js';
import type { Connection } from '../../../lib/index.js';

function datagram(number: number, sentUs: number): Buffer {
  const bytes = Buffer.alloc(100);
  writeHeader(bytes, number, sentUs);
  return bytes;
}

describe('DatagramCounts', () => {
  it('counts what comes, and what comes out of order', () => {
    const counts = new DatagramCounts();
    for (const number of [0, 1, 3, 2, 5])
      counts.take(datagram(number, number * 1000), number * 1000);
    expect(counts).toMatchObject({
      received: 5,
      bytes: 500,
      outOfOrder: 1,
      highest: 5,
      jitterUs: 0,
    });
  });

  it('has the jitter of RFC 3550, whatever the clocks differ by', () => {
    const counts = new DatagramCounts();
    // Transit times 500,000 and then 500,160, and again: differences of 0, 160, 160.
    counts.take(datagram(0, 0), 500_000);
    counts.take(datagram(1, 1000), 501_160);
    expect(counts.jitterUs).toBeCloseTo(10);
    counts.take(datagram(2, 2000), 502_000);
    expect(counts.jitterUs).toBeCloseTo(10 + 150 / 16);
  });

  it('takes nothing of what is no datagram of a test, nor a time that is none', () => {
    const counts = new DatagramCounts();
    counts.take(Buffer.alloc(11), 0);
    expect(counts.received).toBe(0);
    counts.take(datagram(0, Number.NaN), 0);
    counts.take(datagram(1, Number.POSITIVE_INFINITY), 0);
    counts.take(datagram(2, 10), 20);
    expect([counts.received, counts.jitterUs]).toEqual([3, 0]);
  });

  it('sums connections, and takes the mean of their jitter', () => {
    const all = [10, 30].map((jitterUs) => {
      const counts = new DatagramCounts();
      Object.assign(counts, { received: 2, bytes: 7, outOfOrder: 1, jitterUs });
      return counts;
    });
    expect(sumCounts([...all, new DatagramCounts()])).toEqual({
      received: 4,
      bytes: 14,
      outOfOrder: 2,
      jitterUs: 20,
    });
  });
});

describe('DatagramSender', () => {
  it('tells what went from what gave way, and from what never went', () => {
    const stats = { datagramsSent: 7, datagramsWaiting: 0 };
    let numbered = 0;
    const connection = {
      stats: () => stats,
      // A queue of 10 whose oldest give way, on a path that takes nothing.
      sendDatagram: () => {
        numbered++;
        stats.datagramsWaiting = Math.min(numbered, 10);
        return numbered <= 10;
      },
    };
    const sender = new DatagramSender([connection as unknown as Connection], 100, 0);
    expect(numbered).toBe(64);
    expect(sender.totals()).toEqual({ bytes: 0, lanes: [0], count: 0, dropped: 54 });
    stats.datagramsSent += 6;
    stats.datagramsWaiting -= 6;
    sender.stop();
    expect(sender.totals()).toEqual({ bytes: 600, lanes: [600], count: 6, dropped: 58 });
  });
});

const WISH = {
  kind: 'stream',
  direction: 'both',
  seconds: 1,
  bytes: 0,
  connections: 2,
  parallel: 3,
  length: 0,
  bitrate: 0,
  usesDatagrams: false,
};

describe('readParameters', () => {
  it('takes what a client sends', () => {
    expect(readParameters(WISH)).toEqual(WISH);
  });

  it.each([
    [{ kind: 'flood' }],
    [{ direction: 'up' }],
    [{ seconds: 0 }],
    [{ seconds: '1' }],
    [{ seconds: 1e9 }],
    [{ bytes: -1 }],
    [{ connections: 0 }],
    [{ connections: 65 }],
    [{ parallel: Number.NaN }],
    [{ connections: 64, parallel: 128 }],
    [{ length: 2 ** 21 }],
    [{ bitrate: 1e13 }],
  ])('refuses %j', (wrong) => {
    expect(() => readParameters({ ...WISH, ...wrong })).toThrow(SpeechError);
  });
});

describe('readSide', () => {
  const path = { retransmittedBytes: 0, packetsLost: 0, congestionWindow: 1, rttMs: 2 };
  const side = { seconds: 1, path, cpuPercent: 3, system: 'x' };

  it('takes what a server sends, without what could move the cursor', () => {
    const sent = { bytes: 1, bitsPerSecond: 8, lanes: [1] };
    expect(readSide({ ...side, sent, system: 'a\x1b[2Jb' })).toEqual({
      ...side,
      sent,
      received: undefined,
      system: 'a?[2Jb',
    });
  });

  it.each([
    [{ seconds: 'x' }],
    [{ path: 1 }],
    [{ sent: { bytes: 1, bitsPerSecond: 8, lanes: ['x'] } }],
    [{ sent: { bytes: -1, bitsPerSecond: 8, lanes: [] } }],
    [{ received: { bytes: 1, bitsPerSecond: 8, lanes: [], count: 'many' } }],
  ])('refuses %j', (wrong) => {
    expect(() => readSide({ ...side, ...wrong })).toThrow(SpeechError);
  });
});

describe('the report', () => {
  it('has bits in powers of 1000, times in their unit', () => {
    expect([999, 1000, 1_500_000, 9.05e9].map(formatBitrate)).toEqual([
      '999 bit/s',
      '1.00 kbit/s',
      '1.50 Mbit/s',
      '9.05 Gbit/s',
    ]);
    expect([87.123, 1210, 2_500_000].map(formatTime)).toEqual(['87.1 us', '1.21 ms', '2.50 s']);
  });

  it('takes for lost what has gone there and has not come here', () => {
    const moved = { bytes: 0, lanes: [], bitsPerSecond: 0 };
    expect(lossOf({ ...moved, count: 100, dropped: 10 }, { ...moved, count: 75 })).toEqual({
      lost: 25,
      part: 0.25,
    });
    expect(lossOf({ ...moved, count: 0 }, moved)).toEqual({ lost: 0, part: 0 });
  });

  const sideOf = (packetsLost: number, change: Partial<SideResult> = {}): SideResult => ({
    seconds: 1,
    path: { retransmittedBytes: 0, packetsLost, congestionWindow: 1, rttMs: 2 },
    cpuPercent: 3,
    system: 'x',
    ...change,
  });
  const sent = { bytes: 4000, lanes: [4000], bitsPerSecond: 32_000, count: 40, dropped: 5 };
  const received = { bytes: 3000, lanes: [3000], bitsPerSecond: 24_000, count: 30, jitterUs: 1 };
  const rendered = (
    kind: 'stream' | 'datagram' | 'latency',
    direction: 'send' | 'receive' | 'both',
    client: SideResult,
    remote: SideResult | null,
  ): string =>
    renderResult({
      format: 'burstwire-perf',
      version: 1,
      startedAt: '',
      server: { address: '::1', port: 1, publicKey: '' },
      parameters: { ...readParameters(WISH), kind, direction },
      congestion: 'cubic',
      pathMtu: 1200,
      intervals: [],
      client,
      remote,
      directions: directionsOf({ kind, direction }, client, remote),
      latency: null,
      ended: null,
    });

  it('tells what each direction has sent, received and lost, from the side that knows', () => {
    const client = sideOf(0, { received });
    const remote = sideOf(10, { sent });
    expect(directionsOf({ kind: 'datagram', direction: 'receive' }, client, remote)).toEqual({
      toClient: {
        bytesSent: 4000,
        bytesReceived: 3000,
        packetsLost: 10,
        retransmittedBytes: 0,
        datagramsSent: 40,
        datagramsNotSent: 5,
        datagramsReceived: 30,
        datagramsLost: 10,
        lostPercent: 25,
      },
    });
    const text = rendered('datagram', 'receive', client, remote);
    expect(text).toMatch(/<- +sender .* 40 +5 not sent/);
    expect(text).toMatch(/<- +receiver .* 30 +10 \(25 %\)/);
    expect(text).toContain('\npackets lost: <- 10\n');
  });

  it('tells both halves of --bidir, and says what it does not know', () => {
    const both = rendered(
      'datagram',
      'both',
      sideOf(0, { sent, received: { ...received, count: 40 } }),
      sideOf(10, { sent, received }),
    );
    expect(both).toMatch(/-> +receiver .* 10 \(25 %\)/);
    expect(both).toMatch(/<- +receiver .* 0 \(0 %\)/);
    expect(both).toContain('\npackets lost: -> 0, <- 10\n');
    const silent = rendered('datagram', 'both', sideOf(1, { sent, received }), null);
    expect(silent).toContain('\npackets lost: -> 1, <- ?\n');
    expect(directionsOf({ kind: 'stream', direction: 'both' }, sideOf(1), null)).toEqual({
      toServer: { bytesSent: null, bytesReceived: null, packetsLost: 1, retransmittedBytes: 0 },
      toClient: {
        bytesSent: null,
        bytesReceived: null,
        packetsLost: null,
        retransmittedBytes: null,
      },
    });
  });

  it('keeps its lines within 80 characters', () => {
    const moved = {
      bytes: 2 ** 50,
      lanes: [],
      bitsPerSecond: 1e12,
      count: 1e9,
      dropped: 1e8,
      outOfOrder: 1e8,
    };
    const path = {
      retransmittedBytes: 2 ** 45,
      packetsLost: 0,
      congestionWindow: 2 ** 40,
      rttMs: 9999,
    };
    const interval = {
      from: 3599,
      to: 3600,
      sent: moved,
      received: moved,
      path,
      latency: undefined,
    };
    for (const kind of ['stream', 'datagram'] as const) {
      const lines = intervalLines({ ...readParameters(WISH), kind }, interval);
      expect(lines).toHaveLength(2);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    }
  });
});
