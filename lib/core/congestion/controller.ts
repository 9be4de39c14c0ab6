/**
 * Makes a congestion controller by its name.
 *
 * What one is, `congestion-controller.ts` says. Called by the connection, once for each path.
 *
 * Invariant: every name of the configuration has a controller.
 */

import type { Random } from '../ports.js';
import { Bbr } from './bbr/bbr.js';
import type {
  CongestionController,
  CongestionName,
  DeliveryView,
} from './congestion-controller.js';
import { Cubic } from './cubic.js';
import { Ledbat } from './ledbat.js';
import { NewReno } from './new-reno.js';

export type { CongestionController, CongestionName, RttView } from './congestion-controller.js';

/** What BBR needs besides: how fast the path delivers, and dice for when to probe. */
export interface BbrInputs {
  readonly delivery: DeliveryView;
  readonly random: Random;
}

/**
 * @param name as in the configuration
 * @param datagramBytes largest datagram of the path, bytes: the unit of growth
 * @param inputs 'bbr' cannot do without
 * @throws TypeError for another name, RangeError for a size that is no whole number above 0
 */
export function createController(
  name: CongestionName,
  datagramBytes: number,
  inputs?: BbrInputs,
): CongestionController {
  if (name === 'cubic') return new Cubic(datagramBytes);
  if (name === 'newreno') return new NewReno(datagramBytes);
  if (name === 'ledbat') return new Ledbat(datagramBytes);
  if (name !== 'bbr') throw new TypeError(`no such congestion controller: ${String(name)}`);
  if (inputs === undefined) throw new TypeError('bbr needs to be told how fast the path delivers');
  return new Bbr(datagramBytes, inputs.delivery, chanceOf(inputs.random));
}

/** From 0 to 1 (exclusive). */
function chanceOf(random: Random): () => number {
  const draw = new Uint8Array(2);
  return () => {
    random.fill(draw);
    return (draw[0] * 256 + draw[1]) / 65_536;
  };
}
