/**
 * P1 and P2: sealing or opening a batch of packets, by one provider, with one suite and one size.
 *
 *     node --import ./bench/micro/typescript.mjs bench/micro/cases/protection.ts seal native aes-128-gcm 1400
 *
 * The size is that of the whole packet. `original` in place of a provider: the original protocol's way, whose packets
 * have 28 bytes of their own. Started by the runner.
 *
 * Invariant: before anything is timed, packets were sealed and opened once, and their bytes compared.
 */

import { randomBytes } from 'node:crypto';
import type { AeadName, Protection } from '../../../lib/core/ports.js';
import { openProtection } from '../../../lib/crypto/choose-protection.js';
import { benchConfig, report } from '../../suite/case-process.js';
import type { Measurement } from '../../suite/types.js';
import type { Timed } from '../harness.js';
import { ORIGINAL_OVERHEAD_BYTES, OriginalPackets } from '../original-protocol.js';
import { ProtectedPackets, rowsFor } from '../protected-packets.js';
import { measureTimed } from '../timing.js';

const ORIGINAL_ROWS = 64;

const [operation, engine, aead, size] = process.argv.slice(2);
const packetBytes = Number(size);

function measure(timed: Timed, packets: number): Promise<Measurement> {
  const work = { operations: packets, bytes: packets * packetBytes, arePackets: true };
  return measureTimed(timed, work, benchConfig());
}

async function ours(name: Protection['name']): Promise<Measurement> {
  const { protection } = openProtection({ engine: name });
  const rows = rowsFor(protection, packetBytes);
  const packets = new ProtectedPackets(protection, aead as AeadName, packetBytes, rows);
  packets.verify();
  const timed = operation === 'seal' ? packets.sealing : packets.opening;
  return { ...(await measure(timed, rows)), note: protection.kernel };
}

function original(): Promise<Measurement> {
  const packets = new OriginalPackets(randomBytes(16));
  const payload = randomBytes(packetBytes - ORIGINAL_OVERHEAD_BYTES);
  const packet = packets.seal(payload);
  if (!packets.open(packet).equals(payload)) throw new Error('opened to other bytes');
  const one = operation === 'seal' ? () => packets.seal(payload) : () => packets.open(packet);
  const run = () => {
    for (let row = 0; row < ORIGINAL_ROWS; row++) one();
  };
  return measure({ prepare() {}, run }, ORIGINAL_ROWS);
}

report(engine === 'original' ? await original() : await ours(engine as Protection['name']));
