/**
 * The figures of scenarios: as lines for a terminal, as a JSON file, and read again.
 *
 * Called by the command line, by tests and by the script that writes documents. Invariant: a file says with which kernel,
 * CPU and Node it was measured, and when.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import type { Carrier } from './flows.js';
import type { LabResult } from './scenarios.js';

export interface LabFile {
  readonly format: 'burstwire-netlab';
  readonly version: 1;
  readonly measuredAt: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly results: readonly LabResult[];
}

export const mbit = (value: number): string => value.toFixed(2);
export const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

export function carrierName(carrier: Carrier): string {
  if (carrier === 'burstwire') return 'burstwire (CUBIC)';
  if (carrier === 'burstwire-bbr') return 'burstwire (BBR)';
  return `TCP ${carrier.toUpperCase()}`;
}

/** One line for people. */
export function describeLine(result: LabResult): string {
  const time = `${result.seconds.toFixed(1)} s, ${verdict(result.isEqual)}`;
  const who = carrierName(result.carrier);
  if (result.kind === 'transfer') {
    const { lost } = result.link.aToB;
    return `${who}: ${mbit(result.mbit)} Mbit/s, ${time}, the link lost ${lost} packets`;
  }
  const both = `${mbit(result.mbit)} and ${mbit(result.rivalMbit)} Mbit/s`;
  return `${who} beside ${carrierName(result.rival)}: ${both}, share ${percent(result.share)}, ${time}`;
}

function verdict(isEqual: boolean | undefined): string {
  if (isEqual === undefined) return 'not finished in time';
  return isEqual ? 'SHA-256 equal' : 'SHA-256 NOT equal';
}

export function writeResult(file: string, results: readonly LabResult[]): void {
  const content: LabFile = {
    format: 'burstwire-netlab',
    version: 1,
    measuredAt: new Date().toISOString(),
    kernel: release(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    node: process.versions.node,
    results,
  };
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}

/** Throws when the file is something else. */
export function readResult(file: string): LabFile {
  const content = JSON.parse(readFileSync(file, 'utf8')) as Partial<LabFile>;
  if (content.format !== 'burstwire-netlab' || content.version !== 1) {
    throw new Error(`${file} is not a result of bench/netlab/run.mjs --json`);
  }
  return content as LabFile;
}
