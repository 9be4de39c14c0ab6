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
import { KEY, LENGTH, OFFSET, PACKET_NUMBER, ROW_SHIFT, STATUS } from '../../lib/batch/layout.js';
import { PacketBatch } from '../../lib/batch/packet-batch.js';
import type { AeadName, Protection } from '../../lib/core/ports.js';
import { openProtection } from '../../lib/crypto/choose-protection.js';
import { KEY_BYTES } from '../../lib/crypto/packet-cipher.js';
import { medianNs, printTable, showNs, showRatio, type Timed } from './harness.js';

/** Far below what one key may seal, so that the benchmark never meets the limit. */
const UPDATE_AFTER = 2 ** 21;

/** One key pair and one batch of equal packets. */
class Bench {
  readonly #protection: Protection;
  readonly #batch: PacketBatch;
  readonly #sealId: number;
  readonly #openId: number;
  readonly #key: Uint8Array;
  readonly #iv: Uint8Array;
  #number = 0;
  #sealedWithKey = 0;

  constructor(protection: Protection, aead: AeadName, packetBytes: number, rows: number) {
    this.#protection = protection;
    this.#key = new Uint8Array(KEY_BYTES[aead]).fill(7);
    this.#iv = new Uint8Array(12).fill(8);
    const material = { aead, key: this.#key, iv: this.#iv, headerKey: this.#key };
    this.#sealId = protection.installKey({ ...material, direction: 'seal' });
    this.#openId = protection.installKey({ ...material, direction: 'open' });
    this.#batch = new PacketBatch(rows * packetBytes, rows);
    this.#batch.length = rows;
    for (let row = 0; row < rows; row++) {
      this.#batch.rows[(row << ROW_SHIFT) + OFFSET] = row * packetBytes;
      this.#batch.rows[(row << ROW_SHIFT) + LENGTH] = packetBytes;
    }
  }

  get sealing(): Timed {
    return {
      prepare: () => this.#prepareSeal(),
      run: () => this.#seal(),
    };
  }

  get opening(): Timed {
    return {
      prepare: () => {
        this.#prepareSeal();
        this.#seal();
        this.#setKey(this.#openId);
      },
      run: () => {
        const opened = this.#protection.open(this.#batch, 0, this.#batch.length);
        if (opened !== this.#batch.length) throw new Error(`opened ${opened} packets only`);
      },
    };
  }

  #prepareSeal(): void {
    const { bytes, rows, doubles, length } = this.#batch;
    if (this.#sealedWithKey > UPDATE_AFTER) this.#update();
    this.#setKey(this.#sealId);
    for (let row = 0; row < length; row++) {
      const at = row << ROW_SHIFT;
      bytes[rows[at + OFFSET]] = 0x40;
      doubles[(at + PACKET_NUMBER) >> 1] = this.#number++;
    }
    this.#sealedWithKey += length;
  }

  #seal(): void {
    const sealed = this.#protection.seal(this.#batch, 0, this.#batch.length);
    if (sealed !== this.#batch.length) throw new Error(`sealed ${sealed} packets only`);
  }

  /** The same bytes again: a benchmark has no secrets, and the cost of a packet does not depend on them. */
  #update(): void {
    this.#protection.retirePrevious(this.#openId);
    this.#protection.updateKey(this.#sealId, this.#key, this.#iv);
    this.#protection.updateKey(this.#openId, this.#key, this.#iv);
    this.#sealedWithKey = 0;
  }

  #setKey(id: number): void {
    const { rows, length } = this.#batch;
    for (let row = 0; row < length; row++) {
      rows[(row << ROW_SHIFT) + KEY] = id;
      rows[(row << ROW_SHIFT) + STATUS] = 0;
    }
  }
}

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

/**
 * A large batch of large packets would measure the memory, not the cipher; and a sample that lasts longer than the
 * scheduler's slice would measure what else runs on the machine.
 */
function rowsFor({ name }: Protection, packetBytes: number): number {
  if (name === 'noble') return 4;
  return packetBytes > 4096 ? 8 : 64;
}

async function measureCase(
  protection: Protection,
  aead: AeadName,
  packetBytes: number,
): Promise<Result[]> {
  const rows = rowsFor(protection, packetBytes);
  const bench = new Bench(protection, aead, packetBytes, rows);
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
