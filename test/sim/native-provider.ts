/**
 * The addon's packet protection, where there is an addon. Tests that need it ask first and say that they were skipped.
 *
 * Invariant: `nativeRefusal` is undefined exactly when `openNative` works.
 */

import type { Protection } from '../../lib/core/ports.js';
import { openNativeProtection } from '../../lib/crypto/native-protection.js';
import { loadBinding } from '../../lib/native/load.js';

function tryNative(maxSlots: number): Protection | string {
  const { binding, reason } = loadBinding();
  if (binding === undefined) return reason ?? 'there is no addon';
  return openNativeProtection(binding, { maxSlots });
}

/** Why it cannot run here. */
export function nativeRefusal(): string | undefined {
  const opened = tryNative(2);
  return typeof opened === 'string' ? opened : undefined;
}

export function openNative(maxSlots: number): Protection {
  const opened = tryNative(maxSlots);
  if (typeof opened === 'string') throw new Error(opened);
  return opened;
}
