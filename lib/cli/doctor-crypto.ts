/**
 * Packet protection, as `burstwire doctor` shows it: which engine runs and why, what the CPU brings, how fast it seals.
 *
 * The rate is measured, for a tenth of a second, on one core that others may use: an order of magnitude, no benchmark.
 * Called by doctor.ts. Changes nothing; the key is made up and retired again.
 */

import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import {
  KEY,
  LENGTH,
  OFFSET,
  PACKET_HEADER_BYTES,
  PACKET_NUMBER,
  ROW_SHIFT,
  STATUS,
} from '../batch/layout.js';
import { PacketBatch } from '../batch/packet-batch.js';
import { type OpenedProtection, openProtection } from '../crypto/choose-protection.js';
import type { Check } from './doctor-checks.js';

type Protection = OpenedProtection['protection'];

export interface CryptoReport {
  /** Absent when no engine runs. */
  readonly engine?: Protection['name'];
  readonly kernel?: string;
  /** Why engines before it were passed over, or why none runs. */
  readonly reason?: string;
  /** Names of the CPU's instructions for AES-GCM that are there, and of those that are not; empty when unknown. */
  readonly instructions: readonly string[];
  readonly missingInstructions: readonly string[];
  /** Packets of PACKET_BYTES sealed a second with AES-128-GCM. */
  readonly sealedPerSecond?: number;
}

const PACKETS = 64;
const PACKET_BYTES = 1400;
const MEASURE_MS = 100;

/** Names in /proc/cpuinfo, by architecture, and what people call them. */
const INSTRUCTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  x64: { aes: 'AES-NI', pclmulqdq: 'PCLMULQDQ', vaes: 'VAES', vpclmulqdq: 'VPCLMULQDQ' },
  arm64: { aes: 'ARMv8-CE AES', pmull: 'ARMv8-CE PMULL' },
};

export function examineCrypto(): CryptoReport {
  const { instructions, missingInstructions } = readInstructions();
  try {
    const { protection, reason } = openProtection();
    return {
      engine: protection.name,
      kernel: protection.kernel,
      ...(reason === undefined ? {} : { reason }),
      instructions,
      missingInstructions,
      sealedPerSecond: measureSeal(protection),
    };
  } catch (error) {
    return { reason: (error as Error).message, instructions, missingInstructions };
  }
}

/** The lines of the doctor. @param told why there is no addon, when another line says so already */
export function cryptoChecks(report: CryptoReport, told?: string): Check[] {
  return [engineCheck(report, told), instructionsCheck(report)];
}

function engineCheck(report: CryptoReport, told = ''): Check {
  const name = 'packet protection';
  const { engine, kernel, reason, sealedPerSecond = 0 } = report;
  if (engine === undefined) return { name, state: 'missing', text: `none runs: ${reason}` };
  const gigabits = (sealedPerSecond * PACKET_BYTES * 8) / 1e9;
  const rate = `seals ${Math.round(sealedPerSecond / 1000).toLocaleString('en')} k packets of ${PACKET_BYTES} bytes a second (${gigabits.toFixed(1)} Gbit/s)`;
  const text = `${engine} (${kernel}): ${rate}`;
  if (engine === 'native') return { name, state: 'ok', text };
  const why = told === '' ? reason : reason?.replace(told, "see 'engine'");
  return { name, state: 'note', text: `${text}. Why not faster: ${why ?? 'asked for'}` };
}

function instructionsCheck(report: CryptoReport): Check {
  const name = 'AES instructions';
  const { instructions, missingInstructions } = report;
  if (instructions.length + missingInstructions.length === 0) {
    return { name, state: 'note', text: 'unknown: this system does not list them' };
  }
  const without = missingInstructions.length > 0 ? `; not ${missingInstructions.join(', ')}` : '';
  if (instructions.length === 0) {
    return { name, state: 'note', text: `none${without}: chacha20-poly1305 is faster here` };
  }
  return { name, state: 'ok', text: `${instructions.join(', ')}${without}` };
}

function readInstructions(): Pick<CryptoReport, 'instructions' | 'missingInstructions'> {
  const known = Object.entries(INSTRUCTIONS[process.arch] ?? {});
  try {
    const line = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
    if (line === undefined) return { instructions: [], missingInstructions: [] };
    const flags = new Set(line.trim().split(/\s+/));
    const names = (there: boolean) =>
      known.filter(([flag]) => flags.has(flag) === there).map(([, name]) => name);
    return { instructions: names(true), missingInstructions: names(false) };
  } catch {
    return { instructions: [], missingInstructions: [] };
  }
}

/** By the fastest batch: the others shared the processor with somebody. */
function measureSeal(protection: Protection): number {
  const key = protection.installKey({
    aead: 'aes-128-gcm',
    direction: 'seal',
    key: new Uint8Array(16).fill(1),
    iv: new Uint8Array(12).fill(2),
    headerKey: new Uint8Array(16).fill(3),
  });
  const batch = new PacketBatch(PACKETS * PACKET_BYTES, PACKETS);
  batch.length = PACKETS;
  let [sealed, fastest] = [0, 0];
  const end = performance.now() + MEASURE_MS;
  while (performance.now() < end) {
    for (let index = 0; index < PACKETS; index++) fillRow(batch, index, key, sealed + index);
    const start = performance.now();
    const count = protection.seal(batch, 0, PACKETS);
    fastest = Math.max(fastest, (count * 1000) / (performance.now() - start));
    sealed += count;
  }
  protection.retireKey(key);
  return fastest;
}

function fillRow(batch: PacketBatch, index: number, key: number, packetNumber: number): void {
  const row = index << ROW_SHIFT;
  const { bytes, rows, doubles } = batch;
  bytes.fill(0, index * PACKET_BYTES, index * PACKET_BYTES + PACKET_HEADER_BYTES);
  bytes[index * PACKET_BYTES] = 0x40;
  rows[row + OFFSET] = index * PACKET_BYTES;
  rows[row + LENGTH] = PACKET_BYTES;
  rows[row + STATUS] = 0;
  rows[row + KEY] = key;
  doubles[(row + PACKET_NUMBER) >> 1] = packetNumber;
}
