/**
 * `burstwire doctor`: what this kernel and this process can do, what is missing, how to get it, and whether a train
 * really goes through; and who protects packets, how fast.
 *
 * Called by the command line's dispatcher. Exit codes: 0 usable (native or dgram), 1 not usable, 2 wrong arguments.
 */

import { release, type as systemName } from 'node:os';

import { capabilities } from '../udp.js';
import { describeFlags, type FlagTable, parseArguments } from './arguments.js';
import { readSysctl, versionLine } from './bench/environment.js';
import { type Check, listChecks } from './doctor-checks.js';
import { type CryptoReport, cryptoChecks, examineCrypto } from './doctor-crypto.js';
import type { Output } from './live-line.js';
import { runtimeName } from './remote/system.js';
import { runSelfTest, type SelfTest } from './self-test.js';
import { packageVersion } from './version.js';

const DOCTOR_FLAGS = {
  json: { kind: 'switch', about: 'print everything as JSON' },
} as const satisfies FlagTable;

export const DOCTOR_SUMMARY = 'say what this kernel and this process can do, and what is missing';

export function doctorHelp(): string {
  return `usage: burstwire doctor [options]

Looks at kernel, addon and settings, and sends a train of datagrams to itself. Changes nothing.
Ends with 0 when burstwire can be used here, by either engine.

${describeFlags(DOCTOR_FLAGS)}
`;
}

export interface DoctorReport {
  readonly format: 'burstwire-doctor';
  readonly version: 1;
  readonly burstwire: string;
  readonly system: string;
  readonly node: string;
  readonly usable: boolean;
  readonly engine: 'native' | 'dgram';
  readonly checks: readonly Check[];
  readonly selfTest: SelfTest;
  readonly crypto: CryptoReport;
  readonly capabilities: ReturnType<typeof capabilities>;
}

/** @throws UsageError */
export async function runDoctor(
  given: readonly string[],
  stdout: Output = process.stdout,
): Promise<number> {
  const flags = parseArguments(DOCTOR_FLAGS, given);
  const report = await examine();
  stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : renderDoctor(report));
  return report.usable ? 0 : 1;
}

async function examine(): Promise<DoctorReport> {
  const found = capabilities();
  const selfTest = await runSelfTest(found.engine);
  const crypto = examineCrypto();
  const sysctls = Object.fromEntries(
    ['net.core.rmem_max', 'net.core.wmem_max'].map((name) => [name, readSysctl(name)]),
  );
  const compiler = ['g++', 'clang++', 'c++']
    .map(versionLine)
    .find((line): line is string => line !== null);
  return {
    format: 'burstwire-doctor',
    version: 1,
    burstwire: packageVersion(),
    system: `${systemName()} ${release()}, ${process.platform}-${process.arch}`,
    node: runtimeName(),
    usable: selfTest.ok,
    engine: found.engine,
    checks: [
      ...listChecks(found, { compiler: compiler ?? null, sysctls }, selfTest),
      ...cryptoChecks(crypto, found.reasons.engine),
    ],
    selfTest,
    crypto,
    capabilities: found,
  };
}

const MARKS = { ok: 'ok', missing: 'MISSING', note: 'note' } as const;

/** The report as aligned text. */
export function renderDoctor(report: DoctorReport): string {
  const stateWidth = Math.max(...Object.values(MARKS).map((mark) => mark.length));
  const nameWidth = Math.max(...report.checks.map((check) => check.name.length));
  const indent = ' '.repeat(stateWidth + nameWidth + 4);
  const lines = report.checks.flatMap((check) => [
    `${MARKS[check.state].padEnd(stateWidth)}  ${check.name.padEnd(nameWidth)}  ${check.text}`,
    ...(check.remedy ?? []).map((step) => `${indent}-> ${step}`),
  ]);
  const missing = report.checks.filter((check) => check.state === 'missing').length;
  const verdict = report.usable
    ? `burstwire works here with the ${report.engine} engine${missing > 0 ? `; ${missing} of the above could be better` : ''}.`
    : 'burstwire does not work here.';
  return `burstwire ${report.burstwire} on ${report.system}, ${report.node}

${lines.join('\n')}

${verdict}
`;
}
