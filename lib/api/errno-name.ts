/**
 * The name of an errno: EMSGSIZE, ECONNREFUSED and so on. Called for failed datagrams and for statistics.
 *
 * Invariant: an errno always has a name, if only its number.
 */

import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { STATUS_SOURCE_GONE } from '../batch/layout.js';

/** What the code of a datagram says whose source address this machine no longer has. */
export const SOURCE_GONE = 'ESRCGONE';

/** @param errno positive, as this system numbers it, or STATUS_SOURCE_GONE */
export function errnoName(errno: number): string {
  if (errno === STATUS_SOURCE_GONE) return SOURCE_GONE;
  const name = getSystemErrorName(-errno);
  if (name !== undefined && /^E[A-Z0-9]+$/.test(name)) return name;
  // Node names only what libuv knows.
  for (const [code, number] of Object.entries(constants.errno)) if (number === errno) return code;
  return `ERRNO_${errno}`;
}
