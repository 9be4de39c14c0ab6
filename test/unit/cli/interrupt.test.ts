/** Ctrl-C: the first asks, the second ends at once, and after `release` it is nobody's business here. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { EXIT_INTERRUPTED, Interrupt } from '../../../lib/cli/interrupt.js';

afterEach(() => vi.restoreAllMocks());

describe('Interrupt', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('is asked by %s, and again means now', async (name) => {
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
    const before = process.listeners(name);
    const interrupt = new Interrupt();
    const [own] = process.listeners(name).filter((one) => !before.includes(one));
    expect([interrupt.isPending, interrupt.signal.aborted]).toEqual([false, false]);
    own(name);
    await interrupt.happened;
    expect([interrupt.isPending, interrupt.signal.aborted]).toEqual([true, true]);
    expect(exit).not.toHaveBeenCalled();
    own(name);
    expect(exit).toHaveBeenCalledExactlyOnceWith(EXIT_INTERRUPTED);
    interrupt.release();
    expect(process.listeners(name)).toEqual(before);
  });
});
