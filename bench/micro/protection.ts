/**
 * Packet protection: nanoseconds per packet, sealing and opening, for each provider, suite and packet size.
 *
 *     node --import ./bench/micro/typescript.mjs bench/micro/protection.ts [--sizes 64,1400] [--suites aes-128-gcm]
 *         [--engines native,node,noble] [--ms 150] [--json FILE]
 *
 * A size is the whole packet: header, payload, tag. Everything is counted that a batch costs the caller: nonces, packet
 * numbers, header protection, replay window, statuses.
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { AeadName, Protection } from '../../lib/core/ports.js';
import { openProtection } from '../../lib/crypto/choose-protection.js';
import { KEY_BYTES } from '../../lib/crypto/packet-cipher.js';
import { medianNs, printTable, showNs, showRatio } from './harness.js';
import { ProtectedPackets, rowsFor } from './protected-packets.js';

interface Result {
  readonly engine: Protection['name'];
  readonly kernel: string;
  readonly aead: AeadName;
  readonly operation: 'seal' | 'open';
  readonly packetBytes: number;
  readonly nsPerPacket: number;
}

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '64,300,1400,8900,65000' },
    suites: { type: 'string', default: Object.keys(KEY_BYTES).join(',') },
    engines: { type: 'string', default: 'native,node,noble' },
    ms: { type: 'string', default: '150' },
    json: { type: 'string' },
  },
});
const budgetMs = Number(values.ms);
const sizes = values.sizes.split(',').map(Number);
const suites = values.suites.split(',') as AeadName[];

const protections: Protection[] = [];
for (const name of values.engines.split(',') as Protection['name'][]) {
  try {
    protections.push(openProtection({ engine: name }).protection);
  } catch (error) {
    console.log(`skipped: ${(error as Error).message}`);
  }
}

async function measureCase(
  protection: Protection,
  aead: AeadName,
  packetBytes: number,
): Promise<Result[]> {
  const rows = rowsFor(protection, packetBytes);
  const bench = new ProtectedPackets(protection, aead, packetBytes, rows);
  const common = { engine: protection.name, kernel: protection.kernel, aead, packetBytes };
  const seal = (await medianNs(bench.sealing, budgetMs)) / rows;
  const open = (await medianNs(bench.opening, budgetMs)) / rows;
  return [
    { ...common, operation: 'seal', nsPerPacket: seal },
    { ...common, operation: 'open', nsPerPacket: open },
  ];
}

function printOperation(results: readonly Result[], operation: 'seal' | 'open'): void {
  const of = (aead: AeadName, size: number, engine: Protection['name']) =>
    results.find(
      (each) =>
        each.operation === operation &&
        each.aead === aead &&
        each.packetBytes === size &&
        each.engine === engine,
    )?.nsPerPacket;
  const rows = suites.flatMap((aead) =>
    sizes.flatMap((size) =>
      protections.map(({ name, kernel }) => {
        const own = of(aead, size, name) ?? Number.NaN;
        const toNode = name === 'native' ? showRatio(own, of(aead, size, 'node')) : '–';
        const toNoble = name === 'noble' ? '–' : showRatio(own, of(aead, size, 'noble'));
        const gbits = ((size * 8) / own).toFixed(2);
        return [aead, String(size), name, kernel, showNs(own), gbits, toNode, toNoble];
      }),
    ),
  );
  console.log(`\n${operation}`);
  const headings = ['suite', 'bytes', 'engine', 'kernel', 'ns/packet', 'Gbit/s', 'node', 'noble'];
  printTable(headings, rows);
}

const results: Result[] = [];
for (const aead of suites) {
  for (const size of sizes) {
    for (const protection of protections)
      results.push(...(await measureCase(protection, aead, size)));
  }
}
printOperation(results, 'seal');
printOperation(results, 'open');
console.log('\nnode, noble: how many times longer that engine takes for the same packets');
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(results, null, 2));
