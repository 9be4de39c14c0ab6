/**
 * The providers of packet protection that run here, for tests that hold for every one of them.
 *
 * The addon counts once for each of its kernels; where it is not built, that is printed.
 */

import type { Protection } from '../../../lib/core/ports.js';
import { openNativeProtection } from '../../../lib/crypto/native-protection.js';
import { openNobleProtection } from '../../../lib/crypto/noble-protection.js';
import { openNodeProtection } from '../../../lib/crypto/node-protection.js';
import type { RowProtectionOptions } from '../../../lib/crypto/row-protection.js';
import { loadBinding } from '../../../lib/native/load.js';

export interface Provider {
  /** The engine, and the kernel where it has several. */
  readonly name: string;
  readonly engine: Protection['name'];
  open(options?: RowProtectionOptions): Protection;
}

function nativeProviders(): Provider[] {
  const { binding, reason } = loadBinding();
  const kernels = binding?.crypto().kernels ?? [];
  if (binding === undefined || kernels.length === 0) {
    console.warn(`without the native provider: ${reason ?? 'it has no kernel here'}`);
    return [];
  }
  return kernels.map((kernel) => ({
    name: `native ${kernel}`,
    engine: 'native',
    open(options = {}) {
      const opened = openNativeProtection(binding, { ...options, kernel });
      if (typeof opened === 'string') throw new Error(opened);
      return opened;
    },
  }));
}

export const providers: readonly Provider[] = [
  ...nativeProviders(),
  { name: 'node', engine: 'node', open: openNodeProtection },
  { name: 'noble', engine: 'noble', open: openNobleProtection },
];
