/**
 * Makes a congestion controller by its name.
 *
 * What one is, `congestion-controller.ts` says. Called by the connection, once for each path.
 *
 * Invariant: every name of the configuration has a controller.
 */

import type { CongestionController } from './congestion-controller.js';
import { Cubic } from './cubic.js';
import { NewReno } from './new-reno.js';

export type { CongestionController, RttView } from './congestion-controller.js';

/**
 * @param name as in the configuration
 * @param datagramBytes largest datagram of the path, bytes: the unit of growth
 * @throws TypeError for another name, RangeError for a size that is no whole number above 0
 */
export function createController(
  name: 'cubic' | 'newreno',
  datagramBytes: number,
): CongestionController {
  if (name === 'cubic') return new Cubic(datagramBytes);
  if (name === 'newreno') return new NewReno(datagramBytes);
  throw new TypeError(`no such congestion controller: ${String(name)}`);
}
