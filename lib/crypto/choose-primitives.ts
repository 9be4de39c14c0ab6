/**
 * Chooses the primitives of handshakes, and says why: the addon's where they run, else `node:crypto`'s.
 *
 * BURSTWIRE_CRYPTO is the same variable that chooses the engine of packet protection; `node` and `noble` keep the addon
 * out of the handshake as well. What it may name is checked by `choose-protection.ts`. Called by whoever opens an
 * endpoint.
 *
 * Invariant: the addon's run only after their self-test; and there always are primitives.
 */

import type { HandshakePrimitives } from '../core/ports.js';
import { loadBinding } from '../native/load.js';
import { openNativePrimitives } from './native-primitives.js';
import { nodePrimitives } from './primitives.js';

export interface OpenedPrimitives {
  readonly primitives: HandshakePrimitives;
  readonly name: 'native' | 'node';
  /** Why the addon was passed over, in one sentence; absent when it runs. */
  readonly reason?: string;
}

/** Opens the primitives that a handshake is given. Cheap enough to be called for each endpoint; throws nothing. */
export function openPrimitives(
  env: Readonly<Record<string, string | undefined>> = process.env,
): OpenedPrimitives {
  const wanted = env.BURSTWIRE_CRYPTO;
  if (wanted === 'node' || wanted === 'noble') return passedOver(`BURSTWIRE_CRYPTO=${wanted}`);
  const { binding, reason = 'the addon could not be loaded' } = loadBinding();
  if (binding === undefined) return passedOver(reason);
  const primitives = openNativePrimitives(binding);
  return typeof primitives === 'string' ? passedOver(primitives) : { primitives, name: 'native' };
}

function passedOver(reason: string): OpenedPrimitives {
  return { primitives: nodePrimitives, name: 'node', reason };
}
