/** From reports of processes to figures, and the order in which cases run. */

import { describe, expect, it } from 'vitest';
import { headline, highlights } from '../../../lib/cli/bench/headline.js';
import { trainSegments } from '../../../lib/cli/bench/plan.js';
import { ROWS, type RowInfo, selectRows } from '../../../lib/cli/bench/rows.js';
import { orderOfRound } from '../../../lib/cli/bench/schedule.js';
import { type Gathered, summarize, toSample } from '../../../lib/cli/bench/summarize.js';
import { renderText } from '../../../lib/cli/bench/text-report.js';
import { makeResult, sampleOf, side } from './sample-result.js';

function rowOf(id: string): RowInfo {
  const row = ROWS.find((item) => item.id === id);
  if (row === undefined) throw new Error(`no row ${id}`);
  return row;
}

function gather(id: string, samples: Gathered['samples']): Gathered {
  return { row: rowOf(id), samples, verification: null };
}

describe('toSample', () => {
  it('takes rates by each side’s own window and losses over everything', () => {
    const sent = { ...side(1000, 10, 500), seconds: 2, totalDatagrams: 2000 };
    const received = { ...side(600, 6, 300), seconds: 1.5, totalDatagrams: 1500, kernelDrops: 7 };
    expect(toSample(sent, received)).toEqual({
      sentPerSecond: 500,
      receivedPerSecond: 400,
      gbitPerSecond: (600_000 * 8) / 1.5 / 1e9,
      sendCallsPerDatagram: 0.01,
      receiveCallsPerDatagram: 0.01,
      sendCpuUs: 0.5,
      receiveCpuUs: 0.5,
      sentTotal: 2000,
      receivedTotal: 1500,
      lost: 0.25,
      kernelDrops: 7,
    });
  });

  it('says null where nothing counts', () => {
    const sample = toSample(side(10, null, 1), { ...side(10, null, 1), kernelDrops: -1 });
    expect(sample.sendCallsPerDatagram).toBeNull();
    expect(sample.receiveCallsPerDatagram).toBeNull();
    expect(sample.kernelDrops).toBeNull();
  });
});

describe('summarize', () => {
  it('compares what each table is about, round by round', () => {
    const rows = summarize([
      gather('dgram', [sampleOf(100), sampleOf(10)]),
      gather('gso-gro', [sampleOf(2000), sampleOf(200)]),
      gather('c-gso-gro', [sampleOf(4000), sampleOf(400)]),
      gather('receive-dgram', [sampleOf(100)]),
      gather('receive-batch', [toSample(side(100, 1, 1), side(100, 1, 150))]),
    ]);
    const figures = Object.fromEntries(rows.map((row) => [row.id, row.figures]));
    expect(figures['gso-gro']?.ratio).toEqual({ median: 20, low: 20, high: 20 });
    expect(figures['gso-gro']?.ofCeiling?.median).toBe(0.5);
    expect(figures.dgram?.ratio).toBeNull();
    // 3 us against 1.5 us.
    expect(figures['receive-batch']?.ratio?.median).toBe(2);
  });

  it('forms no figure of failed rounds', () => {
    const [row] = summarize([gather('dgram', [null, sampleOf(100), null])]);
    expect(row.figures?.receivedPerSecond).toEqual({ median: 100, low: 100, high: 100 });
    expect(row.samples).toHaveLength(3);
    expect(summarize([gather('dgram', [null])])[0].figures).toBeNull();
  });
});

describe('headline and highlights', () => {
  const { config } = makeResult();

  it('say nothing that was not measured', () => {
    const rows = summarize([gather('dgram', [sampleOf(100)])]);
    expect(headline(rows, config)).toEqual([]);
    expect(highlights(rows, config)).toEqual([]);
  });

  it('say the ratio and the part of the limit', () => {
    const rows = summarize([
      gather('dgram', [sampleOf(100)]),
      gather('gso-gro', [sampleOf(2400)]),
      gather('c-gso-gro', [sampleOf(2500)]),
    ]);
    expect(headline(rows, config)).toEqual([
      'GSO -> GRO receives 24.0x the datagrams of node:dgram, 0.96 of C++.',
    ]);
  });
});

describe('rows', () => {
  it('have ids of their own, and baselines and ceilings that exist', () => {
    const ids = ROWS.map((row) => row.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const row of ROWS) {
      expect(ids).toContain(row.baseline);
      if (row.ceiling !== undefined) expect(ids).toContain(row.ceiling);
    }
  });

  it('are chosen by row or by table, with their baselines', () => {
    expect(selectRows([])).toBe(ROWS);
    expect((selectRows(['gso-gro']) as RowInfo[]).map((row) => row.id)).toEqual([
      'dgram',
      'gso-gro',
    ]);
    expect((selectRows(['many']) as RowInfo[]).every((row) => row.table === 'many')).toBe(true);
    expect(selectRows(['bulk', 'nonsense'])).toBe('nonsense');
  });

  it('send full trains and no longer ones', () => {
    expect([1, 200, 1023, 1400, 40_000, 65_507].map(trainSegments)).toEqual([64, 64, 64, 46, 1, 1]);
  });
});

describe('orderOfRound', () => {
  it('runs every row once a round, and no two rounds alike', () => {
    const items = [...'abcdefgh'];
    const rounds = [0, 1, 2, 3].map((round) => orderOfRound(items, round));
    for (const order of rounds) expect([...order].sort()).toEqual(items);
    expect(new Set(rounds.map((order) => order.join(''))).size).toBe(4);
  });

  it('copes with few rows', () => {
    expect(orderOfRound([], 5)).toEqual([]);
    expect(orderOfRound(['a'], 7)).toEqual(['a']);
  });
});

describe('renderText', () => {
  const text = renderText(makeResult());

  it('has a line for each row, also for one that could not be measured', () => {
    for (const row of ROWS) expect(text).toContain(`\n${row.name}`);
    expect(text).toContain('burstwire GSO -> plain receive: not available (');
  });

  it('marks what the kernel counted, and names the machine', () => {
    expect(text).toMatch(/^node:dgram .* 1\.00\* +1\.50\*/m);
    expect(text).toContain('* counted by perf stat');
    expect(text).toMatch(/^kernel +linux-x64 6\.1\.0$/m);
    expect(text).not.toMatch(/NaN|undefined/);
  });
});
