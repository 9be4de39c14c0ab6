/**
 * The wire stays readable: packets that were written down when the format was made are sealed and opened as then.
 *
 * A failure here means that peers in the field no longer understand us. Do not regenerate packets.json to mend it.
 */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AeadName } from '../../lib/core/ports.js';
import { batchToOpen, batchToSeal, bytesOf, payloadOf, resultOf } from '../unit/crypto/packets.js';
import { providers } from '../unit/crypto/providers.js';

interface GoldenSuite {
  readonly aead: AeadName;
  readonly headerKey: string;
  readonly connectionId: string;
  readonly phases: readonly { readonly key: string; readonly iv: string }[];
  readonly packets: readonly GoldenPacket[];
}

interface GoldenPacket {
  readonly packetNumber: number;
  readonly phase: number;
  readonly header: string;
  readonly payload: string;
  readonly packet: string;
}

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

const file = new URL('packets.json', import.meta.url);
const { suites } = JSON.parse(readFileSync(file, 'utf8')) as { suites: GoldenSuite[] };
const cases = providers.flatMap((provider) => suites.map((suite) => ({ ...provider, ...suite })));

describe.each(cases)('$name $aead', ({ open, aead, headerKey, connectionId, phases, packets }) => {
  const phaseKey = (phase: number) => ({
    key: bytes(phases[phase].key),
    iv: bytes(phases[phase].iv),
  });

  it('seals the golden packets', () => {
    const protection = open();
    const first = { aead, headerKey: bytes(headerKey), ...phaseKey(0) };
    const key = protection.installKey({ ...first, direction: 'seal' });
    let phase = 0;
    for (const golden of packets) {
      if (golden.phase !== phase) protection.updateKey(key, phaseKey(1).key, phaseKey(1).iv);
      phase = golden.phase;
      const payload = bytes(golden.payload);
      const batch = batchToSeal([{ key, number: golden.packetNumber, payload }]);
      batch.bytes.set(bytes(connectionId), batch.rows[0] + 1);
      expect(protection.seal(batch, 0, 1)).toBe(1);
      expect(hex(bytesOf(batch, 0))).toBe(golden.packet);
    }
  });

  it('opens them', () => {
    const protection = open();
    const first = { aead, headerKey: bytes(headerKey), ...phaseKey(0) };
    const key = protection.installKey({ ...first, direction: 'open' });
    protection.updateKey(key, phaseKey(1).key, phaseKey(1).iv);
    // 32 bits cannot tell a number that is further away; the last golden packet is one to seal.
    const near = packets.filter(({ packetNumber }) => packetNumber < 2 ** 34);
    expect(near.length).toBe(packets.length - 1);
    for (const golden of near) {
      const batch = batchToOpen([{ key, packet: bytes(golden.packet) }]);
      expect(protection.open(batch, 0, 1)).toBe(1);
      expect(resultOf(batch, 0)).toMatchObject({ status: 0, number: golden.packetNumber });
      expect(hex(payloadOf(batch, 0))).toBe(golden.payload);
      expect(hex(bytesOf(batch, 0).slice(0, 13))).toBe(golden.header);
    }
  });
});
