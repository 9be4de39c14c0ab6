/** The key log of real endpoints: both sides say the same of each direction, and a listener that throws hurts nobody. */

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { until } from '../conformance/support/waiting.js';
import { pair } from './support/pair.js';
import { catchUncaught } from './support/uncaught.js';
import { engines } from './support/variants.js';

const LINE =
  /^BURSTWIRE_TRAFFIC_SECRET [0-9a-f]{16} (initiator|responder) [01] aes-256-gcm [0-9a-f]{16} [0-9a-f]{64}$/;

/** Of a handshake by IK: who the initiator is, and both payloads. */
const PIECE =
  /^BURSTWIRE_HANDSHAKE_KEY [0-9a-f]{32} aes-256-gcm [0-9a-f]{64} 0{23}[01] [0-9a-f]{64}$/;
const isPiece = (line: string): boolean => line.startsWith('BURSTWIRE_HANDSHAKE_KEY ');

beforeEach(() => {
  const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
  return () => warn.mockRestore();
});

describe('the option keyLog', () => {
  it('gets the secrets of both directions, the same on both sides', async () => {
    const logs: string[][] = [[], []];
    await pair(engines[0], {
      client: { aead: 'aes-256-gcm', keyLog: (line) => logs[0].push(line) },
      server: { keyLog: (line) => logs[1].push(line) },
    });
    const [ours, theirs] = logs.map((log) => log.filter((line) => !isPiece(line)));
    const [pieces, same] = logs.map((log) => log.filter(isPiece));
    expect(pieces).toHaveLength(3);
    expect(same).toEqual(pieces);
    for (const line of pieces) expect(line).toMatch(PIECE);
    for (const line of [...ours, ...theirs]) expect(line).toMatch(LINE);
    // Each side has installed what it sends, what it receives, and the key behind that.
    expect([ours.length, theirs.length]).toEqual([3, 3]);
    const both = ours.filter((line) => theirs.includes(line));
    expect(both.map((line) => line.split(' ').slice(2, 4).join(' ')).sort()).toEqual([
      'initiator 0',
      'responder 0',
    ]);
    expect(new Set([...ours, ...theirs].map((line) => line.split(' ')[1])).size).toBe(1);
  });

  it('may throw without hurting anybody', async () => {
    const caught = catchUncaught('from a key log');
    const keyLog = (): never => {
      throw new Error('from a key log');
    };
    const { here } = await pair(engines[0], { client: { keyLog } });
    await here.sendMessage(Buffer.from('all the same'));
    await until(
      () => caught.length === 6,
      () => `6 exceptions, not ${caught.length}`,
    );
  });
});
