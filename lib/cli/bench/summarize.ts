/**
 * From what the processes reported to the figures of the tables. Pure arithmetic over samples.
 *
 * Called by the harness once all rounds are over. Invariant: no figure is formed from a round that failed, and a
 * ratio only from rounds in which both of its rows succeeded.
 */

import type { SideReport } from './plan.js';
import type { Figures, ResultRow, Sample, Verification } from './result.js';
import type { RowInfo, TableId } from './rows.js';
import { estimate, pairedRatio } from './statistics.js';

/** What the harness has gathered about one row. */
export interface Gathered {
  readonly row: RowInfo;
  readonly samples: readonly (Sample | null)[];
  readonly unavailable?: string;
  readonly verification: Verification | null;
}

export function toSample(sent: SideReport, received: SideReport): Sample {
  const perDatagram = (side: SideReport) =>
    side.calls === null ? null : side.calls / side.datagrams;
  return {
    sentPerSecond: sent.datagrams / sent.seconds,
    receivedPerSecond: received.datagrams / received.seconds,
    gbitPerSecond: (received.bytes * 8) / received.seconds / 1e9,
    sendCallsPerDatagram: perDatagram(sent),
    receiveCallsPerDatagram: perDatagram(received),
    sendCpuUs: sent.cpuUs / sent.datagrams,
    receiveCpuUs: received.cpuUs / received.datagrams,
    sentTotal: sent.totalDatagrams,
    receivedTotal: received.totalDatagrams,
    lost: Math.max(0, 1 - received.totalDatagrams / sent.totalDatagrams),
    kernelDrops:
      received.kernelDrops === null || received.kernelDrops < 0 ? null : received.kernelDrops,
  };
}

export function summarize(gathered: readonly Gathered[]): ResultRow[] {
  const samplesOf = new Map(gathered.map((item) => [item.row.id, item.samples]));
  return gathered.map(({ row, samples, unavailable, verification }) => ({
    id: row.id,
    table: row.table,
    name: row.name,
    about: row.about,
    group: row.group,
    baseline: row.baseline,
    ...(row.ceiling === undefined ? {} : { ceiling: row.ceiling }),
    ...(unavailable === undefined ? {} : { unavailable }),
    samples,
    figures: figuresOf(row, samples, samplesOf),
    verification,
  }));
}

function figuresOf(
  row: RowInfo,
  samples: readonly (Sample | null)[],
  samplesOf: ReadonlyMap<string, readonly (Sample | null)[]>,
): Figures | null {
  const good = samples.filter((sample) => sample !== null);
  if (good.length === 0) return null;
  const all = (key: NumberKey) => estimate(good.map((sample) => sample[key]));
  const counted = (key: 'sendCallsPerDatagram' | 'receiveCallsPerDatagram') => {
    const values = good.map((sample) => sample[key]).filter((value) => value !== null);
    return values.length === 0 ? null : estimate(values);
  };
  const against = (other: string | undefined) =>
    other === undefined || other === row.id
      ? null
      : ratio(row.table, samples, samplesOf.get(other) ?? []);
  return {
    sentPerSecond: all('sentPerSecond'),
    receivedPerSecond: all('receivedPerSecond'),
    gbitPerSecond: all('gbitPerSecond'),
    sendCallsPerDatagram: counted('sendCallsPerDatagram'),
    receiveCallsPerDatagram: counted('receiveCallsPerDatagram'),
    sendCpuUs: all('sendCpuUs'),
    receiveCpuUs: all('receiveCpuUs'),
    lost: all('lost'),
    ratio: against(row.baseline),
    ofCeiling: against(row.ceiling),
  };
}

type NumberKey =
  | 'sentPerSecond'
  | 'receivedPerSecond'
  | 'gbitPerSecond'
  | 'sendCpuUs'
  | 'receiveCpuUs'
  | 'lost';

/** What a table compares: more is better in the first two, less CPU in the third. */
function ratio(table: TableId, own: readonly (Sample | null)[], other: readonly (Sample | null)[]) {
  const pick = (samples: readonly (Sample | null)[], key: NumberKey) =>
    samples.map((sample) => sample?.[key] ?? null);
  if (table === 'receive') {
    return pairedRatio(pick(other, 'receiveCpuUs'), pick(own, 'receiveCpuUs'));
  }
  const key = table === 'bulk' ? 'receivedPerSecond' : 'sentPerSecond';
  return pairedRatio(pick(own, key), pick(other, key));
}
