/**
 * A benchmark result made of invented measurements, for the tests of the reports. Its numbers mean nothing.
 */

import type { SideReport } from '../../../lib/cli/bench/plan.js';
import type { BenchmarkResult, Sample } from '../../../lib/cli/bench/result.js';
import { ROWS, TABLES } from '../../../lib/cli/bench/rows.js';
import { summarize, toSample } from '../../../lib/cli/bench/summarize.js';

export function side(datagrams: number, calls: number | null, cpuUs: number): SideReport {
  return {
    datagrams,
    bytes: datagrams * 1000,
    calls,
    seconds: 1,
    cpuUs,
    totalDatagrams: datagrams,
    totalBytes: datagrams * 1000,
    totalCalls: calls,
    kernelDrops: 0,
  };
}

/** A sample of `rate` datagrams a second on both sides. */
export function sampleOf(rate: number, calls: number | null = rate): Sample {
  return toSample(side(rate, calls, rate * 2), side(rate, calls, rate * 3));
}

export const HOSTILE = `<script>alert("1")</script> & 'quotes'`;

export function makeResult(): BenchmarkResult {
  const gathered = ROWS.map((row, place) => {
    if (row.id === 'gso') {
      return { row, samples: [], unavailable: HOSTILE, verification: null };
    }
    const calls = row.group === 'baseline' ? null : 100;
    const samples = [1, 2, 3].map((round) => sampleOf((place + 1) * 10_000 + round * 100, calls));
    const verification =
      row.group === 'ceiling'
        ? null
        : {
            tool: 'perf stat' as const,
            sendCallsPerDatagram: 1,
            receiveCallsPerDatagram: 1.5,
            allSendSidePerDatagram: 2,
            allReceiveSidePerDatagram: 2,
            countedSendCalls: calls,
            countedReceiveCalls: calls,
            agrees: calls === null ? null : true,
          };
    return { row, samples, verification };
  });
  const rows = summarize(gathered);
  return {
    format: 'burstwire-benchmark',
    version: 1,
    startedAt: '2030-01-02T03:04:05.000Z',
    durationSeconds: 60,
    environment: {
      cpu: HOSTILE,
      cores: 2,
      memoryBytes: 8 * 2 ** 30,
      platform: 'linux-x64',
      kernel: '6.1.0',
      node: 'v20.20.2',
      burstwire: '0.1.0',
      engine: 'native',
      engineReasons: [],
      compiler: 'g++ 12',
      governor: null,
      virtualized: true,
      loadAverage: 0.5,
      sysctls: { 'net.core.rmem_max': '4194304', 'net.core.wmem_max': null },
      commit: 'abcdef0',
      command: 'burstwire bench',
    },
    config: {
      sizeBytes: 1000,
      smallSizeBytes: 200,
      destinations: 64,
      offeredRate: 100_000,
      seconds: 1,
      warmup: 0.3,
      rounds: 3,
      trains: 4,
      pinned: null,
      verifiedBy: 'perf stat',
    },
    headline: ['a headline'],
    tables: TABLES,
    rows,
    notes: [`something about ${HOSTILE}`],
  };
}
