/**
 * The link emulator of bench/netlab works: it compiles without a warning, and datagrams cross it in both directions.
 *
 * Needs root, /dev/net/tun and iproute2, and is skipped with the reason otherwise. What the link does to packets, and what
 * transports make of it, is in test/netlab.
 */

import { describe, expect, it } from 'vitest';
import { sendDatagrams } from '../../bench/netlab/datagram-flow.js';
import { buildEmulator, obstacle } from '../../bench/netlab/emulator.js';
import { Lab } from '../../bench/netlab/lab.js';

const reason = obstacle();
if (reason !== undefined) console.log(`skipped: netlab: ${reason}`);

describe.skipIf(reason !== undefined)('the link emulator', () => {
  it('compiles without a warning', { timeout: 60_000 }, () => {
    expect(buildEmulator().warnings).toBe('');
  });

  it('carries datagrams both ways', { timeout: 60_000 }, async () => {
    const lab = await Lab.open({ link: { delayMs: 1 } });
    let counts: Awaited<ReturnType<Lab['close']>>;
    try {
      const load = { count: 20, sizeBytes: 100, perSecond: 1000 };
      const there = await sendDatagrams(lab, 'a', load);
      const back = await sendDatagrams(lab, 'b', load);
      for (const arrivals of [there, back]) {
        expect(arrivals.map(([number]) => number)).toEqual([...Array(20).keys()]);
      }
    } finally {
      counts = await lab.close();
    }
    expect(counts?.aToB.delivered).toBe(20);
    expect(counts?.bToA.delivered).toBe(20);
  });
});
