/**
 * The providers of packet protection that run here, for tests that hold for every one of them.
 *
 * The native one is among them when the addon is built; when it is not, that is printed.
 */

import type { Protection } from '../../../lib/core/ports.js';
import { openNobleProtection } from '../../../lib/crypto/noble-protection.js';
import { openNodeProtection } from '../../../lib/crypto/node-protection.js';

export interface Provider {
  readonly name: Protection['name'];
  open(): Protection;
}

export const providers: readonly Provider[] = [
  { name: 'node', open: () => openNodeProtection() },
  { name: 'noble', open: () => openNobleProtection() },
];
