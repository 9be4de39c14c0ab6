/**
 * The packages that burstwire is compared with, in bench/peers, which scripts/bench.mjs installs.
 *
 * Called by the transports that need one, and by the catalogue, which asks whether it is there.
 *
 * Invariant: nothing outside of bench/peers/node_modules is ever taken for a peer.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const PEERS = new URL('../../peers/', import.meta.url);

/** Loads a CommonJS package. */
export function requirePeer(name: string): unknown {
  return createRequire(new URL('package.json', PEERS))(name);
}

/** Loads an ES module by its file below the peers' node_modules. */
export function importPeer(file: string): Promise<unknown> {
  return import(new URL(`node_modules/${file}`, PEERS).href);
}

/** Why a peer cannot be measured here; undefined when it is installed. */
export function peerObstacle(name: string): string | undefined {
  const manifest = fileURLToPath(new URL(`node_modules/${name}/package.json`, PEERS));
  return existsSync(manifest) ? undefined : 'not installed: npm install in bench/peers';
}
