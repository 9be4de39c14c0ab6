/**
 * A result of the suite with everything that a page has to cope with: bars, lines in more colours than there are,
 * latency curves, notes, failures, missing peers, a limit, long names, markup in names. Used by the tests of the page.
 */

import type { SuiteResult } from '../../../bench/suite/result.js';
import type { Case, Measurement } from '../../../bench/suite/types.js';
import { fakeBenchmark, fakeCase, resultOf, suiteOf } from './fakes.js';

const SIZES = [64, 1024, 16_384, 65_536];
const SERIES = Array.from({ length: 10 }, (_, i) => `series-${i} of a rather long name`);

const rounds = (base: number, make: (value: number) => Measurement): Measurement[] =>
  [0.95, 1, 1.08].map((factor) => make(base * factor));

const curve = (scale: number) =>
  [50, 90, 99, 99.9, 99.99].map((percent, i) => [percent, scale * (1 + i * i)] as const);

function bulk() {
  const cases = [
    fakeCase('burstwire', 'good', { about: 'one stream, with its default options' }),
    fakeCase('burstwire, borrowed reads <b>', 'good'),
    fakeCase('node:tls', 'good', { role: 'peer', about: 'TLS 1.3 over TCP' }),
    fakeCase('@matrixai/quic', 'good', { role: 'peer' }),
    fakeCase('a-peer-with-a-very-long-name-that-does-not-wrap', 'good', { role: 'peer' }),
    fakeCase('C++ ceiling', 'good', { role: 'limit' }),
  ];
  const benchmark = fakeBenchmark(cases, {
    id: 'E1',
    group: 'e2e',
    title: 'One stream, as fast as it goes',
    primary: 'throughputMBps',
  });
  const full = (base: number) =>
    rounds(base, (value) => ({
      throughputMBps: value,
      packetsPerSec: value * 700,
      cpuPercent: 99.4,
      syscallsPerPacket: 0.021,
      allocatedBytesPerPacket: 12,
      contextSwitchesPerSec: 3500,
      residentBytes: 90e6,
      lostPercent: 0,
      note: `a note with <i> & "quotes"`,
    }));
  return resultOf(benchmark, {
    burstwire: full(900),
    'burstwire, borrowed reads <b>': [null, ...full(1000)],
    'node:tls': rounds(700, (value) => ({ throughputMBps: value })),
    '@matrixai/quic': 'not installed: npm install in bench/peers',
    'a-peer-with-a-very-long-name-that-does-not-wrap': [null],
    'C++ ceiling': full(1500),
  });
}

function latency() {
  const cases = [fakeCase('burstwire', 'good'), fakeCase('node:tls', 'good', { role: 'peer' })];
  const benchmark = fakeBenchmark(cases, {
    id: 'E2',
    group: 'e2e',
    title: 'Round trips',
    primary: 'latencyP50Us',
    better: 'less',
  });
  const make = (scale: number) =>
    rounds(scale, (value) => ({
      latencyP50Us: value,
      latencyP99Us: value * 4,
      lostPercent: 0.25,
      latencyCurve: curve(value),
    }));
  return resultOf(benchmark, { burstwire: make(40), 'node:tls': make(70) });
}

function sizes() {
  const cases: Case[] = [];
  const samples: Record<string, Measurement[]> = {};
  SERIES.forEach((series, i) => {
    for (const at of SIZES) {
      const name = `${series} ${at}`;
      const role = i === 0 ? 'ours' : i === 9 ? 'limit' : 'peer';
      cases.push(fakeCase(name, 'good', { at, series, role, about: 'what it does' }));
      samples[name] = rounds(at / (i + 1), (value) => ({ throughputMBps: value }));
    }
  });
  const benchmark = fakeBenchmark(cases, {
    title: 'Seal',
    primary: 'throughputMBps',
    axis: 'bytes of a packet',
  });
  return resultOf(benchmark, samples);
}

function ablation() {
  const cases = [
    fakeCase('JSON', 'good', { role: 'before' }),
    fakeCase('binary', 'good', { role: 'after' }),
  ];
  const benchmark = fakeBenchmark(cases, { id: 'A1', group: 'ablation', title: 'Binary frames' });
  return resultOf(benchmark, {
    JSON: rounds(1000, (value) => ({ opsPerSec: value })),
    binary: rounds(5000, (value) => ({ opsPerSec: value })),
  });
}

export function sampleSuite(): SuiteResult {
  return suiteOf([sizes(), bulk(), latency(), ablation()]);
}
