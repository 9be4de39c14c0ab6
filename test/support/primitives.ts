/**
 * The handshake primitives that this machine can run, for tests that must hold for each. Without the addon, a printed
 * line says that only those of `node:crypto` were tested.
 */

import type { HandshakePrimitives } from '../../lib/core/ports.js';
import { openNativePrimitives } from '../../lib/crypto/native-primitives.js';
import { nodePrimitives } from '../../lib/crypto/primitives.js';
import { loadBinding } from '../../lib/native/load.js';

function openNative(): HandshakePrimitives | undefined {
  const { binding, reason } = loadBinding();
  const opened = binding === undefined ? reason : openNativePrimitives(binding);
  if (typeof opened === 'object') return opened;
  console.warn(`skipped: primitives by the addon: ${opened}`);
  return undefined;
}

/** Absent where the addon cannot run. */
export const nativePrimitives = openNative();

/** [name, primitives]. */
export const primitivesHere: readonly (readonly [string, HandshakePrimitives])[] = [
  ['node:crypto', nodePrimitives],
  ...(nativePrimitives ? [['the addon', nativePrimitives] as const] : []),
];
