/** Which runs of the suite need the packages that are compared with. */

import { describe, expect, it } from 'vitest';

interface PeersModule {
  comparesWithPeers(args: readonly string[]): boolean;
}
const MODULE = new URL('../../../scripts/lib/peers.mjs', import.meta.url).href;
const { comparesWithPeers } = (await import(MODULE)) as PeersModule;

describe('comparesWithPeers', () => {
  it.each([
    [[]],
    [['--seconds', '2']],
    [['--only', 'P1,E1']],
    [['--only=e2e']],
    [['--only', 'e5']],
  ])('is true of %j', (args) => expect(comparesWithPeers(args)).toBe(true));

  it.each([[['--list']], [['--help']], [['--only', 'P1,micro']], [['--only=S1']], [['--only']]])(
    'is false of %j',
    (args) => expect(comparesWithPeers(args)).toBe(false),
  );
});
